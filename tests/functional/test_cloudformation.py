"""CloudFormation's templates: what its tools say, what they mean, and that the judges notice."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functional.cloudformation_judges import (
    FLEET,
    WILDCARDS,
    Templates,
    Tree,
    dated_problems,
    limit_problems,
    lint_problems,
    meant_groups,
    of_type,
    permission_problems,
    statements,
    translated,
    version_ids,
)
from functional.ggfleet_command import ggfleet
from functional.small_fleet import small_fleet
from functional.v1_sample import digest, load_sample, made_up_manifest
from functional.v1_service import documents_of
from ggfleet.model import Fleet, Logger, Manifest, Rendering
from ggfleet.render import render
from ggfleet.render.cloudformation.template import SAM_BYTES, SAM_RESOURCES
from ggfleet.system.documents import MARK
from ggfleet.system.files import to_json
from golden.test_golden_cloudformation import GOOD, case_input, render_case
from unit.factories import make_core, make_fleet, make_function, make_library, make_platform


def sample(**changes: Any) -> Rendering:
    fleet = replace(load_sample(), **changes)
    return render(fleet, made_up_manifest(fleet), "cloudformation")


def large(cores: int) -> Fleet:
    """Two platforms and everything that groups share, the group role too."""
    return make_fleet(
        platforms=[make_platform(python="3.12"), make_platform("pi", python="3.12")],
        cores=tuple(
            make_core(f"line-{n}", platform=("gateway", "pi")[n % 2]) for n in range(cores)
        ),
        libraries=[make_library()],
        functions=[make_function(libraries=("tensorflow",))],
        loggers=(Logger("lambda", "INFO", "cloudwatch"),),
    )


def rendered(fleet: Fleet) -> Tree:
    return documents_of(render(fleet, made_up_manifest(fleet), "cloudformation"))


def expected_groups(fleet: Fleet, manifest: Manifest) -> dict[str, Tree]:
    """By group name: what the calls of `group-v1` deploy, with function ARNs as NAME:ALIAS."""
    documents = documents_of(render(fleet, manifest, "group-v1"))
    bodies = [body for path, body in documents.items() if path.endswith("/group.json")]
    return {
        body["Name"]: {
            field: shortened(documents[value[2:].split(":")[0]]["InitialVersion"])
            for field, value in body["InitialVersion"].items()
        }
        for body in bodies
    }


def shortened(value: Any, key: str = "") -> Any:
    """Function ARNs in the API's own fields as NAME:ALIAS; a function's environment as it is.

    The core's own functions have no account in their ARNs, which stay. The resource type has no
    FunctionRuntimeOverride, and a note says so.
    """
    if isinstance(value, dict):
        told = {k: v for k, v in value.items() if k != "FunctionRuntimeOverride"}
        return {k: v if k == "Variables" else shortened(v, k) for k, v in told.items()}
    if isinstance(value, list):
        return [shortened(each, key) for each in value]
    whose = ("FunctionArn", "Source", "Target")
    if key in whose and ":function:" in str(value) and ":::" not in str(value):
        return value.split(":function:")[1]
    return value


# The tools


@pytest.mark.parametrize("case", GOOD)
def test_every_golden_case_is_clean(case: str) -> None:
    """cfn-lint has nothing against a template or against what SAM makes of it."""
    fleet, _ = case_input(case)
    for path, template in documents_of(render_case(case)).items():
        region = fleet.aws.region
        assert lint_problems(template, region) == [], path
        assert lint_problems(translated(template), region) == [], path
        assert limit_problems(template) == []


def test_the_sample_is_clean() -> None:
    """All that is left is what cfn-lint says of runtimes by the date: the Jetsons' Python 3.10."""
    templates = documents_of(sample())
    for template in templates.values():
        assert lint_problems(template) == []
        assert lint_problems(translated(template)) == []
    assert all("python3.10" in message for message in dated_problems(templates[FLEET]))


def test_one_check_is_suppressed_and_with_reason() -> None:
    """Without it cfn-lint finds that and nothing else, and the template tells why."""
    templates = documents_of(sample())
    assert "Metadata" not in templates["bucket.json"]
    metadata = templates[FLEET].pop("Metadata")
    assert metadata["cfn-lint"]["config"] == {"ignore_checks": ["W3696"]}
    assert list(metadata["SuppressedChecks"]) == ["W3696"]
    found = lint_problems(templates[FLEET])
    assert len(found) == len(of_type(templates[FLEET], "")) - 9 - 2  # functions, roles and policies
    assert {each.split()[0] for each in found} == {"W3696"}


# Meaning


@pytest.mark.parametrize("case", GOOD)
def test_definitions_are_those_of_the_api(case: str) -> None:
    """References followed, every group deploys what the calls of `group-v1` would."""
    fleet, manifest = case_input(case)
    found = meant_groups(documents_of(render_case(case)))
    assert found == expected_groups(fleet, manifest)
    assert len(found) == len(fleet.cores) > 0


@pytest.mark.parametrize("case", GOOD)
def test_permissions_are_least(case: str) -> None:
    for path, template in documents_of(render_case(case)).items():
        assert permission_problems(template) == [], path


def test_every_wildcard_is_used_and_explained() -> None:
    """Neither list of exceptions grows beyond what IAM demands."""
    allowed = [
        resource
        for _, statement in statements(documents_of(render_case("access"))[FLEET])
        for resource in statement.get("Resource", [])
    ]
    assert sum("*" in str(each) for each in allowed) == len(WILDCARDS) == 2
    docs = (Path(__file__).parents[2] / "docs/cloudformation.md").read_text()
    assert "GreengrassSystem/*" in docs
    assert "log-group:/aws/greengrass/Lambda/REGION/ACCOUNT/FUNCTION:*" in docs


def test_roles_are_those_that_are_needed() -> None:
    """Logs in CloudWatch make a group role; archives, models elsewhere and secrets a policy."""
    templates = documents_of(render_case("access"))
    assert set(of_type(templates[FLEET], "::IAM::Role")) == {"LambdaRole", "GroupRole"}
    allowed = {s["Sid"]: s["Resource"] for _, s in statements(templates[FLEET]) if "Sid" in s}
    assert [str(each).rsplit("/", 1)[1] for each in allowed["ReadArchives"]] == [
        "numpy-gateway-8ad724b38b529cbd.zip'}",
        "digits.zip",
    ]
    assert allowed["ReadSecrets"] == [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:line-token-AbCdEf"
    ]
    least = documents_of(render_case("smallest"))[FLEET]
    assert set(of_type(least, "::IAM::Role")) == {"LambdaRole"}
    assert of_type(least, "::IAM::RolePolicy") == {}
    assert "Policies" not in of_type(least, "::IAM::Role")["LambdaRole"]


# The judges notice


def access_templates() -> Tree:
    return documents_of(render_case("access"))


def widen(template: Tree) -> None:
    allow(template, "ReadArchives")["Resource"] = ["arn:aws:s3:::line-bucket/*"]


def any_resource(template: Tree) -> None:
    allow(template, "ReadSecrets")["Resource"] = "*"


def any_action(template: Tree) -> None:
    allow(template, "WriteLogs")["Action"] = ["logs:*"]


def all_but(template: Tree) -> None:
    allow(template, "FindBuckets")["NotResource"] = "arn:aws:s3:::other"


def wider_logs(template: Tree) -> None:
    allow(template, "WriteLogs")["Resource"] = ["arn:aws:logs:eu-west-1:123456789012:*"]


def allow(template: Tree, sid: str) -> Tree:
    [found] = [statement for _, statement in statements(template) if statement.get("Sid") == sid]
    return found


@pytest.mark.parametrize("mutate", [widen, any_resource, any_action, all_but, wider_logs])
def test_a_wider_permission_is_noticed(mutate: Callable[[Tree], None]) -> None:
    template = access_templates()[FLEET]
    mutate(template)
    assert len(permission_problems(template)) == 1


def drop_pointer(template: Tree) -> None:
    [version] = of_type(template, "::GroupVersion").values()
    del version["LoggerDefinitionVersionArn"]


def more_memory(template: Tree) -> None:
    function_of(template)["FunctionConfiguration"]["MemorySize"] += 1


def other_bucket(template: Tree) -> None:
    template["Parameters"]["ArchiveBucket"]["Default"] = "other"


def other_function(template: Tree) -> None:
    [properties] = of_type(template, "::Serverless::Function").values()
    properties["FunctionName"] = "line-other-gateway"


def linked_environment(template: Tree) -> None:
    own = function_of(template)
    own["FunctionConfiguration"]["Environment"]["Variables"]["PEER"] = own["FunctionArn"]


def function_of(template: Tree) -> Tree:
    [version] = of_type(template, "::FunctionDefinitionVersion").values()
    return version["Functions"][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "mutate", [drop_pointer, more_memory, other_bucket, other_function, linked_environment]
)
def test_another_meaning_is_noticed(mutate: Callable[[Tree], None]) -> None:
    templates = access_templates()
    mutate(templates[FLEET])
    assert meant_groups(templates) != expected_groups(*case_input("access"))


def misspell(template: Tree) -> None:
    [version] = of_type(template, "::FunctionDefinitionVersion").values()
    version["Function"] = version.pop("Functions")


def dangle(template: Tree) -> None:
    [version] = of_type(template, "::GroupVersion").values()
    version["GroupId"] = {"Ref": "Elsewhere"}


def wrong_runtime(template: Tree) -> None:
    [properties] = of_type(template, "::Serverless::Function").values()
    properties["Runtime"] = "python3.99"


def unused_parameter(template: Tree) -> None:
    template["Parameters"]["Forgotten"] = {"Type": "String"}


@pytest.mark.parametrize("mutate", [misspell, dangle, wrong_runtime, unused_parameter])
def test_cfn_lint_notices(mutate: Callable[[Tree], None]) -> None:
    """The linter is at work, suppression and all. Some it sees only after SAM's transform."""
    template = access_templates()[FLEET]
    mutate(template)
    assert lint_problems(template) + lint_problems(translated(template)) != []


# Versions of functions


def published(fleet: Fleet, manifest: Manifest) -> dict[str, list[str]]:
    return version_ids(documents_of(render(fleet, manifest, "cloudformation"))[FLEET])


def change_code(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return fleet, with_functions(manifest, tree_sha256="f" * 64, key="ggfleet/line/new.zip")


def change_handler(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return with_function(fleet, handler="function.other"), manifest


def change_python(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    platforms = {k: replace(p, python="3.12") for k, p in fleet.platforms.items()}
    return replace(fleet, platforms=platforms), manifest


def pack_differently(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return fleet, with_functions(manifest, sha256="e" * 64, size=999)


def move_bucket(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return replace(fleet, aws=replace(fleet.aws, bucket="another-bucket")), manifest


def change_configuration(fleet: Fleet, manifest: Manifest) -> tuple[Fleet, Manifest]:
    return with_function(fleet, memory=1 << 20, timeout=77, environment={"A": "b"}), manifest


def with_functions(manifest: Manifest, **changes: Any) -> Manifest:
    return Manifest(
        tuple(replace(a, **changes) if a.part == "functions" else a for a in manifest.archives)
    )


def with_function(fleet: Fleet, **changes: Any) -> Fleet:
    functions = {name: replace(f, **changes) for name, f in fleet.functions.items()}
    return replace(fleet, functions=functions)


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        (change_code, True),
        (change_handler, True),
        (change_python, True),
        (pack_differently, False),
        (move_bucket, False),
        (change_configuration, False),
    ],
)
def test_versions_move_with_the_code(
    change: Callable[[Fleet, Manifest], tuple[Fleet, Manifest]], moves: bool
) -> None:
    """SAM publishes when a core would get something else, and only then."""
    fleet, manifest = case_input("access")
    before, after = published(fleet, manifest), published(*change(fleet, manifest))
    assert [len(ids) for ids in before.values()] == [1]
    assert (before != after) == moves


def test_another_version_is_another_group_version() -> None:
    """A group version says exactly which code it deploys: the text follows the version's id."""
    done = translated(access_templates()[FLEET])
    [version] = of_type(done, "::Lambda::Version")
    assert function_of(done)["FunctionArn"] == {"Ref": version}
    [subscriptions] = of_type(done, "::SubscriptionDefinitionVersion").values()
    assert subscriptions["Subscriptions"][0]["Source"] == {"Ref": version}


# A fleet that one template does not hold


@pytest.fixture(scope="module")
def thousand() -> Templates:
    return rendered(large(1000))


def test_a_thousand_cores_fit_their_templates(thousand: Templates) -> None:
    assert len(thousand) == 2 + 64
    assert [limit_problems(template) for template in thousand.values()] == [[]] * len(thousand)
    assert [permission_problems(template) for template in thousand.values()] == [[]] * len(thousand)


def test_a_thousand_cores_are_deployed_as_meant(thousand: Templates) -> None:
    """Through parameters and Parameter Store too, each group is what `group-v1` has."""
    fleet = large(1000)
    assert meant_groups(thousand) == expected_groups(fleet, made_up_manifest(fleet))


def test_templates_of_cores_are_clean(thousand: Templates) -> None:
    """The largest stands for the others, which differ in names and numbers of cores alone."""
    shares = [path for path in thousand if "cores-" in path]
    largest = max(shares, key=lambda path: len(thousand[path]["Resources"]))
    for path in ("bucket.json", FLEET, largest):
        assert lint_problems(thousand[path]) == []
        assert lint_problems(translated(thousand[path])) == []


def test_what_sam_adds_is_within_what_is_counted() -> None:
    """The longest names, and as many functions as fit, so that what comes out is judged."""
    names = [f"f{index:03}-{'x' * 45}" for index in range(160)]
    fleet = make_fleet(name="l", functions=[make_function(name) for name in names])
    template = rendered(fleet)[FLEET]
    done = translated(template)
    assert len(done["Resources"]) == len(template["Resources"]) + (SAM_RESOURCES - 1) * len(names)
    added = len(to_json(done)) - len(to_json(template))
    assert 0 < added <= SAM_BYTES * len(names)
    assert limit_problems(template) == []


def test_groups_get_their_role_in_either_layout(thousand: Templates) -> None:
    """By its ARN: from the role itself, or from where the fleet's stack told it."""
    [few] = of_type(rendered(large(1))[FLEET], "::Group").values()
    assert few["RoleArn"] == {"Fn::GetAtt": ["GroupRole", "Arn"]}
    told = {p["Name"]: p["Value"] for p in of_type(thousand[FLEET], "::SSM::Parameter").values()}
    for path, template in thousand.items():
        for group in of_type(template, "::Group").values():
            stored = template["Parameters"][group["RoleArn"]["Ref"]]["Default"]
            assert told[stored] == few["RoleArn"], path


def test_a_core_keeps_its_template() -> None:
    """A group that moved to another stack would be a new one."""
    before, after = (where(rendered(large(cores))) for cores in (999, 1000))
    assert {name: path for name, path in after.items() if name in before} == before
    assert len(after) == len(before) + 1


def where(templates: Templates) -> dict[str, str]:
    return {
        group["Name"]: path
        for path, template in templates.items()
        for group in of_type(template, "::Group").values()
    }


def test_a_dangling_parameter_is_noticed(thousand: Templates) -> None:
    """The judge follows what is told from stack to stack."""
    templates = copy.deepcopy(dict(thousand))
    told = of_type(templates[FLEET], "::SSM::Parameter")
    name = next(n for n, p in told.items() if p["Name"].endswith("function-definition"))
    del templates[FLEET]["Resources"][name]
    with pytest.raises(ValueError, match="not enough values"):
        meant_groups(templates)


# The same bytes, and the command


def test_the_same_bytes_whatever_the_order_of_archives() -> None:
    fleet = load_sample()
    manifest = made_up_manifest(fleet)
    turned = Manifest(tuple(reversed(manifest.archives)))
    first, second = (digest(render(fleet, m, "cloudformation")) for m in (manifest, turned))
    assert first == second


@pytest.mark.parametrize("seed", ["1", "4711"])
def test_another_process_renders_the_same_bytes(tmp_path: Path, seed: str) -> None:
    """And what it writes is what cfn-lint has judged."""
    spec = small_fleet(tmp_path)
    done = ggfleet("bundle", spec, "--out", tmp_path / "bundles")
    assert done.returncode == 0, done.stderr
    files = [
        command_files(spec, tmp_path / f"out-{hashed}", PYTHONHASHSEED=hashed)
        for hashed in ("0", seed)
    ]
    assert files[0] == files[1]
    assert set(files[0]) == {MARK, "bucket.json", FLEET}
    assert lint_problems(json.loads(files[0][FLEET])) == []


def command_files(spec: Path, out: Path, **env: str) -> dict[str, str]:
    done = ggfleet(
        "render", spec, "--target", "cloudformation", "--bundles", spec.parent / "bundles",
        "--out", out, **env,  # type: ignore[arg-type]
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "deployment" in done.stdout
    return {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*.json")}
