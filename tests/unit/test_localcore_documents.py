"""What the embedded core reads from rendered documents, and how it refuses damaged ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ggfleet.errors import CoreError
from ggfleet.localcore import load_deployment
from localcore_support import ACCOUNT, BUCKET, CORE, PLATFORM, REGION, Group, arn

SHARED = f"platforms/{PLATFORM}"


@pytest.fixture
def group() -> Group:
    group = Group()
    group.resource("libraries", b"zip", "/mllibs//")
    group.function(
        "container", b"zip", resources=("libraries",), variables={"PYTHONPATH": "/mllibs"}
    )
    group.function("process", b"zip", isolation="NoContainer", pinned=False, timeout=7)
    group.subscribe("cloud", "in/+", arn("container"))
    group.loggers.append(
        {"Id": "l", "Component": "Lambda", "Type": "FileSystem", "Level": "DEBUG", "Space": 64}
    )
    return group


def edit(path: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


def test_everything_a_core_needs_is_read(group: Group, tmp_path: Path) -> None:
    found = group.load(tmp_path / "out")
    first, second = found.functions
    assert (found.group, found.thing_name) == ("line-vision-gateway-1", "line-vision-gateway-1")
    assert found.thing_arn == f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/line-vision-gateway-1"
    assert first.arn == arn("container")
    assert first.name == "line-vision-container"
    assert first.handler == "function.function_handler"
    assert first.package == f"s3://{BUCKET}/ggfleet/line-vision/functions/container-gateway.zip"
    assert (first.contained, first.pinned, first.memory) == (True, True, 65536)
    assert first.variables == {"PYTHONPATH": "/mllibs"}
    assert [r.destination for r in found.resources_of(first)] == ["/mllibs"]
    assert found.resources[0].owner == "ggc_ml"
    assert (second.contained, second.pinned, second.timeout) == (False, False, 7)
    assert found.resources_of(second) == ()
    assert found.subscriptions[0].target == first.arn
    assert (found.lambda_logger().level, found.lambda_logger().space) == ("DEBUG", 64)


def test_the_groups_default_isolation_holds_where_a_function_says_nothing(
    group: Group, tmp_path: Path
) -> None:
    del group.functions[0]["FunctionConfiguration"]["Environment"]["Execution"]
    out = group.write(tmp_path / "out")
    assert load_deployment(out, CORE).functions[0].contained
    default = {"Execution": {"IsolationMode": "NoContainer"}}
    edit(
        out / SHARED / "function-definition.json",
        lambda c: c["InitialVersion"].update(DefaultConfig=default),
    )
    assert not load_deployment(out, CORE).functions[0].contained


def test_system_functions_are_left_out_and_said_so(group: Group, tmp_path: Path) -> None:
    group.functions.append(
        {
            "Id": "ip",
            "FunctionArn": "arn:aws:lambda:::function:GGIPDetector:1",
            "FunctionConfiguration": {"Pinned": True},
        }
    )
    found = group.load(tmp_path / "out")
    assert len(found.functions) == 2
    assert "GGIPDetector" in found.notes[0]


def test_an_unknown_core_names_those_there_are(group: Group, tmp_path: Path) -> None:
    with pytest.raises(CoreError, match=rf"there are: {CORE}"):
        load_deployment(group.write(tmp_path / "out"), "nobody")


def test_a_document_that_is_no_json_is_named(group: Group, tmp_path: Path) -> None:
    out = group.write(tmp_path / "out")
    (out / SHARED / "function-definition.json").write_text('{"Name":')
    with pytest.raises(CoreError, match=r"function-definition\.json is not a JSON document"):
        load_deployment(out, CORE)


def test_a_missing_document_is_named_with_what_to_do(group: Group, tmp_path: Path) -> None:
    out = group.write(tmp_path / "out")
    (out / SHARED / "resource-definition.json").unlink()
    with pytest.raises(CoreError, match=r"resource-definition\.json cannot be read") as caught:
        load_deployment(out, CORE)
    assert "ggfleet render" in caught.value.fix


def test_a_function_without_its_package_document(group: Group, tmp_path: Path) -> None:
    del group.packages["process"]
    with pytest.raises(CoreError, match=r"no document in .*lambda is for line-vision-process"):
        group.load(tmp_path / "out")


FUNCTIONS = f"{SHARED}/function-definition.json"
RESOURCES = f"{SHARED}/resource-definition.json"
SUBSCRIPTIONS = f"{SHARED}/subscription-definition.json"
GROUP = f"cores/{CORE}/group.json"


def _first(key: str) -> Callable[[Any], Any]:
    return lambda content: content["InitialVersion"][key][0]


DAMAGE: list[tuple[str, Callable[[Any], None], str]] = [
    (
        FUNCTIONS,
        lambda c: _first("Functions")(c).update(
            FunctionArn="arn:aws:lambda:eu-west-1:1:function:x"
        ),
        r"Functions\[0\].* is not the ARN",
    ),
    (
        FUNCTIONS,
        lambda c: _first("Functions")(c)["FunctionConfiguration"].update(Timeout="30"),
        r"Functions\[0\]\.FunctionConfiguration\.Timeout: a whole number",
    ),
    (
        FUNCTIONS,
        lambda c: _first("Functions")(c)["FunctionConfiguration"].update(Pinned="yes"),
        "Pinned: true or false",
    ),
    (
        FUNCTIONS,
        lambda c: _first("Functions")(c)["FunctionConfiguration"]["Environment"].update(
            Variables={"A": 1}
        ),
        r"Variables\.A: a string",
    ),
    (
        FUNCTIONS,
        lambda c: _first("Functions")(c)["FunctionConfiguration"]["Environment"].update(
            Execution={"IsolationMode": "Box"}
        ),
        "Box is not an isolation mode",
    ),
    (FUNCTIONS, lambda c: c.update(InitialVersion=[]), "InitialVersion: an object"),
    (
        RESOURCES,
        lambda c: _first("Resources")(c).update(Id="other"),
        "line-vision-container uses libraries, which is no resource",
    ),
    (
        RESOURCES,
        lambda c: _first("Resources")(c).update(
            ResourceDataContainer={"SageMakerMachineLearningModelResourceData": {}}
        ),
        "not from training jobs",
    ),
    (
        RESOURCES,
        lambda c: _first("Resources")(c)["ResourceDataContainer"][
            "S3MachineLearningModelResourceData"
        ].update(DestinationPath="/ml/../etc"),
        "not an absolute path",
    ),
    (
        SUBSCRIPTIONS,
        lambda c: _first("Subscriptions")(c).update(Target="arn:aws:iot:eu-west-1:1:thing/x"),
        r"Subscriptions\[0\]\.Target: .* neither a function",
    ),
    (
        SUBSCRIPTIONS,
        lambda c: _first("Subscriptions")(c).update(Subject="a/#/b"),
        "at the end of a filter",
    ),
    (
        GROUP,
        lambda c: c["InitialVersion"].update(ConnectorDefinitionVersionArn="arn"),
        "has no connectors",
    ),
    (
        GROUP,
        lambda c: c["InitialVersion"].update(FunctionDefinitionVersionArn="arn:aws:greengrass"),
        "names a version in AWS",
    ),
    (GROUP, lambda c: c.pop("InitialVersion"), "InitialVersion is missing"),
]


@pytest.mark.parametrize(("file", "change", "message"), DAMAGE, ids=[d[2] for d in DAMAGE])
def test_damage_is_named_with_its_place(
    group: Group, tmp_path: Path, file: str, change: Callable[[Any], None], message: str
) -> None:
    out = group.write(tmp_path / "out")
    edit(out / file, change)
    with pytest.raises(CoreError, match=message) as caught:
        load_deployment(out, CORE)
    assert str(tmp_path) in caught.value.message


def test_two_cores_in_a_group(group: Group, tmp_path: Path) -> None:
    out = group.write(tmp_path / "out")
    edit(
        out / f"cores/{CORE}/core-definition.json",
        lambda c: c["InitialVersion"]["Cores"].append(c["InitialVersion"]["Cores"][0]),
    )
    with pytest.raises(CoreError, match="exactly one core"):
        load_deployment(out, CORE)
