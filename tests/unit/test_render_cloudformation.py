"""Rules of the CloudFormation renderer that its golden pairs do not show by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ggfleet.errors import GgfleetError, PendingError
from ggfleet.model import (
    Archive,
    Aws,
    ClientDevice,
    Deployment,
    Document,
    Fleet,
    Logger,
    Manifest,
    Model,
    Part,
    Rendering,
    Resolved,
    Subscription,
)
from ggfleet.render import render
from ggfleet.render.cloudformation.group import calls_of
from ggfleet.render.cloudformation.shares import SHARES
from ggfleet.render.cloudformation.template import (
    MAX_BYTES,
    MAX_OUTPUTS,
    Template,
    logical_id,
    together,
)
from ggfleet.render.cloudformation.template import Part as TemplatePart
from ggfleet.render.known import wanted_archives
from unit.factories import (
    make_archive,
    make_core,
    make_fleet,
    make_function,
    make_library,
    make_model,
    make_platform,
)

FLEET = "group-v1/fleet.json"


def templates(fleet: Fleet) -> dict[str, Any]:
    return {each.path: each.content for each in rendering(fleet).documents}


def rendering(fleet: Fleet) -> Rendering:
    archives = (make_archive(p, n, platform=o) for p, n, o in wanted_archives(fleet))
    return render(fleet, Manifest(tuple(archives)), "cloudformation")


def cores(count: int) -> tuple[Any, ...]:
    return tuple(make_core(f"line-{index}") for index in range(count))


def resources(template: Any, kind: str) -> dict[str, Any]:
    found = template["Resources"].items()
    return {name: each["Properties"] for name, each in found if each["Type"].endswith(kind)}


def subscriptions(count: int) -> tuple[Subscription, ...]:
    return tuple(Subscription("classify", f"t/{index}", "cloud") for index in range(count))


# Layout


@pytest.mark.parametrize(("count", "alone"), [(1, True), (66, True), (67, False)])
def test_outputs_decide_how_many_cores_stand_in_one_template(count: int, alone: bool) -> None:
    """Three for each core, and one for the bucket, of 200."""
    found = templates(make_fleet(cores=cores(count), functions=[make_function()]))
    assert (set(found) == {"bucket.json", FLEET}) == alone
    groups = [g for each in found.values() for g in resources(each, "::Group").values()]
    assert len(groups) == count


def test_shares_double_when_one_is_too_full() -> None:
    """Each core moves to the share of the same number, or to the one that this number became."""
    few, many = (shares_of(apart(count)) for count in (1000, 4500))
    assert max(few.values()) < SHARES <= max(many.values()) < 2 * SHARES
    assert all(many[name] % SHARES == number for name, number in few.items())


def apart(count: int) -> Fleet:
    return make_fleet(cores=cores(count), functions=[make_function()])


def test_a_template_without_resources_is_not_written() -> None:
    """CloudFormation refuses one; cores that run nothing have nothing to share."""
    found = templates(make_fleet(cores=cores(67)))
    assert FLEET not in found
    assert all(template["Resources"] for template in found.values())


def shares_of(fleet: Fleet) -> dict[str, int]:
    return {
        group["Name"]: int(path.removesuffix(".json").rsplit("-", 1)[1])
        for path, template in templates(fleet).items()
        for group in resources(template, "::Group").values()
    }


def test_platforms_rendered_apart_share_no_name() -> None:
    """Two fleets' stacks stand in one account: neither functions nor what is told may clash."""
    platforms = [make_platform(), make_platform("pi")]
    both = (
        *cores(70),
        *(replace(core, name=f"pi-{core.name}", platform="pi") for core in cores(70)),
    )
    fleet = make_fleet(platforms=platforms, cores=both, functions=[make_function()])
    apart = [templates(fleet.only([name]))[FLEET] for name in ("gateway", "pi")]
    for kind, field in (("::SSM::Parameter", "Name"), ("::Serverless::Function", "FunctionName")):
        first, second = ({p[field] for p in resources(each, kind).values()} for each in apart)
        assert first
        assert second
        assert not first & second


def test_what_one_template_does_not_hold_is_refused() -> None:
    """With the way out, before anything is written."""
    fleet = make_fleet(functions=[make_function(f"f{index}") for index in range(200)])
    with pytest.raises(GgfleetError, match="604 resources, and CloudFormation takes 500") as caught:
        templates(fleet)
    assert "--platform" in caught.value.fix
    fleet = make_fleet(functions=[make_function()], subscriptions=subscriptions(5000))
    with pytest.raises(GgfleetError, match=f"bytes, and CloudFormation takes {MAX_BYTES}"):
        templates(fleet)


def test_a_policy_that_iam_does_not_take_is_refused() -> None:
    models = [make_model(f"m{index}") for index in range(200)]
    functions = [make_function(models=tuple(model.name for model in models))]
    with pytest.raises(GgfleetError, match="IAM takes 10240"):
        templates(make_fleet(models=models, functions=functions))


# Parts


def test_logical_ids_tell_names_apart_and_stay() -> None:
    """Names differ in what logical ids cannot hold; nothing else in the fleet matters."""
    names = ["pi-01", "pi_01", "pi01", "Pi-01", "pi-0-1"]
    ids = [logical_id("Group", name) for name in names]
    assert len(set(ids)) == len(names)
    assert all(each.isalnum() for each in ids)
    assert ids[0] == "GroupPi012acee729"
    assert len(logical_id("GroupVersionId", "x" * 253)) <= 255


def test_two_entries_under_one_id_are_our_mistake() -> None:
    one, other = TemplatePart({"A": {"Type": "B"}}), TemplatePart({"A": {"Type": "C"}})
    assert together([one, one]) == one
    with pytest.raises(AssertionError):
        together([one, other])


def test_an_empty_section_is_left_out() -> None:
    content = Template("d", TemplatePart({"A": {"Type": "B"}})).content()
    assert list(content) == ["AWSTemplateFormatVersion", "Description", "Resources"]


def test_an_unknown_call_is_our_mistake() -> None:
    """Whatever `group-v1` learns to say, no template leaves it out silently."""
    call = {"service": "greengrass", "operation": "StartSomething", "body": "bulk.json"}
    with pytest.raises(AssertionError, match="StartSomething"):
        calls_of(Rendering((Document("calls.json", [call]),)), {})


# Meaning


def test_a_function_serves_one_platform() -> None:
    platforms = [make_platform(), make_platform("pi", architecture="armv7l")]
    both = (make_core(), make_core("line-2", platform="pi"))
    fleet = make_fleet(platforms=platforms, cores=both, functions=[make_function()])
    found = list(resources(templates(fleet)[FLEET], "::Serverless::Function").values())
    assert [each["FunctionName"] for each in found] == ["line-classify-gateway", "line-classify-pi"]
    assert [each["AutoPublishAlias"] for each in found] == ["gateway", "pi"]
    assert [each.get("Architectures") for each in found] == [["x86_64"], None]


def test_roles_trust_their_service_in_this_account_alone() -> None:
    fleet = make_fleet(aws=Aws("cn-north-1", "123456789012", "b"), functions=[make_function()])
    [role] = resources(templates(fleet)[FLEET], "::IAM::Role").values()
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert "Policies" not in role


@pytest.mark.parametrize("count", [1, MAX_OUTPUTS])
def test_a_role_that_is_given_takes_the_place_of_one_that_is_made(count: int) -> None:
    """In the one template, and in those of cores, which would read a made one's ARN from another."""
    role = "arn:aws:iam::123456789012:role/line-cores"
    fleet = make_fleet(
        aws=Aws("eu-west-1", "123456789012", "b", role),
        cores=cores(count),
        functions=[make_function()],
        loggers=(Logger("lambda", "INFO", "cloudwatch"),),
    )
    found = templates(fleet)
    groups = [g for each in found.values() for g in resources(each, "::Greengrass::Group").values()]
    assert [group["RoleArn"] for group in groups] == [role] * count
    assert not any("GroupRole" in name for each in found.values() for name in each["Resources"])
    assert any(note.path == "aws.group_role" for note in rendering(fleet).notes)


def test_unused_models_and_secrets_need_no_permission() -> None:
    """A permission follows from a use, not from a mention."""
    model = Model("stored", "s3://elsewhere/m.zip", "1", "/m")
    used = make_fleet(models=[model], functions=[make_function(models=("stored",))])
    unused = make_fleet(models=[model], functions=[make_function()])
    assert "elsewhere" in str(resources(templates(used)[FLEET], "::RolePolicy"))
    assert resources(templates(unused)[FLEET], "::RolePolicy") == {}
    assert "ServiceRoleName" not in templates(unused)[FLEET]["Parameters"]


def test_nothing_pending_gets_into_a_template() -> None:
    fleet = make_fleet(functions=[make_function()])
    with pytest.raises(PendingError, match="the archive of the function classify"):
        render(fleet, Manifest(), "cloudformation")


def test_archives_are_named_with_the_bucket_that_is_given() -> None:
    """The spec's bucket stands in one place, the parameter's default."""
    fleet = make_fleet(
        libraries=[make_library()], functions=[make_function(libraries=("tensorflow",))]
    )
    template = templates(fleet)[FLEET]
    assert template["Parameters"]["ArchiveBucket"]["Default"] == "line-bucket"
    assert "line-bucket" not in str(template["Resources"])


def test_notes_keep_those_of_the_group() -> None:
    """Except the one on the API's end, which says here what it means for stacks."""
    fleet = make_fleet(
        platforms=[make_platform(python="3.9")],
        cores=cores(67),
        functions=[make_function()],
        deployment=Deployment(on_failure="nothing"),
    )
    told = [note.path for note in rendering(fleet).notes]
    assert told == [
        "", "aws.bucket", "cores", "cores", "functions", "platforms.gateway.python",
        "deployment", "deployment",
    ]  # fmt: skip
    messages = [note.message for note in rendering(fleet).notes]
    assert "resource types" in messages[0]
    assert any("do not fit one template" in message for message in messages)
    fewer = replace(fleet, cores=cores(1))
    assert not any("do not fit" in note.message for note in rendering(fewer).notes)


def test_a_version_has_the_digest_of_its_platforms_archive() -> None:
    """Two platforms with other content have other digests; the same content has the same one."""
    platforms = [make_platform(), make_platform("pi")]
    both = (make_core(), make_core("line-2", platform="pi"))
    fleet = make_fleet(platforms=platforms, cores=both, functions=[make_function()])

    def digests(*trees: str) -> set[str]:
        archives: list[Archive] = [
            make_archive(Part.FUNCTION, "classify", platform=name, tree_sha256=tree * 64)
            for name, tree in zip(("gateway", "pi"), trees, strict=True)
        ]
        content: Any = render(fleet, Manifest(tuple(archives)), "cloudformation").documents[1]
        found = resources(content.content, "::Serverless::Function").values()
        return {each["AutoPublishCodeSha256"] for each in found}

    assert len(digests("a", "b")) == 2
    assert len(digests("a", "a")) == 1


def test_devices_that_are_led_to_functions_need_one_template() -> None:
    """Groups with client devices name functions, which a template of cores alone has not."""
    devices = {"button": ClientDevice("button", ("line-0",), "button", Resolved("arn:c"))}
    routes = (Subscription("button", "pressed", "classify"),)
    few, many = (
        make_fleet(
            cores=cores(count),
            functions=[make_function()],
            client_devices=devices,
            subscriptions=routes,
        )
        for count in (66, 67)
    )
    assert len(resources(templates(few)[FLEET], "::DeviceDefinitionVersion")) == 1
    with pytest.raises(GgfleetError, match="name functions of another one"):
        templates(many)
    without_functions = replace(many, subscriptions=(Subscription("button", "pressed", "cloud"),))
    assert any(resources(t, "::DeviceDefinition") for t in templates(without_functions).values())
