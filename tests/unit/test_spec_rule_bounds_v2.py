"""Where rules on V2 begin and end: the value that is still good, and what is none of their business."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.spec import RULES
from unit.rule_examples import CODE, check_changed, check_example, found

V2 = "components: {prefix: com.example}\n"
MODEL = (
    V2
    + "models:\n  digits: {source: %s, version: 1.2.0, destination: /models}\nfunctions:\n  classify: {models: [digits]}\n"
)
TOPIC = V2 + "subscriptions:\n  - {from: cloud, topic: '%s', to: classify}\n"
LITE = V2 + "deployment: {nuclei: {pi: lite}}\n"
PINS = V2 + "deployment: {components: {%s}}\n"
ON_LITE = V2 + "deployment: {nuclei: {pi: lite}, components: {%s}}\n"
TWO = V2 + (
    'platforms:\n  pc: {architecture: x86_64, python: "3.11", glibc: "2.36"}\n'
    "cores: {groups: {gateway: pc}}\ndeployment: {thing_groups: {%s}}\n"
)
HOSTS = "raspberry_pi:\n  hosts:\n    pi-01: {}\ngateway:\n  hosts:\n    pc-01: {}\n"
JETSON = 'platforms: {pi: {architecture: aarch64, python: "3.8", glibc: "2.31", gpu: jetson}}\n'
GPU = JETSON + "resources: {gpu: {device: [%s]}}\nfunctions: {classify: {resources: {gpu: rw}%s}}\n"
NODES = [
    "nvhost-ctrl",
    "nvhost-gpu",
    "nvhost-ctrl-gpu",
    "nvhost-dbg-gpu",
    "nvhost-prof-gpu",
    "nvmap",
]
WHOLE = ", ".join(f"/dev/{node}" for node in NODES)
CUDA = JETSON + (
    "libraries: {cuda: {requirements: libraries.txt, install: ml-resource, destination: /mllibs}}\n"
    "functions: {classify: {libraries: [cuda]%s}}\n"
)


def topics(count: int, spec: str = V2) -> str:
    return f"{spec}subscriptions:\n" + "".join(
        f"  - {{from: cloud, topic: plant/hall-1/{n}/request, to: classify}}\n" for n in range(count)
    )  # fmt: skip


QUIET = {
    "seven days": ("deployment-timeout", "deployment: {timeout: 168 h}"),
    "a group for each platform": ("deployment-thing-group", TWO % "pi: pis, pc: pcs"),
    "a name of another's usual group": ("deployment-thing-group", TWO % "pi: line-pc, pc: pcs"),
    "an update that is asked for": (
        "deployment-update-timeout", "deployment: {update: notify, update_timeout: 60 s}"),
    "the adapter's first Python": ("component-python", V2 + 'platforms: {pi: {python: "3.8"}}'),
    "an adapter of one's own": (
        "component-python", 'components: {adapter: code}\nplatforms: {pi: {python: "3.6"}}'),
    "a zip in S3": ("model-archive", MODEL % "s3://line-greengrass/1.2.0/digits.zip"),
    "a tar.gz in S3": ("model-archive", MODEL % "s3://line-greengrass/1.2.0/digits.tar.gz"),
    "letters of file names": ("component-model-file", MODEL % "s3://line-greengrass/a b/digits-1.2_x+y@z=1.zip"),
    "a version in the file's name": ("component-model-key", MODEL % "s3://line-greengrass/digits-1.2.0.zip"),
    "a model of one's own": ("component-model-key", MODEL % "digits"),
    "wildcards of topics": ("component-topic", TOPIC % "plant/+/#"),
    "a shadow's topic": ("component-topic", TOPIC % "$aws/things/pi-01/shadow/update/delta"),
    "braces without a colon": ("component-topic-variable", TOPIC % "plant/{line}/request"),
    "variables apart": ("component-case", V2 + "functions: {classify: {environment: {MODE: a, MODEL: b}}}"),
    "the least nucleus for memory": ("component-nucleus-version", PINS % 'aws.greengrass.Nucleus: "2.4.0"'),
    "a late nucleus": ("component-nucleus-version", PINS % 'aws.greengrass.Nucleus: "2.15.0"'),
    "a plugin with its nucleus": (
        "component-nucleus",
        PINS % 'aws.greengrass.Nucleus: "2.15.0", aws.greengrass.LogManager: "2.3.7"'),
    "a component that is no plugin": ("component-nucleus", PINS % 'com.example.other: "1.0.0"'),
    "a component of another": ("lite-components", ON_LITE % 'com.example.other: "1.0.0"'),
    "a component for classic on classic": ("lite-components", PINS % 'aws.greengrass.LogManager: "2.3.7"'),
    "lite's own nucleus": ("lite-components", ON_LITE % 'aws.greengrass.NucleusLite: "2.6.0"'),
    "root, by a recipe's own word": (
        "lite-run-as", LITE + "functions: {classify: {isolation: none, run_as: {uid: 0, gid: 0}}}"),
    "a connector with a successor": (
        "component-connector", V2 + "connectors: {alarms: {connector: SNS, version: 4}}"),
    "another's component beside the fleet's": ("document-component", PINS % 'com.example.line.function.other: "1.0.0"'),
    "a name of 128 letters": ("document-name", f"components: {{prefix: com.{'x' * 101}}}"),
    "130 topics": ("document-recipe", topics(130)),
    "30 topics": ("document-recipe-lite", topics(60, LITE)),
    "braces in a variable's value": (
        "document-brace", LITE + "functions: {classify: {environment: {LABELS: '{\"0\": \"zero\"}'}}}"),
    "JSON in a variable": (
        "environment-brace", V2 + "functions: {classify: {environment: {LABELS: '{\"0\": \"zero\"}'}}}"),
    "all nodes of the GPU": ("platform-gpu-nodes", GPU % (WHOLE, "")),
    "some nodes without a container": ("platform-gpu-nodes", GPU % ("/dev/nvmap", ", isolation: none")),
    "another device": ("platform-gpu-nodes", GPU % ("/dev/video0", "")),
    "libraries for any processor": ("platform-gpu", CUDA % ", memory: 2 GiB"),
    "a tag's letters": ("model-version", (MODEL % "digits").replace("1.2.0", '"1.2.0+build 7:a=b@c/d"')),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "change"), QUIET.values(), ids=QUIET)
def test_a_rule_leaves_alone(rule: str, change: str, tmp_path: Path) -> None:
    """The good side of a boundary."""
    assert rule in RULES
    files = {"fleet.yml": change, **({"hosts.yml": HOSTS} if "gateway" in change else {})}
    checked = check_example(tmp_path / "spec", files)
    assert rule not in found(checked)
    assert "spec-form" not in found(checked), checked.problems


V2_THEMES = ("component", "document", "lite")


@pytest.mark.parametrize(
    "rule", [r for r in RULES.values() if r.theme in V2_THEMES], ids=lambda r: r.id
)
def test_without_components_v2_is_none_of_a_specs_business(rule: object, tmp_path: Path) -> None:
    """The example of each such rule, without `components:`, is a spec for V1 alone."""
    assert isinstance(rule, type(RULES["spec-form"]))
    example = dict(rule.example)
    lines = example.get("fleet.yml", "").splitlines(keepends=True)
    example["fleet.yml"] = "".join(x for x in lines if not x.startswith("components:")) or "{}"
    assert not any(
        r.startswith(V2_THEMES) for r in found(check_example(tmp_path / "spec", example))
    )


def test_one_name_more_is_too_long(tmp_path: Path) -> None:
    """com.<x>.line.function.classify: 128 letters are taken (above), 129 are not."""
    checked = check_changed(tmp_path / "spec", f"components: {{prefix: com.{'x' * 102}}}")
    (problem,) = (each for each in checked.problems if each.rule == "document-name")
    assert " 129 characters long" in problem.message
    assert problem.path == "components.prefix"


def test_a_named_group_may_be_anothers_usual_one(tmp_path: Path) -> None:
    """`line-pc` is what the platform pc gets when nothing is said."""
    files = {"fleet.yml": TWO % "pi: line-pc", "hosts.yml": HOSTS}
    checked = check_example(tmp_path / "spec", files)
    told = [p.path for p in checked.problems if p.rule == "deployment-thing-group"]
    assert told == ["deployment.thing_groups.pi"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (topics(200), "subscriptions[0]"),
        (
            V2 + f"functions: {{classify: {{environment: {{TABLE: {'x' * 17000}}}}}}}",
            "functions.classify.environment",
        ),
    ],
)
def test_what_makes_a_recipe_too_long_is_named(change: str, path: str, tmp_path: Path) -> None:
    checked = check_changed(tmp_path / "spec", change)
    assert [p.path for p in checked.problems if p.rule == "document-recipe"] == [path]
    assert checked.fleet is None


@pytest.mark.parametrize(
    ("line", "loud"),
    [
        ("import boto3", True),
        ("    from botocore.config import Config", True),
        ("import boto3_stubs", False),
        ("# uses boto3", False),
    ],
)
def test_imports_of_the_aws_sdk_are_seen(line: str, loud: bool, tmp_path: Path) -> None:
    files = {"fleet.yml": V2, "code/function.py": f"if True:\n    pass\n{line}\n{CODE}"}
    assert ("component-credentials" in found(check_example(tmp_path / "a", files))) is loud
    asked = V2 + "functions: {classify: {credentials: true}}"
    told = found(check_example(tmp_path / "b", {**files, "fleet.yml": asked}))
    assert "component-credentials" not in told


def test_a_gpu_that_is_attached_serves_its_libraries(tmp_path: Path) -> None:
    """Or a function without a container, which sees all devices."""
    needs = {"libraries.txt": "# for the GPU\ntensorrt==8.6\n"}
    blind = {**needs, "fleet.yml": CUDA % ", memory: 2 GiB"}
    assert "platform-gpu" in found(check_example(tmp_path / "a", blind))
    resources = f"resources: {{gpu: {{device: [{WHOLE}]}}}}\n"
    seeing = {**needs, "fleet.yml": resources + CUDA % ", memory: 2 GiB, resources: {gpu: rw}"}
    assert "platform-gpu" not in found(check_example(tmp_path / "b", seeing))
    free = {**needs, "fleet.yml": CUDA % ", isolation: none"}
    assert "platform-gpu" not in found(check_example(tmp_path / "c", free))
    commented = {"libraries.txt": "# tensorrt\n", "fleet.yml": CUDA % ", memory: 2 GiB"}
    assert "platform-gpu" not in found(check_example(tmp_path / "d", commented))
