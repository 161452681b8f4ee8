"""What a deployment gets of AWS's components: which, for whom, and what of it is reset."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from ggfleet.model import (
    ADAPTER,
    CLOUD,
    SHADOW,
    ClientDevice,
    Components,
    Connector,
    Deployment,
    Fleet,
    FunctionDefaults,
    Logger,
    Manifest,
    Nucleus,
    Part,
    Resolved,
    RunAs,
    Subscription,
)
from ggfleet.render import render
from ggfleet.render.v2.aws import RELEASES, at_least, version_of_aws
from ggfleet.render.v2.clients import ENTRIES
from ggfleet.render.v2.connectors import COUNTERPARTS, counterpart
from ggfleet.render.v2.shadows import shadow_policies
from ggfleet.render.v2.users import is_root, posix_user
from unit.factories import make_archive, make_core, make_fleet, make_function
from unit.test_render_v2 import documents_of

AUTH = "aws.greengrass.clientdevices.Auth"
NUCLEUS = "aws.greengrass.Nucleus"


def make_device(name: str, **overrides: Any) -> ClientDevice:
    values: dict[str, Any] = {
        "cores": ("line-1",),
        "thing": name,
        "certificate_arn": Resolved(f"arn:aws:iot:eu-west-1:123456789012:cert/{name}"),
    }
    return ClientDevice(name, **(values | overrides))


def small(**overrides: Any) -> Fleet:
    return make_fleet(functions=[make_function(isolation="none")], **overrides)


def rendered(fleet: Fleet, previous: dict[str, Any] | None = None) -> dict[str, Any]:
    archives = (
        make_archive(Part.FUNCTION, "classify"),
        make_archive(Part.ADAPTER, ADAPTER),
    )
    return documents_of(render(fleet, Manifest(archives), "deployment-v2", previous))


def components(documents: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = documents["deployments/gateway.json"]["components"]
    return found


def merged(documents: dict[str, Any], name: str) -> Any:
    return json.loads(components(documents)[name]["configurationUpdate"]["merge"])


def test_a_fleet_without_such_parts_gets_none() -> None:
    """Shadows are kept by default, but with nobody to use them nothing is deployed for that."""
    assert components(rendered(small())).keys() == {"line.function.classify"}


def test_the_spec_names_another_version() -> None:
    devices = {"button": make_device("button")}
    pinned = Deployment(components={AUTH: "2.4.0"})
    found = components(rendered(small(client_devices=devices, deployment=pinned)))
    assert found[AUTH]["componentVersion"] == "2.4.0"
    free = components(rendered(small(client_devices=devices)))
    assert free[AUTH]["componentVersion"] == RELEASES[AUTH].version


def test_every_known_version_has_a_source() -> None:
    for name, release in RELEASES.items():
        assert release.source
        assert version_of_aws(small(), name) == release.version
        assert at_least(release.version, (1, 0))
    assert not at_least("2.4.5", (2, 5))


def test_more_devices_than_a_call_takes_are_several_calls() -> None:
    """Each device once, in the spec's order."""
    devices = {f"d{n}": make_device(f"d{n}") for n in range(ENTRIES + 1)}
    documents = rendered(small(client_devices=devices))
    paths = [call["body"] for call in documents["calls.json"] if "cores/" in call["body"]]
    assert paths == ["cores/line-1/client-devices.json", "cores/line-1/client-devices-2.json"]
    things = [e["thingName"] for path in paths for e in documents[path]["entries"]]
    assert things == list(devices)


def test_devices_of_other_cores_are_not_let_in() -> None:
    """Neither are their topics bridged."""
    devices = {"far": make_device("far", cores=("elsewhere",)), "near": make_device("near")}
    subscriptions = (
        Subscription("far", "far/1", "classify"),
        Subscription("near", "near/1", "classify"),
        Subscription("near", "between", "far"),
    )
    documents = rendered(small(client_devices=devices, subscriptions=subscriptions))
    groups = merged(documents, AUTH)["deviceGroups"]
    assert groups["definitions"].keys() == groups["policies"].keys() == {"near"}
    mapping = merged(documents, "aws.greengrass.clientdevices.mqtt.Bridge")["mqttTopicMapping"]
    assert [each["topic"] for each in mapping.values()] == ["near/1"]


def test_what_an_earlier_rendering_set_and_this_does_not_is_reset() -> None:
    """The nucleus stays when its settings go: they would last on the device."""
    pinned = Deployment(components={NUCLEUS: "2.18.2"})
    logger = Logger("greengrass", "DEBUG", "file", 1024)
    before = rendered(small(loggers=(logger,), deployment=pinned))
    after = components(rendered(small(deployment=pinned), before))
    assert after[NUCLEUS]["configurationUpdate"]["reset"] == [
        "/logging/level",
        "/logging/format",
        "/logging/fileSizeKB",
        "/logging/totalLogsSizeKB",
    ]
    assert "merge" not in after[NUCLEUS]["configurationUpdate"]
    without = components(rendered(small(deployment=pinned), {}))
    assert without[NUCLEUS] == {"componentVersion": "2.18.2"}


def test_a_user_and_limits_that_go_are_taken_away() -> None:
    """A device keeps both where a deployment says nothing of them."""
    fleet = small(function_defaults=FunctionDefaults(run_as=RunAs(1001)))
    before = rendered(fleet)
    name = "line.function.classify"
    assert components(before)[name]["runWith"] == {"posixUser": "1001"}
    assert components(rendered(small(), before))[name]["runWith"] == {}
    assert "runWith" not in components(rendered(small(), rendered(small())))[name]


def test_the_default_user_is_never_reset() -> None:
    """Without one no component starts."""
    fleet = small(
        components=Components(user="line"), deployment=Deployment(components={NUCLEUS: "2.18.2"})
    )
    assert components(rendered(fleet))[NUCLEUS]["configurationUpdate"] == {
        "merge": '{"runWithDefault": {"posixUser": "line"}}'
    }


def test_a_default_user_without_the_nucleuss_version_is_noted() -> None:
    """Another version would update the nucleus, or fail on lite."""
    archives = (make_archive(Part.FUNCTION, "classify"), make_archive(Part.ADAPTER, ADAPTER))
    for nucleus, name in ((Nucleus.CLASSIC, NUCLEUS), (Nucleus.LITE, f"{NUCLEUS}Lite")):
        deployment = Deployment(nuclei={"gateway": nucleus})
        fleet = small(components=Components(user="line"), deployment=deployment)
        notes = render(fleet, Manifest(archives), "deployment-v2").notes
        (message,) = (note.message for note in notes if note.path == "components.user")
        assert f"name the version of {name} that" in message


def test_no_lambda_is_imported_for_nucleus_lite() -> None:
    fleet = small(deployment=Deployment(nuclei={"gateway": Nucleus.LITE}))
    archives = (make_archive(Part.FUNCTION, "classify"), make_archive(Part.ADAPTER, ADAPTER))
    documents = documents_of(render(fleet, Manifest(archives), "recipes-v2"))
    assert not [path for path in documents if path.startswith("lambda-import/")]


@pytest.mark.parametrize(
    ("own", "default", "expected", "root"),
    [
        (None, None, "", False),
        (RunAs(1001), None, "1001", False),
        (RunAs(1001, 1002), RunAs(1, 2), "1001:1002", False),
        (RunAs(gid=1002), RunAs(1001), "1001:1002", False),
        (RunAs(gid=1002), None, "", False),
        (RunAs(0, 0), RunAs(1001), "", True),
        (None, RunAs(0), "", True),
    ],
)
def test_a_user_is_the_functions_own_or_the_groups(
    own: RunAs | None, default: RunAs | None, expected: str, root: bool
) -> None:
    function = make_function(run_as=own)
    fleet = small(function_defaults=FunctionDefaults(run_as=default))
    assert (posix_user(fleet, function), is_root(fleet, function)) == (expected, root)


@pytest.mark.parametrize(
    ("topic", "verbs", "shadows"),
    [
        ("$aws/things/a/shadow/get", {"get"}, ["$aws/things/a/shadow"]),
        ("$aws/things/a/shadow/name/n/update", {"update"}, ["$aws/things/a/shadow/name/n"]),
        ("$aws/things/+/shadow/name/+/delete", {"delete"}, ["$aws/things/*/shadow/name/*"]),
        (
            "$aws/things/a/shadow/#",
            {"get", "update", "delete"},
            ["$aws/things/a/shadow", "$aws/things/a/shadow/name/*"],
        ),
        (
            "$aws/things/a/shadow/name/n/#",
            {"get", "update", "delete"},
            ["$aws/things/a/shadow/name/n"],
        ),
        (
            "#",
            {"get", "update", "delete"},
            ["$aws/things/*/shadow", "$aws/things/*/shadow/name/*"],
        ),
        ("$aws/things/a/shadow/update/delta", {"update"}, ["$aws/things/a/shadow"]),
        ("$aws/things/a/shadow/other", set(), []),
    ],
)
def test_a_shadow_topic_is_an_operation_on_shadows(
    topic: str, verbs: set[str], shadows: list[str]
) -> None:
    found: Any = shadow_policies([topic], "c")
    assert found.keys() == {f"c:shadow:{verb}" for verb in verbs}
    for name, policy in found.items():
        verb = name.rpartition(":")[2]
        assert policy["operations"] == [f"aws.greengrass#{verb.capitalize()}ThingShadow"]
        assert policy["resources"] == shadows


def test_named_shadows_are_kept_where_their_things_are() -> None:
    """Those of the core's thing with the core, those of a device with it; others not at all."""
    devices = {"lamp": make_device("lamp", sync_shadow=True)}
    topics = ("line-1/shadow/name/a", "lamp/shadow/name/b", "+/shadow/name/c", "x/shadow/name/d")
    subscriptions = tuple(
        Subscription("classify", f"$aws/things/{each}/get", SHADOW) for each in topics
    )
    fleet = small(client_devices=devices, subscriptions=subscriptions)
    found = merged(rendered(fleet), "aws.greengrass.ShadowManager")["synchronize"]
    assert found["coreThing"] == {"classic": True, "namedShadows": ["a", "c"]}
    assert found["shadowDocuments"] == [
        {"thingName": "lamp", "classic": True, "namedShadows": ["b", "c"]}
    ]
    alone = replace(fleet, cores=(make_core(sync_shadow=False),))
    found = merged(rendered(alone), "aws.greengrass.ShadowManager")["synchronize"]
    assert found["coreThing"] == {"classic": False, "namedShadows": []}


def test_nucleus_lite_gets_none_of_it() -> None:
    """The deployment names the fleet's own components, and what forwards the journal."""
    fleet = small(
        client_devices={"button": make_device("button", sync_shadow=True)},
        connectors={"alarms": Connector("alarms", "SNS", 4)},
        subscriptions=(
            Subscription(CLOUD, "ask", "classify"),
            Subscription("button", "pressed", "classify"),
            Subscription("classify", "sns/message", "alarms"),
        ),
        loggers=(Logger("lambda", "INFO", "cloudwatch"),),
        deployment=Deployment(nuclei={"gateway": Nucleus.LITE}, components={AUTH: "2.5.2"}),
    )
    documents = rendered(fleet)
    forwarder = "aws.greengrass.SystemLogForwarder"
    assert components(documents).keys() == {"line.function.classify", forwarder}
    services = merged(documents, forwarder)["filters"]["services"]
    assert services == ["ggl.line.function.classify.service"]
    assert len(documents["calls.json"]) == 1
    assert "local/classic/gateway.json" not in documents
    text = json.dumps(documents)
    assert "pressed" not in text
    assert "sns/message" not in text


@pytest.mark.parametrize("kind", list(COUNTERPARTS))
def test_a_connector_is_known_by_name_and_by_arn(kind: str) -> None:
    arn = f"arn:aws:greengrass:eu-west-1::/connectors/{kind}/versions/4"
    assert counterpart(Connector("c", kind, 4)) is counterpart(Connector("c", arn))
    found = counterpart(Connector("c", kind, 4))
    assert found is not None
    assert found.component in RELEASES
    assert counterpart(Connector("c", "Twilio", 1)) is None
