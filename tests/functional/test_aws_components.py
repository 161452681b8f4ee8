"""AWS's own components in deployments: every golden case is acceptable, and the judge is awake."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from functional.aws_rules import AUTH, BRIDGE, JOURNAL, LITE, NUCLEUS, aws_problems
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


ALLOWED = "deviceGroups/policies/{}/{}/resources"
TO_WAN = "mqttTopicMapping/sub-e52a3d0c3d5b/target"
UPLOADS = "logsUploaderConfiguration"
SPOILERS = [
    (AUTH, "client_devices/pi", "deviceGroups/formatVersion", "1"),
    (AUTH, "client_devices/pi", "deviceGroups/definitions/lamp/policyName", "nobody"),
    (AUTH, "client_devices/pi", "deviceGroups/definitions/lamp/selectionRule", "thingName: *"),
    (AUTH, "client_devices/pi", ALLOWED.format("lamp", "publish"), ["mqtt:topic:a/+"]),
    (AUTH, "client_devices/pi", ALLOWED.format("lamp", "publish"), ["mqtt:topic:*"]),
    (AUTH, "client_devices/pi", ALLOWED.format("lamp", "publish"), ["mqtt:topicfilter:a"]),
    (AUTH, "client_devices/pi", ALLOWED.format("lamp", "connect"), ["mqtt:clientId:*"]),
    (AUTH, "client_devices_emqx/gateway", ALLOWED.format("button", "publish"), ["mqtt:topic:a/*"]),
    (BRIDGE, "client_devices/pi", TO_WAN, "LocalMqtt"),
    (BRIDGE, "client_devices/pi", TO_WAN, "Cloud"),
    (NUCLEUS, "logs/pi", "logging/level", "WARN"),
    (NUCLEUS, "logs/pi", "logging/fileSizeKB", "4096"),
    (NUCLEUS, "logs/pi", "logging/totalLogsSizeKB", 2048),
    (NUCLEUS, "logs/pi", "logging/color", "no"),
    (NUCLEUS, "logs/pi", "fleetstatus", {"x": "1"}),
    (NUCLEUS, "system_functions/pi", "mqtt/spooler/storageType", "Memory"),
    (LOGS, "logs/pi", f"{UPLOADS}/componentLogsConfigurationMap/x", {"minimumLogLevel": "INFO"}),
    (LOGS, "logs/pi", f"{UPLOADS}/systemLogsConfiguration/minimumLogLevel", "FATAL"),
    (JOURNAL, "nuclei/camera", "filters/services", ["ggl.com.example.line.function.echo"]),
    (JOURNAL, "nuclei/camera", "filters/services", ["ggl.not.deployed.service"]),
    (STREAMS, "system_functions/pi", "STREAM_MANAGER_THREADS", "2"),
    (STREAMS, "system_functions/pi", "STREAM_MANAGER_SERVER_PORT", 9000),
    (SHADOWS, "shadows/pi", "synchronize/direction", "both"),
    (SHADOWS, "shadows/pi", "synchronize/coreThing", {"classic": True}),
    (SECRETS, "secrets/pi", "cloudSecrets", [{"arn": "arn:x"}, {"arn": "arn:x"}]),
    (SECRETS, "secrets/pi", "cloudSecrets", [{"arn": "arn:x", "labels": ["AWSPREVIOUS"]}]),
]


@pytest.mark.parametrize(("component", "where", "path", "value"), SPOILERS)
def test_the_judge_sees_wrong_configuration(
    component: str, where: str, path: str, value: object
) -> None:
    """Each rule is held against a deployment that breaks it; its own local one is left out."""
    case, platform = where.split("/")
    documents = rendered(case)
    kept = {p: copy.deepcopy(b) for p, b in documents.items() if not p.startswith("local/classic/")}
    assert aws_problems(kept) == []
    update = kept[f"deployments/{platform}.json"]["components"][component]["configurationUpdate"]
    merge = inner = json.loads(update["merge"])
    *parents, last = path.split("/")
    for key in parents:
        inner = inner[key]
    inner[last] = value
    update["merge"] = json.dumps(merge)
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
