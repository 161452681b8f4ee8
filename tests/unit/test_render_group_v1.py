"""Rules of the V1 renderer that the golden pairs do not show by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    CLOUD,
    SHADOW,
    Access,
    Archive,
    Aws,
    ClientDevice,
    Connector,
    Deployment,
    Fleet,
    Isolation,
    LocalDevice,
    Logger,
    Manifest,
    Part,
    Resolved,
    Subscription,
)
from ggfleet.render import render
from ggfleet.render.group_v1 import names
from ggfleet.render.group_v1.lambda_function import create_body
from ggfleet.render.group_v1.logger import logger_version
from ggfleet.render.group_v1.subscription import subscription_id, subscription_version
from ggfleet.render.known import resolve, wanted_archives
from unit.factories import (
    make_archive,
    make_core,
    make_fleet,
    make_function,
    make_library,
    make_model,
    make_platform,
)


def archives(fleet: Fleet) -> Manifest:
    return Manifest(tuple(make_archive(p, n, platform=o) for p, n, o in wanted_archives(fleet)))


def documents(fleet: Fleet) -> dict[str, Any]:
    rendering = render(fleet, archives(fleet), "group-v1")
    return {each.path: each.content for each in rendering.documents}


def notes(fleet: Fleet) -> dict[str, str]:
    return {note.path: note.message for note in render(fleet, archives(fleet), "group-v1").notes}


def resources(fleet: Fleet) -> list[dict[str, Any]]:
    body = documents(fleet)["platforms/gateway/resource-definition.json"]
    return list(body["InitialVersion"]["Resources"])


def owner_of(fleet: Fleet) -> object:
    [only] = resources(fleet)
    return only["ResourceDataContainer"]["S3MachineLearningModelResourceData"].get("OwnerSetting")


@pytest.mark.parametrize(
    ("isolations", "owned"),
    [
        ((Isolation.CONTAINER,), False),
        ((Isolation.NONE,), True),
        ((Isolation.CONTAINER, Isolation.NONE), True),
        ((Isolation.CONTAINER, Isolation.CONTAINER), False),
    ],
)
def test_an_owner_is_set_when_a_process_reads(
    isolations: tuple[Isolation, ...], owned: bool
) -> None:
    """And only then, whoever else uses the resource."""
    functions = [
        make_function(f"f{index}", isolation=isolation, libraries=("tensorflow",))
        for index, isolation in enumerate(isolations)
    ]
    fleet = make_fleet(libraries=[make_library(owner="1001")], functions=functions)
    wanted = {"GroupOwner": "1001", "GroupPermission": "ro"} if owned else None
    assert owner_of(fleet) == wanted


def test_a_function_that_does_not_use_a_resource_does_not_own_it() -> None:
    """A process elsewhere in the group is no reason for an owner."""
    functions = [
        make_function("a", libraries=("tensorflow",)),
        make_function("b", isolation=Isolation.NONE),
    ]
    assert owner_of(make_fleet(libraries=[make_library()], functions=functions)) is None


def test_a_device_without_a_container_is_our_mistake() -> None:
    """The spec's check refuses it with a place and a fix; here it can only be a bug."""
    fleet = make_fleet(
        resources={"camera": LocalDevice("camera", "/dev/video0")},
        functions=[make_function(isolation=Isolation.NONE, resources={"camera": Access.READ})],
    )
    with pytest.raises(AssertionError):
        documents(fleet)


def test_a_subscriptions_id_stays() -> None:
    """It follows from what the subscription says: neither its place nor its neighbours matter."""
    one, two = Subscription(CLOUD, "a", "f"), Subscription("f", "a", CLOUD)
    fleet = make_fleet(functions=[make_function("f")], subscriptions=(two, one))
    found = subscription_version(fleet, make_platform())["Subscriptions"]
    assert isinstance(found, list)
    assert [each["Id"] for each in found] == [subscription_id(two), subscription_id(one)]
    assert subscription_id(one) == "sub-26d4dd1a54d0"


def test_space_is_for_files_alone() -> None:
    """The service's limit on log space is the disk's; CloudWatch has none."""
    loggers = (Logger("lambda", "INFO", "cloudwatch", 10), Logger("lambda", "INFO", "file", 10))
    found = logger_version(make_fleet(loggers=loggers))["Loggers"]
    assert isinstance(found, list)
    assert [each.get("Space") for each in found] == [None, 10]


def test_a_group_has_the_subscriptions_of_its_own_devices() -> None:
    """An end that a group lacks would be refused; between two devices both must be there."""
    devices = {
        name: ClientDevice(name, cores, name, Resolved("arn:c"))
        for name, cores in (("button", ("line-1",)), ("lamp", ("line-1", "line-2")))
    }
    pairs = [(CLOUD, "f"), ("button", "lamp"), ("f", "lamp"), ("lamp", SHADOW), ("f", "alarms")]
    fleet = make_fleet(
        cores=tuple(make_core(f"line-{number}") for number in (1, 2, 3)),
        functions=[make_function("f")],
        client_devices=devices,
        connectors={"alarms": Connector("alarms", "SNS", 4)},
        subscriptions=tuple(Subscription(source, "t", target) for source, target in pairs),
    )
    found = documents(fleet)

    def ends(path: str) -> list[tuple[str, ...]]:
        listed = found[f"{path}/subscription-definition.json"]["InitialVersion"]["Subscriptions"]
        return [tuple(each[end].split(":")[-1] for end in ("Source", "Target")) for each in listed]

    connector = "/connectors/SNS/versions/4"
    common = [(CLOUD, "gateway"), ("gateway", connector)]
    lamp = [("gateway", "thing/lamp"), ("thing/lamp", "GGShadowService")]
    assert ends("cores/line-1") == [common[0], ("thing/button", "thing/lamp"), *lamp, common[1]]
    assert ends("cores/line-2") == [common[0], *lamp, common[1]]
    assert "cores/line-3/subscription-definition.json" not in found
    assert ends("platforms/gateway") == common


def test_documents_grow_with_the_cores_alone() -> None:
    """Twice the cores with a client device each: twice the documents, and none of them longer."""

    def sizes(count: int) -> list[int]:
        names = [f"line-{number}" for number in range(1000, 1000 + count)]
        devices = {n: ClientDevice(f"d-{n}", (n,), f"d-{n}", Resolved("arn:c")) for n in names}
        fleet = make_fleet(
            cores=tuple(make_core(name) for name in names),
            functions=[make_function("f")],
            client_devices={device.name: device for device in devices.values()},
            subscriptions=tuple(Subscription(f"d-{n}", "t", "f") for n in names),
        )
        own = (body for path, body in documents(fleet).items() if path.startswith("cores/"))
        return [len(str(body)) for body in own]

    few, many = sizes(20), sizes(40)
    assert len(many) == 2 * len(few) == 40 * 4
    assert set(many) == set(few)


def test_the_same_subscription_twice_is_refused() -> None:
    twice = Subscription(CLOUD, "a", "f")
    fleet = make_fleet(functions=[make_function("f")], subscriptions=(twice, twice))
    with pytest.raises(GgfleetError, match="two subscriptions have the id sub-"):
        documents(fleet)


def test_cores_share_definitions() -> None:
    """A thousand cores of one platform: its definitions once, two documents and two calls each."""
    cores = tuple(make_core(f"line-{index}") for index in range(1000))
    found = documents(make_fleet(cores=cores, functions=[make_function()]))
    shared = [path for path in found if path.startswith("platforms/")]
    assert len([path for path in found if path.startswith("cores/")]) == 2000
    assert len(shared) == 3  # the function, its alias, the function definition
    assert len(found["bulk-deployment.jsonl"]) == 1000
    assert len(found["calls.json"]) == 2000 + 3 + 1


def test_a_body_is_called_after_those_it_names() -> None:
    """Each `${body:field}` names the body of an earlier call."""
    fleet = make_fleet(
        platforms=[make_platform(), make_platform("pi", architecture="aarch64")],
        cores=(make_core(), make_core("line-2", platform="pi")),
        models=[make_model()],
        functions=[make_function(models=("digits",))],
    )
    found = documents(fleet)
    called: list[str] = []
    named = 0
    for call in found["calls.json"]:
        for path, _ in references(found[call["body"]]):
            assert path in called
            named += 1
        called.append(call["body"])
    assert (
        named == 2 + 2 * 3
    )  # an alias for each platform; core, resources, functions of each group


def references(value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [found for item in value.values() for found in references(item)]
    if isinstance(value, str) and value.startswith("${"):
        path, field = value[2:-1].split(":")
        return [(path, field)]
    return []


@pytest.mark.parametrize(
    ("kilobytes", "megabytes"),
    [(0, 128), (1024, 128), (128 * 1024, 128), (128 * 1024 + 1, 129), (64 * 1024**2, 10240)],
)
def test_lambda_takes_whole_megabytes_within_limits(kilobytes: int, megabytes: int) -> None:
    function = make_function(memory=kilobytes)
    fleet = make_fleet(functions=[function])
    known = resolve(fleet, archives(fleet))
    assert create_body(fleet, function, make_platform(), known)["MemorySize"] == megabytes


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    fleet = make_fleet(aws=Aws(region, "123456789012", "b"))
    assert (
        names.arn(fleet, "iot", "thing/x") == f"arn:{partition}:iot:{region}:123456789012:thing/x"
    )


@pytest.mark.parametrize("text", ["", "a b", "ä", "a/b", "a.b", "x" * 129])
def test_what_the_api_takes_for_no_id_is_refused(text: str) -> None:
    with pytest.raises(GgfleetError, match="cannot be the id"):
        names.element_id(text, "the thing name")
    assert names.element_id("a:b_C-9" + "x" * 121, "the thing name")


def test_notes_are_for_what_differs() -> None:
    """A fleet that V1 can express wholly has one note: that V1 has ended."""
    plain = make_fleet(platforms=[make_platform(python="3.8")], functions=[make_function()])
    assert list(notes(plain)) == [""]
    assert "2026-10-07" in notes(plain)[""]
    newer = make_fleet(
        platforms=[make_platform(python="3.9")],
        functions=[make_function(isolation=Isolation.NONE)],
        deployment=Deployment(on_failure="nothing"),
    )
    told = ["", "platforms.gateway.python", "functions.classify.memory", "deployment"]
    assert list(notes(newer)) == told


def test_documents_name_the_archive_of_their_platform() -> None:
    """The key in a resource is the manifest's, whatever other platforms have."""
    fleet = make_fleet(
        platforms=[make_platform(), make_platform("pi")],
        cores=(make_core(), make_core("line-2", platform="pi")),
        libraries=[make_library()],
        functions=[make_function(libraries=("tensorflow",))],
    )
    for platform in ("gateway", "pi"):
        body = documents(fleet)[f"platforms/{platform}/resource-definition.json"]
        container = body["InitialVersion"]["Resources"][0]["ResourceDataContainer"]
        wanted: Archive = make_archive(Part.LIBRARIES, "tensorflow", platform=platform)
        uri = container["S3MachineLearningModelResourceData"]["S3Uri"]
        assert uri == f"s3://line-bucket/{wanted.key}"
