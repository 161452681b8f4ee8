"""AWS's own components in deployments: every golden case is acceptable, and the judge is awake."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functional.aws_rules import AUTH, BRIDGE, LITE, NUCLEUS, aws_problems
from functional.v1_rules import Tree
from functional.v1_service import all_shape_problems, documents_of
from golden.test_golden_group_v1 import render_case
from golden.test_golden_v2 import FOLDERS, GOOD

CASES = [case for target, case in GOOD if target == "deployment-v2"]
FOLDER = FOLDERS["deployment-v2"]
SHADOWS = "aws.greengrass.ShadowManager"
LOGS = "aws.greengrass.LogManager"
SECRETS = "aws.greengrass.SecretManager"
STREAMS = "aws.greengrass.StreamManager"


def rendered(case: str) -> Tree:
    return documents_of(render_case(FOLDER / case, "deployment-v2"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_golden_case_is_acceptable(case: Path) -> None:
    """Also with every request body that calls.json names, by botocore's model."""
    documents = documents_of(render_case(case, "deployment-v2"))
    assert aws_problems(documents) == []
    assert all_shape_problems(documents) == []


def changed(entry: Tree, change: Callable[[Tree], object]) -> None:
    """Change what an entry merges."""
    merge = json.loads(entry["configurationUpdate"]["merge"])
    change(merge)
    entry["configurationUpdate"]["merge"] = json.dumps(merge)


def policies(merge: Tree) -> Any:
    return merge["deviceGroups"]["policies"]


SPOILERS: list[tuple[str, str, str, Callable[[Tree], object]]] = [
    ("client_devices", "pi", AUTH, lambda m: m["deviceGroups"].update(formatVersion="1")),
    ("client_devices", "pi", AUTH, lambda m: policies(m).pop("lamp")),
    (
        "client_devices",
        "pi",
        AUTH,
        lambda m: policies(m)["lamp"]["publish"].update(resources=["mqtt:topic:a/+"]),
    ),
    (
        "client_devices",
        "pi",
        AUTH,
        lambda m: policies(m)["lamp"]["publish"].update(resources=["mqtt:topic:*"]),
    ),
    (
        "client_devices_emqx",
        "gateway",
        AUTH,
        lambda m: policies(m)["button"]["publish"].update(resources=["mqtt:topic:a/*"]),
    ),
    (
        "client_devices",
        "pi",
        AUTH,
        lambda m: policies(m)["lamp"]["connect"].update(resources=["mqtt:clientId:*"]),
    ),
    (
        "client_devices",
        "pi",
        AUTH,
        lambda m: m["deviceGroups"]["definitions"]["button"].update(selectionRule="thingName: *"),
    ),
    (
        "client_devices",
        "pi",
        BRIDGE,
        lambda m: next(iter(m["mqttTopicMapping"].values())).update(target="LocalMqtt"),
    ),
    ("logs", "pi", NUCLEUS, lambda m: m["logging"].update(level="WARN")),
    ("logs", "pi", NUCLEUS, lambda m: m["logging"].update(fileSizeKB="4096")),
    ("logs", "pi", NUCLEUS, lambda m: m["logging"].update(totalLogsSizeKB=2048)),
    ("logs", "pi", NUCLEUS, lambda m: m.update(fleetstatus={"x": "1"})),
    (
        "logs",
        "pi",
        LOGS,
        lambda m: m["logsUploaderConfiguration"]["componentLogsConfigurationMap"].update(
            {"not.deployed": {"minimumLogLevel": "INFO"}}
        ),
    ),
    (
        "logs",
        "pi",
        LOGS,
        lambda m: m["logsUploaderConfiguration"]["systemLogsConfiguration"].update(
            minimumLogLevel="FATAL"
        ),
    ),
    ("system_functions", "pi", NUCLEUS, lambda m: m["mqtt"]["spooler"].pop("pluginName")),
    ("system_functions", "pi", STREAMS, lambda m: m.update(STREAM_MANAGER_THREADS="2")),
    ("shadows", "pi", SHADOWS, lambda m: m["synchronize"].update(direction="both")),
    ("secrets", "pi", SECRETS, lambda m: m["cloudSecrets"].extend(m["cloudSecrets"][:1])),
    ("secrets", "pi", SECRETS, lambda m: m["cloudSecrets"][0].update(labels=["AWSPREVIOUS"])),
]


@pytest.mark.parametrize(("case", "platform", "component", "spoil"), SPOILERS)
def test_the_judge_sees_wrong_configuration(
    case: str, platform: str, component: str, spoil: Callable[[Tree], object]
) -> None:
    """Each rule is held against a deployment that breaks it; its own local one is left out."""
    documents = rendered(case)
    kept = {p: copy.deepcopy(b) for p, b in documents.items() if not p.startswith("local/classic/")}
    assert aws_problems(kept) == []
    entry = kept[f"deployments/{platform}.json"]["components"][component]
    changed(entry, spoil)
    assert aws_problems(kept) != []


def without_reset(documents: Tree) -> None:
    entry = documents["deployments/pi.json"]["components"][BRIDGE]
    del entry["configurationUpdate"]["reset"]


def without_broker(documents: Tree) -> None:
    del documents["deployments/pi.json"]["components"]["aws.greengrass.clientdevices.mqtt.Moquette"]


def with_lite(documents: Tree) -> None:
    entry = {"componentVersion": "2.6.0"}
    documents["deployments/pi.json"]["components"][LITE] = entry


def as_root(documents: Tree) -> None:
    entry = documents["deployments/pi.json"]["components"]["com.example.line.function.echo"]
    entry["runWith"] = {"posixUser": "0:0"}


def twice(documents: Tree) -> None:
    documents["cores/line-1/client-devices.json"]["entries"] *= 2


def other_local(documents: Tree) -> None:
    argv = documents["local/classic/pi.json"]["argv"]
    argv[argv.index("--update-config") + 1] = "{}"


@pytest.mark.parametrize(
    "spoil", [without_reset, without_broker, with_lite, as_root, twice, other_local]
)
def test_the_judge_sees_wrong_deployments(spoil: Callable[[Tree], None]) -> None:
    documents = copy.deepcopy(rendered("client_devices"))
    assert aws_problems(documents) == []
    spoil(documents)
    assert aws_problems(documents) != []


def test_the_judge_sees_a_dependency_that_is_not_deployed() -> None:
    documents = copy.deepcopy(rendered("shadows"))
    del documents["deployments/pi.json"]["components"][SHADOWS]
    assert any("needs aws.greengrass.ShadowManager" in each for each in aws_problems(documents))
