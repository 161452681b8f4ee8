"""Unmodified greengrasssdk in real processes, with a mount namespace and without one."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ggfleet.localcore import Dropped, Failed, Message
from ggfleet.localcore.isolation import probe
from localcore_harness import (
    ACT,
    ANSWER_TIMEOUT,
    ECHO,
    MODES,
    PYTHON,
    act_group,
    echo_group,
    running,
    sdk,
    wait_for,
)
from localcore_support import Group, arn, package, zip_of


@pytest.fixture(params=MODES)
def mode(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Both isolations, where this machine has both."""
    if request.param == "mount-namespace" and (why := probe(tmp_path / "probe", PYTHON)):
        pytest.skip(f"no mount namespaces here: {why}")
    return str(request.param)


def test_an_unmodified_sdk_answers_a_message(tmp_path: Path, mode: str) -> None:
    with running(echo_group(), tmp_path, mode=mode) as run:
        run.core.send("in/digits", b'{"pixels": [1, 2]}')
        answer = run.core.next_answer(ANSWER_TIMEOUT)
    expected = json.dumps({"event": {"pixels": [1, 2]}, "subject": "in/digits"}).encode()
    assert answer == Message(arn("echo"), "out/echo", expected)
    assert f"isolation of containers: {mode}" in run.lines[0]


def test_a_container_imports_through_python_path(tmp_path: Path, mode: str) -> None:
    group = act_group(variables={"PYTHONPATH": "/mllibs"})
    with running(group, tmp_path, mode=mode) as run:
        seen = run.ask("see")
        tree = next((tmp_path / "greengrass/ggc/deployment/mlmodel").iterdir())
        there = "/mllibs" if mode == "mount-namespace" else str(tree)
        assert seen["marker"] == f"{there}/marker.py"
        assert seen["path"][0] == there
        assert "ggc/deployment/lambda" in seen["path"][1]
        work = tmp_path / "greengrass/ggc/work" / arn("act").replace(":", "_")
        assert seen["prefix"] == ("/" if mode == "mount-namespace" else str(work))
        assert seen["uid"] == os.getuid()
        assert "USERS_SECRET" not in seen["environment"]
        assert Path("/mllibs").exists() is False


def test_a_process_imports_below_its_prefix(tmp_path: Path) -> None:
    code = ACT.replace(
        "count = 0",
        'sys.path.insert(0, os.environ["AWS_GG_RESOURCE_PREFIX"] + "/mllibs")\ncount = 0',
    )
    group = act_group(isolation="NoContainer")
    group.function("act", package(code, sdk()))
    group.functions.pop()
    with running(group, tmp_path) as run:
        seen = run.ask("see")
        assert seen["marker"] == f"{seen['prefix']}/mllibs/marker.py"
        assert seen["prefix"].startswith(str(tmp_path / "greengrass/ggc/work"))
        assert run.core.isolation == ""


def test_nothing_of_ggfleet_is_found_by_a_function(tmp_path: Path, mode: str) -> None:
    with running(act_group(), tmp_path, mode=mode) as run:
        assert run.ask("leak") == ["greengrass_common", "greengrass_ipc_python_sdk"]


def test_a_container_cannot_write_to_a_resource(tmp_path: Path, mode: str) -> None:
    if mode == "relocated" and os.geteuid() == 0:
        pytest.skip("root is not held by the modes of files")
    with running(act_group(variables={"PYTHONPATH": "/mllibs"}), tmp_path, mode=mode) as run:
        assert run.ask("write") in ("Read-only file system", "Permission denied")


def test_a_destination_below_a_folder_of_the_host_is_not_made_there(tmp_path: Path) -> None:
    if why := probe(tmp_path / "probe", PYTHON):
        pytest.skip(f"no mount namespaces here: {why}")
    group = act_group(variables={"PYTHONPATH": "/usr/ggfleet-test/libs"})
    group.resource("libraries", zip_of({"marker.py": ""}), "/usr/ggfleet-test/libs")
    with running(group, tmp_path, mode="mount-namespace") as run:
        assert run.ask("see")["marker"] == "/usr/ggfleet-test/libs/marker.py"
    assert not Path("/usr/ggfleet-test").exists()


def test_a_message_between_functions_and_one_without_a_subscription(tmp_path: Path) -> None:
    group = act_group()
    echo = group.function("echo", package(ECHO, sdk()))
    group.subscribe(arn("act"), "work/+", echo)
    group.subscribe(echo, "out/#", "cloud")
    with running(group, tmp_path) as run:
        run.core.send(
            "in/x", json.dumps({"do": "publish", "on": "work/a", "payload": "5"}).encode()
        )
        answers = [run.core.next_answer(ANSWER_TIMEOUT) for _ in range(2)]
        payloads = {a.source: a.payload for a in answers if a}
        assert json.loads(payloads[echo]) == {"event": 5, "subject": "work/a"}
        run.ask("publish", on="nowhere", payload="x")
        run.core.send("elsewhere", b"")
    expected = [Message(arn("act"), "nowhere", b"x"), Message("cloud", "elsewhere", b"")]
    assert [e.message for e in run.events if isinstance(e, Dropped)] == expected
    assert run.core.dropped == 2
    assert any(line.startswith("dropped: nowhere from arn:") for line in run.lines)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"on": "a/#"}, "has a wildcard"),
        ({"on": "a", "times": 131_073}, "131073 bytes are more than 131072"),
    ],
)
def test_what_a_core_refuses_reaches_the_publisher_as_an_error(
    tmp_path: Path, arguments: dict[str, Any], why: str
) -> None:
    with running(act_group(), tmp_path) as run:
        assert why in run.ask("publish", **arguments)["error"]


def test_invoke_waits_for_a_result_and_gets_errors(tmp_path: Path) -> None:
    group = act_group()
    other = group.function("other", package(ACT, sdk()), pinned=False)
    with running(group, tmp_path) as run:
        invoke: dict[str, Any] = {
            "arn": other,
            "payload": {"do": "counted"},
            "context": '{"custom": {}}',
        }
        assert run.ask("invoke", **invoke) == ["", "1"]
        assert run.ask("invoke", **invoke) == ["", "2"]  # on demand, and it stays
        failing = {**invoke, "payload": {"do": "fail", "raise": True}}
        kind, payload = run.ask("invoke", **failing)
        assert kind == "Handled"
        assert json.loads(payload)["errorType"] == "KeyError"
        assert run.ask("invoke", **{**invoke, "type": "Event"}) == ["", ""]
        missing = run.ask("invoke", **{**invoke, "arn": arn("nobody")})
        assert "is not in this group" in missing["error"]
        kind, payload = run.ask("invoke", **{**invoke, "context": "no json"})
        assert kind == "Unhandled"
        assert "not base64 of JSON" in payload
    assert run.event(Failed).reason == "'no such digit'"


def test_a_handler_that_raises_is_reported_and_goes_on(tmp_path: Path) -> None:
    with running(act_group(), tmp_path) as run:
        run.core.send("in/a", b'{"do": "fail", "raise": true}')
        assert run.event(Failed) == Failed("line-vision-act", "in/a", "Handled", "'no such digit'")
        run.core.send("in/a", b"this is no JSON")
        unhandled = wait_for(lambda: [e for e in run.events if isinstance(e, Failed)][1:])[0]
        assert unhandled.kind == "Unhandled"
        assert run.ask("counted") == 1
    log = run.core.layout.log("eu-west-1", "123456789012", "line-vision-act")
    assert "KeyError: 'no such digit'" in log.read_text()
    assert any("line-vision-act: " in line and "KeyError" in line for line in run.lines)


def test_a_binary_function_gets_and_gives_bytes(tmp_path: Path) -> None:
    code = """
import greengrasssdk
client = greengrasssdk.client("iot-data")
def function_handler(event, context):
    client.publish(topic="out/b", payload=event[::-1])
"""
    group = Group()
    binary = group.function("binary", package(code, sdk()), encoding="binary")
    group.subscribe("cloud", "in", binary)
    group.subscribe(binary, "out/b", "cloud")
    with running(group, tmp_path) as run:
        run.core.send("in", b"\x00\xff\x01")
        answer = run.core.next_answer(ANSWER_TIMEOUT)
    assert answer is not None
    assert answer.payload == b"\x01\xff\x00"


def test_a_shadow_and_the_lack_of_secrets(tmp_path: Path) -> None:
    with running(act_group(), tmp_path) as run:
        assert run.ask("shadow", state={"on": 1})["state"] == {"reported": {"on": 1}}
        assert "the embedded core has no secrets" in run.ask("secret")["error"]
