"""What greengrasssdk and the function's runtime ask of a V1 core, done over the V2 IPC.

Messages of the topics in the component's configuration are the work; what the function publishes
goes to AWS IoT Core or to local subscribers, as the configuration's routes say. Python 3.8, the
standard library and the unmodified awsiotsdk, which `component_runtime.py` brings in.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import queue
import sys
import threading
import time
from typing import Any, Callable, Dict, List, NamedTuple, Optional

BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts to reach the nucleus; the last one stays."""

PATIENCE = 30.0
"""Seconds that a publish waits for a nucleus that has gone."""

ROUTER = "arn:aws:lambda:::function:GGRouter"
SHADOW = "arn:aws:lambda:::function:GGShadowService"
SECRETS = "arn:aws:lambda:::function:GGSecretManager:1"
RECORD = "\x1e"


class IPCException(Exception):
    """The nucleus refused a request, or cannot be reached."""


class RefusedError(IPCException):
    """The nucleus's own answer is no; `code` is V1's for it."""

    def __init__(self, about: str, error: Exception) -> None:
        super().__init__(f"{about}: {error!r}")
        name = type(error).__name__
        known = {"ResourceNotFoundError": 404, "UnauthorizedError": 401, "ConflictError": 409}
        self.code = known.get(name, 500)


class WorkItem(NamedTuple):
    """A message for this function; `client_context` is base64, `payload` as it came."""

    invocation_id: str
    payload: bytes
    client_context: str


class WorkResult(NamedTuple):
    """What a service of the core answered; `func_err` is empty, as its errors are answers too."""

    payload: bytes
    func_err: str = ""


class Nucleus:
    """One connection to the nucleus, made again when it breaks.

    `connect` gets a callable for the end of the connection and returns a connected link with
    `subscribe(realm, topic, on_message)`, `publish(realm, topic, payload)`, `secret(id, stage)` and
    `shadow(verb, thing, payload)`, both of which return what V1 answers as JSON; `refused` says
    whether an exception of these is the nucleus's answer, and not the end of the connection.
    `routes` and `subscriptions` are lists of (realm, topic or filter).
    """

    def __init__(
        self,
        connect: Callable[[Callable[[], None]], Any],
        refused: Callable[[Exception], bool],
        routes: List[Any],
        subscriptions: List[Any],
        matches: Callable[[str, str], bool],
    ) -> None:
        self._connect = connect
        self._refused = refused
        self._routes = routes
        self._subscriptions = subscriptions
        self._matches = matches
        self._messages: queue.Queue[Any] = queue.Queue()
        self._link: Any = None
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)

    def open(self) -> None:
        """Connect and subscribe, for as long as it takes."""
        threading.Thread(target=self._keep, daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: self._link is not None)

    def _keep(self) -> None:
        """Connect, wait for the end of the connection, and begin again."""
        while True:
            ended = threading.Event()
            link = self._reach(ended)
            with self._changed:
                self._link = link
                self._changed.notify_all()
            ended.wait()
            with self._changed:
                self._link = None
            tell("the connection to the nucleus has ended")

    def _reach(self, ended: threading.Event) -> Any:
        """A connection with its subscriptions. A refusal ends the process: the nucleus sees it."""
        pauses = itertools.chain(BACK_OFF, itertools.repeat(BACK_OFF[-1]))
        while True:
            ended.clear()
            try:
                link = self._connect(ended.set)
                for realm, topic in self._subscriptions:
                    link.subscribe(realm, topic, self._messages.put)
            except Exception as error:  # noqa: BLE001 - trying again is all that can be done
                if self._refused(error):
                    tell(f"the nucleus refuses: {error!r}")
                    os._exit(1)
                pause = next(pauses)
                tell(f"the nucleus cannot be reached: {error!r}; again in {pause:g} s")
                time.sleep(pause)
            else:
                return link

    def _live(self, end: float, other_than: Any = None) -> Any:
        """The connection, another one than the given, waited for until `end`; None without."""
        with self._changed:
            rest = max(0.0, end - time.monotonic())
            self._changed.wait_for(lambda: self._link not in (None, other_than), rest)
            return None if self._link is other_than else self._link

    def next_work(self) -> WorkItem:
        """Wait for the next message."""
        topic, payload = self._messages.get()
        context = json.dumps({"custom": {"subject": topic}}).encode()
        return WorkItem(str(next(self._numbers)), payload, base64.b64encode(context).decode())

    def publish(self, topic: str, payload: bytes) -> None:
        """Send a message along every route that fits; a topic without one is dropped and told."""
        realms = [realm for realm, subject in self._routes if self._matches(subject, topic)]
        if not realms:
            tell(f"dropped: no route is for {topic}")
        for realm in dict.fromkeys(realms):
            self._send(realm, topic, payload)

    def _send(self, realm: str, topic: str, payload: bytes) -> None:
        self._do(topic, lambda link: link.publish(realm, topic, payload))

    def secret(self, request: bytes) -> bytes:
        """What the secret manager of V1 answers to this request."""
        asked = json.loads(request)
        name, stage = asked["SecretId"], asked.get("VersionStage")
        return self._answer(name, ("Status", "Message"), lambda link: link.secret(name, stage))

    def shadow(self, topic: str, payload: bytes) -> bytes:
        """What the shadow service of V1 answers on `$aws/things/THING/shadow/VERB`."""
        thing, verb = topic.split("/")[2], topic.rpartition("/")[2]
        keys = ("code", "message")
        return self._answer(topic, keys, lambda link: link.shadow(verb, thing, payload))

    def _answer(self, about: str, keys: Any, question: Callable[[Any], bytes]) -> bytes:
        """An answer, or the refusal of the nucleus as V1 has one: as an answer with two keys."""
        try:
            return self._do(about, question)  # type: ignore[no-any-return]
        except RefusedError as refusal:
            return json.dumps(dict(zip(keys, (refusal.code, str(refusal))))).encode()

    def _do(self, about: str, action: Callable[[Any], Any]) -> Any:
        """Use the connection; when it breaks meanwhile, the next one."""
        end = time.monotonic() + PATIENCE
        link = self._live(end)
        while link is not None:
            try:
                return action(link)
            except Exception as error:
                if self._refused(error):
                    raise RefusedError(about, error) from error
                link = self._live(end, link)
        raise IPCException(f"{about}: the nucleus cannot be reached")


NUCLEUS: Optional[Nucleus] = None
"""Set by component_runtime.py before the function's module is loaded."""


class IPCClient:
    """Has the methods of a V1 core's client; all clients share the one connection."""

    def __init__(self, endpoint: str = "localhost", port: Optional[int] = None) -> None:
        if NUCLEUS is None:
            raise IPCException("there is no nucleus: start the function by component_runtime.py")
        self._nucleus = NUCLEUS
        self._subject = ""
        self._results: Dict[str, bytes] = {}
        self._numbers = itertools.count(1)

    def post_work(
        self,
        function_arn: str,
        input_bytes: Any,
        client_context: Any,
        invocation_type: str = "RequestResponse",
    ) -> str:
        """Publish or ask for a secret or shadow, which to greengrasssdk are all invocations."""
        if function_arn not in (ROUTER, SHADOW, SECRETS):
            raise IPCException(f"a V2 component cannot call {function_arn}; it can publish")
        payload = _to_bytes(input_bytes)
        if function_arn == SECRETS:
            return self._keep(self._nucleus.secret(payload))
        subject = json.loads(base64.b64decode(client_context))["custom"]["subject"]
        if function_arn == SHADOW:
            return self._keep(self._nucleus.shadow(subject, payload))
        self._nucleus.publish(subject, payload)
        return ""

    def _keep(self, answer: bytes) -> str:
        name = str(next(self._numbers))
        self._results[name] = answer
        return name

    def get_work_result(self, function_arn: str, invocation_id: str) -> WorkResult:
        """The answer that came with the call."""
        if invocation_id not in self._results:
            raise IPCException(f"{function_arn} has no result")
        return WorkResult(self._results.pop(invocation_id))

    def get_work(self, function_arn: str) -> WorkItem:
        """Wait for the next message for this function."""
        item = self._nucleus.next_work()
        self._subject = json.loads(base64.b64decode(item.client_context))["custom"]["subject"]
        return item

    def post_work_result(self, function_arn: str, invocation_id: str, result: bytes) -> None:
        """What a handler returns goes nowhere on V2."""
        report({"topic": self._subject})

    def post_handler_err(
        self, function_arn: str, invocation_id: str, error: Any, kind: str = "Handled"
    ) -> None:
        """The runtime has logged the error; name the topic that it came with."""
        tell(f"the handler failed on {self._subject}")
        report({"topic": self._subject, "error": f"{error['errorType']}: {error['errorMessage']}"})

    def put_initialized(self, function_arn: str, success: bool, response: str = "") -> None:
        """The function is loaded: only now are its topics subscribed to."""
        if success:
            self._nucleus.open()
            report({"ready": True})


def tell(text: str) -> None:
    """A line of the component's log."""
    print(f"[ggfleet adapter] {text}", file=sys.stderr, flush=True)


def report(record: Any) -> None:
    """Tell the embedded core; a nucleus does not ask for it."""
    if os.environ.get("GGFLEET_REPORT"):
        print(RECORD + json.dumps(record), flush=True)


def _to_bytes(payload: Any) -> bytes:
    """Bytes, text, or something with read(), as greengrasssdk takes payloads."""
    content = payload.read() if hasattr(payload, "read") else payload
    return content.encode() if isinstance(content, str) else bytes(content)
