"""Rules of the V2 stacks that their golden pairs do not show by themselves."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    ADAPTER,
    CLOUD,
    Aws,
    Components,
    Connector,
    Document,
    Fleet,
    Json,
    Manifest,
    Model,
    Part,
    Pending,
    Rendering,
    Subscription,
)
from ggfleet.render import Generation, generations_of, render
from ggfleet.render.cloudformation.components import (
    FROM_CLOUD,
    TO_CLOUD,
    Bodies,
    as_properties,
    bodies_of,
)
from ggfleet.render.cloudformation.notes_v2 import notes
from ggfleet.render.known import wanted_archives
from unit.factories import make_archive, make_core, make_fleet, make_function, make_platform

HERE = "arn:aws:iot:eu-west-1:123456789012"


def rendering(fleet: Fleet, *generations: Generation) -> Rendering:
    return render(fleet, manifest_of(fleet), "cloudformation", generations=generations)


def manifest_of(fleet: Fleet) -> Manifest:
    archives = [make_archive(p, n, platform=o) for p, n, o in wanted_archives(fleet)]
    archives += [
        make_archive(Part.ADAPTER, ADAPTER, platform=p.name) for p in fleet.used_platforms()
    ]
    return Manifest(tuple(archives))


def templates(fleet: Fleet) -> dict[str, Any]:
    return {each.path: each.content for each in rendering(fleet, Generation.V2).documents}


def resources(template: Any, kind: str) -> dict[str, Any]:
    found = template["Resources"].items()
    return {name: each["Properties"] for name, each in found if each["Type"].endswith(kind)}


# Which generation


@pytest.mark.parametrize("wanted", [True, False])
def test_a_section_decides(wanted: bool) -> None:
    fleet = make_fleet(functions=[make_function()], components=Components(wanted=wanted))
    assert generations_of(fleet) == ((Generation.V2,) if wanted else (Generation.V1,))
    paths = {each.path for each in rendering(fleet).documents}
    assert ("v2/fleet.json" in paths, "group-v1/fleet.json" in paths) == (wanted, not wanted)


def test_one_generation_has_plain_notes() -> None:
    fleet = make_fleet(functions=[make_function()])
    one, both = rendering(fleet, Generation.V2), rendering(fleet, *reversed(Generation))
    of_v2 = [n for n in both.notes if n.message.startswith("V2: ")]
    assert [replace(n, what=f"V2: {n.what}") for n in one.notes] == of_v2
    assert all(n.message.startswith(("V1: ", "V2: ")) for n in both.notes)
    assert both.notes[0].message.startswith("V1: ")


def test_other_targets_are_of_one_generation() -> None:
    with pytest.raises(GgfleetError, match="recipes-v2 is of one generation"):
        render(make_fleet(), Manifest(), "recipes-v2", generations=[Generation.V2])


# The calls


def test_keys_that_are_names_get_no_capital() -> None:
    """Components and tags are the owner's names; a merge is text and stays."""
    body: Json = {
        "targetArn": "a",
        "components": {"com.example.a": {"configurationUpdate": {"merge": '{"x": 1}'}}},
        "tags": {"ggfleet:fleet": "line"},
        "iotJobConfiguration": {"abortConfig": {"criteriaList": [{"action": "CANCEL"}]}},
    }
    assert as_properties(body) == {
        "TargetArn": "a",
        "Components": {"com.example.a": {"ConfigurationUpdate": {"Merge": '{"x": 1}'}}},
        "Tags": {"ggfleet:fleet": "line"},
        "IotJobConfiguration": {"AbortConfig": {"CriteriaList": [{"Action": "CANCEL"}]}},
    }


def test_a_call_without_a_resource_is_told() -> None:
    """Whatever `deployment-v2` learns to say, no stack leaves it out silently."""
    operation = "BatchAssociateClientDeviceWithCoreDevice"
    call = {"service": "greengrassv2", "operation": operation, "body": "cores/a/d.json"}
    listed = Rendering((Document("calls.json", [call, call]), Document("cores/a/d.json", {})))
    bodies = bodies_of(Rendering((Document("calls.json", []),)), listed)
    assert bodies.others == (operation,)
    told = [n for n in notes(make_fleet(), bodies, nested=0) if operation in n.message]
    assert len(told) == 1


def test_topics_of_the_bridge_are_known() -> None:
    """What AWS's MQTT bridge sends and gets is in the merge of its deployment."""
    mapping = {
        "up": {"topic": "t/up", "source": "LocalMqtt", "target": "IotCore"},
        "far": {
            "topic": "t/far",
            "source": "Pubsub",
            "target": "IotCore",
            "targetTopicPrefix": "hall/",
        },
        "down": {"topic": "t/+/down", "source": "IotCore", "target": "LocalMqtt"},
        "here": {"topic": "t/here", "source": "LocalMqtt", "target": "Pubsub"},
    }
    merge = json.dumps({"mqttTopicMapping": mapping})
    entries = {"bridge": {"configurationUpdate": {"merge": merge}}, "plain": {}}
    bodies = Bodies({}, {}, {"pi": {"components": entries}}, ())
    assert bodies.topics("pi") == {TO_CLOUD: ["hall/t/far", "t/up"], FROM_CLOUD: ["t/+/down"]}


# Layout and limits


def test_ids_tell_names_apart() -> None:
    """Two cores whose names differ in what ids cannot hold, each with several policies."""
    cores = (make_core("pi-0", thing="a"), make_core("pi_0", thing="b"), make_core("pi", thing="c"))
    fleet = make_fleet(cores=cores, functions=[make_function()])
    assert len(resources(templates(fleet)["v2/cores.json"], "IoT::Policy")) == 3


def test_nothing_for_a_fleet_without_functions() -> None:
    """The group gets a deployment of nothing, as `deployment-v2` has it, and the role no policy."""
    template = templates(make_fleet())["v2/fleet.json"]
    assert resources(template, "::ComponentVersion") == {}
    [deployment] = resources(template, "V2::Deployment").values()
    assert deployment["Components"] == {}
    [role] = resources(template, "::Role").values()
    assert "Policies" not in role


def test_unknown_certificates_are_the_owners_to_attach() -> None:
    unknown = Pending("the certificate of line-1", "write it")
    fleet = make_fleet(cores=(make_core(certificate_arn=unknown),), functions=[make_function()])
    template = templates(fleet)["v2/cores.json"]
    assert resources(template, "::PolicyPrincipalAttachment") == {}
    assert [each["Value"] for each in template["Outputs"].values()] == [
        {"Ref": name} for name in resources(template, "IoT::Policy")
    ]
    told = [n.message for n in rendering(fleet, Generation.V2).notes if n.path == "cores"]
    assert any("1 of 1 have no greengrass_certificate_arn" in message for message in told)


def test_another_partition() -> None:
    """No ARN of the commercial Regions in a template for another."""
    china = Aws("cn-north-1", "123456789012", "line-bucket")
    fleet = make_fleet(aws=china, functions=[make_function()])
    text = json.dumps(templates(fleet))
    assert "arn:aws-cn:s3:::line-bucket/ggfleet/line/*" in text
    assert "arn:aws:" not in text.replace("arn:aws:iot:eu-west-1:123456789012:cert/line-1", "")


def test_a_role_that_iam_does_not_take_is_refused() -> None:
    """Every model of its own bucket is named by its key."""
    models = [
        Model(f"m{index}", f"s3://{'b' * 60}/{index}.zip", "1", f"/m/{index}")
        for index in range(120)
    ]
    functions = [make_function(f"f{n}", models=(model.name,)) for n, model in enumerate(models)]
    with pytest.raises(GgfleetError, match="the policy of the token exchange role has") as caught:
        templates(make_fleet(models=models, functions=functions))
    assert "IAM takes 10240" in caught.value.message
    assert caught.value.fix


def test_each_platform_has_its_own_deployment_and_group() -> None:
    platforms = [make_platform(), make_platform("pi", architecture="armv7l")]
    cores = (make_core(), make_core("line-2", platform="pi"))
    fleet = make_fleet(platforms=platforms, cores=cores, functions=[make_function()])
    template = templates(fleet)["v2/fleet.json"]
    targets = {each["TargetArn"] for each in resources(template, "V2::Deployment").values()}
    assert targets == {f"{HERE}:thinggroup/line-{name}" for name in ("gateway", "pi")}
    assert set(template["Outputs"]) >= {"TokenExchangeRoleAlias"}
    assert len(template["Outputs"]) == 1 + 2 * 2


# What connectors need there


def _allowed(fleet: Fleet, action: str) -> set[str]:
    """What the certificates of a fleet's cores may do."""
    policies = resources(templates(fleet)["v2/cores.json"], "IoT::Policy").values()
    statements = [each for one in policies for each in one["PolicyDocument"]["Statement"]]
    return {on for each in statements if action in each["Action"] for on in each["Resource"]}


def _connected(kind: str, *subscriptions: Subscription) -> Fleet:
    """A fleet with one function, and a connector that is called `other`."""
    connector = Connector("other", f"arn:aws:greengrass:eu-west-1::/connectors/{kind}/versions/3")
    return make_fleet(
        functions=[make_function()], connectors={"other": connector}, subscriptions=subscriptions
    )


def test_certificates_let_connectors_speak_with_the_cloud() -> None:
    """What AWS's component gets from the cloud by a subscription of its connector."""
    fleet = _connected("SNS", Subscription(CLOUD, "line/+/said", "other"))
    assert f"{HERE}:topicfilter/line/+/said" in _allowed(fleet, "iot:Subscribe")
    assert f"{HERE}:topic/line/*/said" in _allowed(fleet, "iot:Receive")


def test_certificates_allow_the_topics_that_a_component_has_itself() -> None:
    """A subscription may have a filter that matches them; the component asks for its own."""
    asked = Subscription(CLOUD, "cloudwatch/#", "other")
    fleet = _connected("CloudWatchMetrics", asked, Subscription("other", "line/done", CLOUD))
    assert f"{HERE}:topicfilter/cloudwatch/metric/put" in _allowed(fleet, "iot:Subscribe")
    assert f"{HERE}:topicfilter/cloudwatch/#" not in _allowed(fleet, "iot:Subscribe")
    assert f"{HERE}:topic/cloudwatch/metric/put" in _allowed(fleet, "iot:Receive")
    assert f"{HERE}:topic/cloudwatch/metric/put/status" in _allowed(fleet, "iot:Publish")


def test_certificates_allow_no_answer_that_no_component_gives() -> None:
    """A Lambda component does not reach the cloud with its answers."""
    answers = Subscription("other", "line/done", CLOUD)
    assert f"{HERE}:topic/line/done" not in _allowed(_connected("SNS", answers), "iot:Publish")


def test_certificates_let_metrics_of_the_core_through() -> None:
    """AWS IoT Device Defender gets them on a topic of the core's thing."""
    topic = f"{HERE}:topic/$aws/things/line-1*/defender/metrics/json"
    assert topic in _allowed(_connected("DeviceDefender"), "iot:Publish")
    assert topic not in _allowed(_connected("SNS"), "iot:Publish")


def test_stacks_do_not_ask_for_what_they_make() -> None:
    """The calls' notes tell what roles and policies need; those of stacks do not."""
    fleet = _connected("SNS")
    calls = render(fleet, manifest_of(fleet), "deployment-v2").notes
    assert any("token exchange role" in each.message for each in calls)
    stacks = rendering(fleet, Generation.V2).notes
    assert not [each for each in stacks if "token exchange role" in each.message]
    assert {each.path for each in stacks} > {each.path for each in calls}
