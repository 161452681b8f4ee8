"""What V2 renderers decide by themselves: versions, names, layouts, platforms, resets."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    ADAPTER,
    ANY_PLATFORM,
    CLOUD,
    Abort,
    Archive,
    Components,
    Deployment,
    Fleet,
    Form,
    Layout,
    Manifest,
    Part,
    Rendering,
    Subscription,
)
from ggfleet.render import render
from ggfleet.render.v2.access import local_pattern
from ggfleet.render.v2.content import UNPACK_BYTES, UNPACK_FILES, default_layout, of_archive
from ggfleet.render.v2.names import RANGE, version_of
from ggfleet.system.files import to_json
from unit.factories import (
    make_archive,
    make_core,
    make_fleet,
    make_function,
    make_library,
    make_model,
    make_platform,
)

GATEWAY = make_platform()
PI = make_platform("pi", architecture="aarch64")
ORIN = make_platform("orin", architecture="aarch64", python="3.10")


def documents_of(rendering: Rendering) -> dict[str, Any]:
    return {each.path: json.loads(to_json(each.content)) for each in rendering.documents}


def fleet_on(*platforms: Any, **overrides: Any) -> Fleet:
    cores = tuple(make_core(f"on-{p.name}", group=p.name, platform=p.name) for p in platforms)
    values: dict[str, Any] = {
        "platforms": platforms,
        "cores": cores,
        "libraries": [make_library()],
        "models": [make_model()],
        "functions": [make_function(libraries=("tensorflow",), models=("digits",))],
    }
    return make_fleet(**(values | overrides))


def archives_of(fleet: Fleet, **more: str) -> list[Archive]:
    """Native parts by platform; the model for any. `more` is a digest by part, for a change."""

    def archive(part: Part, name: str, platform: str) -> Archive:
        digest = more.get(part.value, "0123456789abcdef") * 4
        file = f"{part}/{name}-{platform}-{digest[:16]}.zip"
        return make_archive(
            part, name, platform=platform, tree_sha256=digest, file=file, key=f"ggfleet/line/{file}"
        )

    found = [archive(Part.MODEL, "digits", ANY_PLATFORM)]
    for platform in fleet.used_platforms():
        found += [
            archive(Part.LIBRARIES, "tensorflow", platform.name),
            archive(Part.FUNCTION, "classify", platform.name),
            archive(Part.ADAPTER, ADAPTER, platform.name),
        ]
    return found


def rendered(fleet: Fleet, target: str = "recipes-v2", **more: str) -> dict[str, Any]:
    return documents_of(render(fleet, Manifest(tuple(archives_of(fleet, **more))), target))


def versions(documents: dict[str, Any]) -> dict[str, str]:
    """Component versions by name."""
    recipes = [body for path, body in documents.items() if path.startswith("recipes/")]
    return {each["ComponentName"]: each["ComponentVersion"] for each in recipes}


def recipe(documents: dict[str, Any], name: str) -> Any:
    (found,) = (
        b for p, b in documents.items() if p.startswith("recipes/") and b["ComponentName"] == name
    )
    return found


def test_versions_follow_from_content_alone() -> None:
    """Three numbers in Greengrass's range, whatever the order of keys; other content, other version."""
    assert version_of({"a": 1, "b": [1, 2]}) == version_of({"b": [1, 2], "a": 1})
    many = {version_of({"n": n}) for n in range(3000)}
    assert len(many) == 3000
    for each in many:
        assert re.fullmatch(r"1\.(0|[1-9]\d*)\.(0|[1-9]\d*)", each)
        assert all(int(number) < RANGE for number in each.split("."))


def test_a_version_moves_only_with_the_content_of_its_component_or_of_what_it_needs() -> None:
    """A new model moves the model and its function; the library stays. Nothing else moves either."""
    fleet = fleet_on(GATEWAY)
    before = versions(rendered(fleet))
    after = versions(rendered(fleet, models="fedcba9876543210"))
    moved = {name.split(".", 1)[1] for name in before if before[name] != after[name]}
    assert moved == {"model.digits", "function.classify"}
    assert versions(rendered(fleet)) == before


def test_a_library_moves_itself_and_its_function() -> None:
    fleet = fleet_on(GATEWAY)
    before = versions(rendered(fleet))
    after = versions(rendered(fleet, libraries="fedcba9876543210"))
    moved = {name.split(".", 1)[1] for name in before if before[name] != after[name]}
    assert moved == {"library.tensorflow", "function.classify"}


@pytest.mark.parametrize(
    "change",
    [
        {"deployment": Deployment(on_failure="nothing", abort=Abort(10.0, 5))},
        {"models": [make_model(version="9.9.9")]},
        {"cores": (make_core("another"),)},
    ],
    ids=["deployment", "model number", "cores"],
)
def test_what_is_no_content_moves_no_version(change: dict[str, Any]) -> None:
    """A model's number without new files among them: it goes into a tag instead."""
    fleet = fleet_on(GATEWAY)
    assert versions(rendered(replace(fleet, **_named(change)))) == versions(rendered(fleet))


def _named(change: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {each.name: each for each in value} if key == "models" else value
        for key, value in change.items()
    }


def test_the_number_of_a_model_in_s3_is_content() -> None:
    """Nobody here can look into it: its number stands for its files."""
    remote = make_model(source="s3://b/m.zip")
    first = fleet_on(GATEWAY, models=[remote])
    second = fleet_on(GATEWAY, models=[replace(remote, version="2.0.0")])
    one, two = versions(rendered(first)), versions(rendered(second))
    assert one["line.model.digits"] != two["line.model.digits"]


def test_one_recipe_serves_two_architectures() -> None:
    """With a manifest for each; what holds no native code has one manifest for all."""
    documents = rendered(fleet_on(GATEWAY, PI, functions=[make_function(libraries=())]))
    assert versions(documents).keys() == {"line.function.classify"}
    manifests = recipe(documents, "line.function.classify")["Manifests"]
    assert [each["Platform"]["architecture"] for each in manifests] == ["amd64", "aarch64"]
    (manifest,) = recipe(rendered(fleet_on(GATEWAY, PI)), "line.model.digits")["Manifests"]
    assert "architecture" not in manifest["Platform"]


def test_platforms_of_one_architecture_get_components_of_their_own() -> None:
    """Nothing in a manifest tells Python 3.10 from 3.11."""
    assert versions(rendered(fleet_on(PI, ORIN))).keys() == {
        "line.library.tensorflow.pi",
        "line.library.tensorflow.orin",
        "line.model.digits",
        "line.function.classify.pi",
        "line.function.classify.orin",
    }


def test_a_model_alone_does_not_change_when_a_platform_comes() -> None:
    """Otherwise every device would fetch it again for nothing."""
    one, two = versions(rendered(fleet_on(PI))), versions(rendered(fleet_on(PI, GATEWAY)))
    assert one["line.model.digits"] == two["line.model.digits"]


@pytest.mark.parametrize(
    ("size", "files", "layout"),
    [
        (UNPACK_BYTES, UNPACK_FILES, Layout.ZIP),
        (UNPACK_BYTES + 1, 3, Layout.SELF_UNPACK),
        (3000, UNPACK_FILES + 1, Layout.SELF_UNPACK),
    ],
)
def test_size_and_number_of_files_choose_the_layout(size: int, files: int, layout: Layout) -> None:
    archive = make_archive(unpacked_size=size, files=files)
    assert default_layout(archive) is layout
    fleet = fleet_on(GATEWAY)
    assert of_archive(fleet, archive, None).layout is layout
    assert of_archive(fleet, archive, Layout.IMAGE).layout is Layout.IMAGE
    assert of_archive(fleet, archive, Layout.ZIP).layout is Layout.ZIP
    assert of_archive(fleet, archive, Layout.ZIP, unpack=True).layout is Layout.SELF_UNPACK


def test_a_big_archive_gets_time_to_unpack() -> None:
    """Both nuclei end a step after 120 s that asks for no more."""
    small = of_archive(fleet_on(GATEWAY), make_archive(), None)
    big = of_archive(fleet_on(GATEWAY), make_archive(unpacked_size=1_453_692_113), None)
    assert (small.timeout, big.timeout) == (120, 727)


def test_an_image_is_rendered_from_the_image() -> None:
    """The zip, which V1 takes, lies beside it in the manifest."""
    fleet = fleet_on(GATEWAY, libraries=[make_library(layout=Layout.IMAGE)])
    key = "ggfleet/line/libraries/tensorflow-gateway-0123456789abcdef.squashfs"
    image = make_archive(Part.LIBRARIES, "tensorflow", key=key, form=Form.IMAGE)
    manifest = Manifest((*archives_of(fleet), image))
    documents = documents_of(render(fleet, manifest, "recipes-v2"))
    (artifact,) = recipe(documents, "line.library.tensorflow")["Manifests"][0]["Artifacts"]
    assert artifact["Uri"].endswith(".squashfs")
    text = str(documents_of(render(fleet, manifest, "group-v1")))
    assert ".zip" in text
    assert ".squashfs" not in text


@pytest.mark.parametrize(
    ("topic", "pattern"),
    [("a/b", "a/b"), ("a/+/b", "a/*/b"), ("a/#", "a/*"), ("+", "*"), ("a+b", "a+b")],
)
def test_local_policies_have_their_own_wildcard(topic: str, pattern: str) -> None:
    assert local_pattern(topic) == pattern


def test_policies_are_those_of_the_subscriptions() -> None:
    """Cloud and local messages have services of their own; who has neither has no policy."""
    subscriptions = (
        Subscription(CLOUD, "in/+", "classify"),
        Subscription("classify", "mid", "tell"),
        Subscription("tell", "out", CLOUD),
    )
    functions = [make_function(), make_function("tell"), make_function("idle")]
    fleet = fleet_on(GATEWAY, functions=functions, libraries=[], subscriptions=subscriptions)
    own = [make_archive(Part.FUNCTION, name) for name in ("classify", "tell", "idle")]
    manifest = Manifest((*own, make_archive(Part.ADAPTER, ADAPTER)))
    documents = documents_of(render(fleet, manifest, "recipes-v2"))
    found = {
        name: recipe(documents, f"line.function.{name}")["ComponentConfiguration"][
            "DefaultConfiguration"
        ].get("accessControl")
        for name in ("classify", "tell", "idle")
    }
    mqtt, local = "aws.greengrass.ipc.mqttproxy", "aws.greengrass.ipc.pubsub"
    assert found == {
        "classify": {
            mqtt: policy("classify:mqttproxy:subscribe", "SubscribeToIoTCore", "in/+"),
            local: policy("classify:pubsub:publish", "PublishToTopic", "mid"),
        },
        "tell": {
            mqtt: policy("tell:mqttproxy:publish", "PublishToIoTCore", "out"),
            local: policy("tell:pubsub:subscribe", "SubscribeToTopic", "mid"),
        },
        "idle": None,
    }


def policy(name: str, operation: str, topic: str) -> Any:
    body = {"operations": [f"aws.greengrass#{operation}"], "resources": [topic]}
    return {f"line.function.{name}": body}


def test_aws_components_are_needed_only_where_used() -> None:
    plain = recipe(rendered(fleet_on(GATEWAY)), "line.function.classify")
    assert not any(name.startswith("aws.") for name in plain["ComponentDependencies"])
    function = make_function(credentials=True)
    asking = rendered(fleet_on(GATEWAY, functions=[function], libraries=[]))
    needs = recipe(asking, "line.function.classify")["ComponentDependencies"]
    assert list(needs) == ["aws.greengrass.TokenExchangeService"]


def entries(fleet: Fleet, previous: dict[str, Any] | None, **more: str) -> Any:
    manifest = Manifest(tuple(archives_of(fleet, **more)))
    rendering = render(fleet, manifest, "deployment-v2", previous)
    return documents_of(rendering)["deployments/gateway.json"]["components"]


def test_without_an_earlier_rendering_every_component_with_defaults_is_reset() -> None:
    """A device keeps its configuration: nobody knows what it holds."""
    found = entries(fleet_on(GATEWAY), None)
    reset = [name for name, each in found.items() if "configurationUpdate" in each]
    assert reset == ["line.function.classify"]
    assert found["line.function.classify"]["configurationUpdate"] == {"reset": [""]}


def test_with_one_only_changed_defaults_are_reset() -> None:
    """A component that is new on the device has its defaults anyway."""
    fleet = fleet_on(GATEWAY)
    before = rendered(fleet, "deployment-v2")
    assert "configurationUpdate" not in entries(fleet, before)["line.function.classify"]
    changed = entries(fleet, before, models="fedcba9876543210")["line.function.classify"]
    assert changed["configurationUpdate"] == {"reset": [""]}
    without = {p: b for p, b in before.items() if ".function." not in p}
    assert "configurationUpdate" not in entries(fleet, without)["line.function.classify"]


def test_only_a_deployment_is_compared() -> None:
    fleet = fleet_on(GATEWAY)
    with pytest.raises(GgfleetError, match="recipes-v2 is not compared"):
        render(fleet, Manifest(tuple(archives_of(fleet))), "recipes-v2", {})


def test_prefix_and_publisher_are_in_every_recipe() -> None:
    fleet = fleet_on(GATEWAY, components=Components(prefix="com.example", publisher="Line Ltd"))
    documents = rendered(fleet)
    assert all(name.startswith("com.example.line.") for name in versions(documents))
    assert recipe(documents, "com.example.line.model.digits")["ComponentPublisher"] == "Line Ltd"


def test_a_recipe_too_long_for_lite_is_said() -> None:
    subscriptions = tuple(Subscription(CLOUD, f"plant/{n:040}", "classify") for n in range(40))
    fleet = fleet_on(GATEWAY, subscriptions=subscriptions)
    rendering = render(fleet, Manifest(tuple(archives_of(fleet))), "recipes-v2")
    assert any("only the classic nucleus runs it" in note.message for note in rendering.notes)


def test_a_deployment_above_31_kb_is_said() -> None:
    """Devices then need a permission more, and a newer nucleus."""
    functions = [make_function(f"f{n:03}" + "x" * 40, isolation="none") for n in range(250)]
    fleet = fleet_on(GATEWAY, functions=functions, libraries=[], models=[])
    own = [make_archive(Part.FUNCTION, each.name) for each in functions]
    manifest = Manifest((*own, make_archive(Part.ADAPTER, ADAPTER)))
    notes = render(fleet, manifest, "deployment-v2").notes
    assert any("GetDeploymentConfiguration" in note.message for note in notes)
