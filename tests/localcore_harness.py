"""A core that runs, with functions that do what a message says."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ggfleet.localcore import CoreEvent, EmbeddedCore, Machine
from ggfleet.system.process import base_python
from localcore_support import Group, package, zip_of

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
        machine=Machine({**os.environ, "USERS_SECRET": "s"}, back_off=(0.05,)),
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
