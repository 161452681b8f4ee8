"""Unmodified greengrasssdk in real processes, with a mount namespace and without one."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from ggfleet.errors import CoreError
from ggfleet.localcore import CoreEvent, Dropped, EmbeddedCore, Failed, Message, Restarted
from ggfleet.localcore.core import Surround
from ggfleet.localcore.isolation import probe
from ggfleet.system.process import base_python
from localcore_support import Group, arn, package, zip_of

PYTHON = base_python()
ANSWER_TIMEOUT = 20.0
MODES = ("mount-namespace", "relocated")


def sdk() -> Path:
    spec = importlib.util.find_spec("greengrasssdk")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


ECHO = """
import json
import greengrasssdk

client = greengrasssdk.client("iot-data")

def function_handler(event, context):
    subject = context.client_context.custom["subject"]
    client.publish(topic="out/echo", payload=json.dumps({"event": event, "subject": subject}))
"""

ACT = '''
"""Does what the event says; everything goes through the unmodified SDK."""
import base64, json, os, sys, time
import greengrasssdk

iot, aws, secrets = (greengrasssdk.client(n) for n in ("iot-data", "lambda", "secretsmanager"))
count = 0

def see(event, context):
    import marker
    return {"marker": marker.__file__, "path": sys.path, "prefix": os.environ["AWS_GG_RESOURCE_PREFIX"],
            "cwd": os.getcwd(), "uid": os.getuid(), "environment": sorted(os.environ)}

def leak(event, context):
    found = []
    for name in ("ggfleet", "lambda_runtime", "launch", "isolation", "greengrass_common",
                 "greengrass_ipc_python_sdk"):
        try:
            __import__(name)
            found.append(name)
        except ImportError:
            pass
    return found

def write(event, context):
    import marker
    try:
        open(os.path.join(os.path.dirname(marker.__file__), "written"), "w")
    except OSError as error:
        return error.strerror
    return "written"

def invoke(event, context):
    arguments = {"FunctionName": event["arn"], "Payload": json.dumps(event["payload"]).encode()}
    if "context" in event:
        arguments["ClientContext"] = base64.b64encode(event["context"].encode())
    if "type" in event:
        arguments["InvocationType"] = event["type"]
    answer = aws.invoke(**arguments)
    payload = answer["Payload"]
    payload = payload if isinstance(payload, bytes) else payload.read()
    return [answer["FunctionError"], payload.decode()]

def publish(event, context):
    iot.publish(topic=event["on"], payload=event.get("payload", "x") * event.get("times", 1))

def shadow(event, context):
    state = json.dumps({"state": {"reported": event["state"]}})
    iot.update_thing_shadow(thingName="t", payload=state)
    return json.loads(iot.get_thing_shadow(thingName="t")["payload"])

def secret(event, context):
    return secrets.get_secret_value(SecretId="s")

def sleep(event, context):
    time.sleep(event["seconds"])

def crash(event, context):
    os._exit(7)

def fail(event, context):
    raise KeyError("no such digit")

def counted(event, context):
    global count
    count += 1
    return count

def function_handler(event, context):
    try:
        result = globals()[event["do"]](event, context)
    except Exception as error:
        if event.get("raise"):
            raise
        result = {"error": "{}: {}".format(type(error).__name__, error)}
    answer = {"result": result, "topic": context.client_context.custom.get("subject")}
    iot.publish(topic="out/" + context.function_name, payload=json.dumps(answer))
    return result
'''


class Run:
    """A running core with what it told."""

    def __init__(self, core: EmbeddedCore, events: list[CoreEvent], lines: list[str]) -> None:
        self.core = core
        self.events = events
        self.lines = lines

    def ask(self, do: str, topic: str = "in/act", **arguments: object) -> Any:
        """Send a message to the function `act`, return its result."""
        self.core.send(topic, json.dumps({"do": do, **arguments}).encode())
        answer = self.core.next_answer(ANSWER_TIMEOUT)
        assert answer is not None, self.lines
        return json.loads(answer.payload)["result"]

    def event(self, kind: type[CoreEvent]) -> Any:
        """Wait for the first event of a kind."""
        return wait_for(lambda: next((e for e in self.events if isinstance(e, kind)), None))


def wait_for(look: Callable[[], Any]) -> Any:
    end = time.monotonic() + ANSWER_TIMEOUT
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def alive_in_group(leader: int) -> list[str]:
    """The processes of a group that still run; who is dead may wait for its parent (state Z)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = stat.read_text().rpartition(")")[2].split()[:3]
            if group == str(leader) and state != "Z":
                found.append(stat.parent.name)
    return found


@contextlib.contextmanager
def running(group: Group, folder: Path, *, mode: str = "auto", start: bool = True) -> Iterator[Run]:
    events: list[CoreEvent] = []
    lines: list[str] = []
    core = EmbeddedCore(
        group.load(folder / "documents"),
        group.store,
        folder / "greengrass",
        python=PYTHON,
        log=lines.append,
        on_event=events.append,
        isolation_mode=mode,
        machine=Surround({**os.environ, "USERS_SECRET": "s"}, back_off=(0.05,)),
    )
    with core:
        core.deploy()
        if start:
            core.start(timeout=60)
        yield Run(core, events, lines)


def echo_group() -> Group:
    group = Group()
    echo = group.function("echo", package(ECHO, sdk()))
    group.subscribe("cloud", "in/+", echo)
    group.subscribe(echo, "out/#", "cloud")
    return group


def act_group(**options: Any) -> Group:
    group = Group()
    group.resource("libraries", zip_of({"marker.py": "", "deep/other.py": ""}), "/mllibs")
    act = group.function("act", package(ACT, sdk()), resources=("libraries",), **options)
    group.subscribe("cloud", "in/#", act)
    group.subscribe(act, "out/#", "cloud")
    return group


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
    tmp_path: Path, arguments: dict[str, object], why: str
) -> None:
    with running(act_group(), tmp_path) as run:
        assert why in run.ask("publish", **arguments)["error"]


def test_invoke_waits_for_a_result_and_gets_errors(tmp_path: Path) -> None:
    group = act_group()
    other = group.function("other", package(ACT, sdk()), pinned=False)
    with running(group, tmp_path) as run:
        invoke = {"arn": other, "payload": {"do": "counted"}, "context": '{"custom": {}}'}
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


def test_a_call_over_its_timeout_is_killed_and_the_function_comes_back(tmp_path: Path) -> None:
    with running(act_group(timeout=1), tmp_path) as run:
        assert run.ask("counted") == 1
        first = run.core.health()[0]["ProcessId"]
        run.core.send("in/slow", b'{"do": "sleep", "seconds": 60}')
        failed = run.event(Failed)
        assert (failed.topic, failed.kind) == ("in/slow", "Unhandled")
        assert failed.reason == "the call timed out after 1 s"
        assert "timed out after 1 s" in run.event(Restarted).reason
        assert run.ask("counted") == 1  # a new process: its globals begin anew
        assert run.core.health()[0]["ProcessId"] != first


def test_a_process_that_dies_is_started_again_and_waiting_messages_are_kept(tmp_path: Path) -> None:
    with running(act_group(), tmp_path) as run:
        run.core.send("in/a", b'{"do": "crash"}')
        assert run.ask("counted") == 1
        assert run.event(Failed).reason == "the process ended with exit code 7"
        assert (
            "ended with exit code 7; it is started again in 0.05 s" in run.event(Restarted).reason
        )
        os.kill(int(str(run.core.health()[0]["ProcessId"])), signal.SIGKILL)
        assert run.ask("counted") == 1


def test_a_function_that_cannot_be_loaded_is_named_with_its_last_lines(tmp_path: Path) -> None:
    group = Group()
    code = "print('loading')\nraise RuntimeError('no model')\n"
    group.function("broken", package(code))
    with (
        pytest.raises(
            CoreError, match=r"line-vision-broken cannot be loaded: .*no model"
        ) as caught,
        running(group, tmp_path),
    ):
        pass
    assert "  loading\n" in caught.value.message
    assert "line-vision-broken.log" in caught.value.fix


def test_a_function_that_does_not_get_ready_in_time_is_named(tmp_path: Path) -> None:
    group = Group()
    group.function("slow", package("import time\ntime.sleep(60)\n"))
    with running(group, tmp_path, start=False) as run:
        begin = time.monotonic()
        with pytest.raises(CoreError, match=r"line-vision-slow is not ready after 0\.5 s"):
            run.core.start(timeout=0.5)
        assert time.monotonic() - begin < 10


def test_no_process_is_left_after_the_stop(tmp_path: Path) -> None:
    code = "import subprocess\nsubprocess.Popen(['sleep', '600'])\n" + ECHO
    group = echo_group()
    group.function("echo", package(code, sdk()))
    group.functions.pop()
    with running(group, tmp_path) as run:
        leader = int(str(run.core.health()[0]["ProcessId"]))
        assert len(alive_in_group(leader)) == 2
    wait_for(lambda: not alive_in_group(leader))


def test_the_core_starts_from_what_is_in_force(tmp_path: Path) -> None:
    """After a refused deployment the old one serves, and a start needs no deployment."""
    group = echo_group()
    with running(group, tmp_path, start=False):
        pass
    old = group.load(tmp_path / "documents")
    key = "s3://line-vision-greengrass/ggfleet/line-vision/functions/echo-gateway.zip"
    content = group.store.objects[key]
    group.store.objects[key] = package("", sdk())
    group.store.lies[key] = "0" * 64
    with EmbeddedCore(old, group.store, tmp_path / "greengrass", python=PYTHON) as core:
        with pytest.raises(CoreError, match="the checksum is wrong"):
            core.deploy()
        core.start()
        core.send("in/x", b"1")
        assert core.next_answer(ANSWER_TIMEOUT) is not None
    assert content != group.store.objects[key]


def test_one_root_has_one_core(tmp_path: Path) -> None:
    group = echo_group()
    with running(group, tmp_path, start=False) as run:
        second = EmbeddedCore(run.core.deployment, group.store, tmp_path / "greengrass")
        with pytest.raises(CoreError, match="another core uses"), second:
            pass


def test_a_start_without_a_deployment_says_what_to_do(tmp_path: Path) -> None:
    group = echo_group()
    deployment = group.load(tmp_path / "documents")
    with EmbeddedCore(deployment, group.store, tmp_path / "greengrass", python=PYTHON) as core:
        with pytest.raises(CoreError, match="is not in force") as caught:
            core.start()
        with pytest.raises(CoreError, match="does not run"):
            core.send("in", b"")
    assert caught.value.fix == "deploy first"


def test_a_namespace_that_is_refused_falls_back_and_says_why(tmp_path: Path) -> None:
    group = act_group(variables={"PYTHONPATH": "/mllibs"})
    machine = Surround(os.environ, probe=lambda _folder, _python: "Operation not permitted")
    lines: list[str] = []
    deployment = group.load(tmp_path / "documents")
    root = tmp_path / "greengrass"
    core = EmbeddedCore(
        deployment, group.store, root, python=PYTHON, log=lines.append, machine=machine
    )
    with core:
        report = core.deploy()
        core.start()
    assert report.isolation == "relocated"
    said = [line for line in lines if line.startswith("isolation")]
    assert said == ["isolation of containers: relocated (Operation not permitted)"]


def test_the_log_is_bounded_as_the_logger_says(tmp_path: Path) -> None:
    code = "print('x' * 900)\n" * 30 + ECHO
    group = echo_group()
    group.function("echo", package(code, sdk()))
    group.functions.pop()
    group.loggers.append(
        {"Id": "l", "Component": "Lambda", "Type": "FileSystem", "Level": "INFO", "Space": 10}
    )
    with running(group, tmp_path) as run:
        log = run.core.layout.log("eu-west-1", "123456789012", "line-vision-echo")
        wait_for(log.with_suffix(".log.1").exists)
    assert log.stat().st_size <= 10 * 1024


def test_the_protocol_refuses_strangers(tmp_path: Path) -> None:
    """By HTTP, without the SDK: tokens, foreign work, wrong calls; health needs no token."""
    opener = build_opener(ProxyHandler({}))
    with running(echo_group(), tmp_path) as run:
        health = json.loads(opener.open(run.core.health_url, timeout=5).read())
        assert health[0]["FuncArn"] == arn("echo")
        assert health[0]["WorkerState"] == "Waiting"
        base = run.core.health_url.replace("health/workers", "functions/")

        def status(method: str, path: str, token: str = "", **headers: str) -> tuple[int, str]:
            request = Request(base + path, b"", {"Authorization": token, **headers}, method=method)
            try:
                return opener.open(request, timeout=5).status, ""
            except HTTPError as error:
                with error:
                    return error.code, error.read().decode()

        assert status("POST", arn("echo"))[0] == 403
        assert status("GET", f"{arn('echo')}/work", "wrong")[0] == 403
        environment = Path(f"/proc/{health[0]['ProcessId']}/environ").read_bytes().split(b"\0")
        token = dict(v.split(b"=", 1) for v in environment if v)[
            b"AWS_CONTAINER_AUTHORIZATION_TOKEN"
        ].decode()
        assert status("POST", arn("echo"), token)[0] == 202
        assert status("GET", f"{arn('other')}/work", token)[0] == 403
        assert status("DELETE", arn("echo"), token)[0] in (404, 501)
        assert status("PUT", f"{arn('echo')}/initialized", token)[0] == 400
        router = "arn:aws:lambda:::function:GGRouter"
        bad = {"X-Amz-Client-Context": "!"}
        assert status("POST", router, token, **bad)[0] == 400
        forged = {
            "X-Amz-Client-Context": "eyJjdXN0b20iOiB7InNvdXJjZSI6ICJjbG91ZCIsICJzdWJqZWN0IjogIngifX0="
        }
        assert status("POST", router, token, **forged) == (403, "cloud is not who asks")
        assert status("POST", arn("echo"), token, **{"X-Amz-Invocation-Type": "X"})[0] == 400
