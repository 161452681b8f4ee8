"""The IPC on a unix socket: asked by the unmodified awsiotsdk, and by somebody who sends noise."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import queue
import random
import socket
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components_support import allow
from ggfleet.localcore.v2.access import SECRETS, Authority, read_policies
from ggfleet.localcore.v2.broker import Realm
from ggfleet.localcore.v2.configuration import ConfigurationStore
from ggfleet.localcore.v2.frames import Frame, Value, decode, encode
from ggfleet.localcore.v2.operations import NucleusOperations
from ggfleet.localcore.v2.server import IpcServer
from ggfleet.localcore.v2.session import Kind
from localcore_harness import wait_for

ipc = pytest.importorskip("awsiot.greengrasscoreipc")
from awsiot.eventstreamrpc import AccessDeniedError  # noqa: E402
from awsiot.greengrasscoreipc import model  # noqa: E402
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2  # noqa: E402

TOKENS = {"one": "token-of-one", "two": "token-of-two"}
PATIENCE = 10


@dataclass
class Nucleus:
    server: IpcServer
    operations: NucleusOperations
    store: ConfigurationStore
    to_cloud: list[tuple[str, str, bytes]] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def subscriptions(self, component: str) -> int:
        return self.server.do(lambda: self.operations.broker.count(component))


def configuration() -> dict[str, Any]:
    one = allow("one", ["cloud/+/in", "out/#"], ["near/*", "near/#", "near/+"])
    one[SECRETS] = {"one:secrets:1": {"operations": ["*"], "resources": ["s", "missing"]}}
    two = allow("two", local=["near/*"])
    return {
        "one": {"accessControl": one, "deep": {"n": 1}, "word": "x"},
        "two": {"accessControl": two},
    }


@contextlib.contextmanager
def serving(
    folder: Path, secrets: dict[str, str] | None = None, handshake: float = 5
) -> Iterator[Nucleus]:
    store = ConfigurationStore(folder / "configuration.json")
    store.replace(configuration())
    policies = {name: read_policies(name, values) for name, values in store.values.items()}
    to_cloud: list[tuple[str, str, bytes]] = []
    reported: list[tuple[str, str]] = []
    lines: list[str] = []
    operations = NucleusOperations(
        TOKENS,
        Authority(policies),
        store,
        to_cloud=lambda *message: to_cloud.append(message),
        reported=lambda *state: reported.append(state),
        secrets=secrets,
        log=lines.append,
    )
    server = IpcServer(folder, operations, lines.append, handshake=handshake)
    server.start()
    try:
        yield Nucleus(server, operations, store, to_cloud, reported, lines)
    finally:
        server.stop()


@pytest.fixture
def nucleus(tmp_path: Path) -> Iterator[Nucleus]:
    with serving(tmp_path) as found:
        yield found


def connect(nucleus: Nucleus, component: str) -> GreengrassCoreIPCClientV2:
    raw = ipc.connect(ipc_socket=str(nucleus.server.path), authtoken=TOKENS[component])
    return GreengrassCoreIPCClientV2(client=raw, executor=None)


@pytest.fixture
def one(nucleus: Nucleus) -> Iterator[GreengrassCoreIPCClientV2]:
    client = connect(nucleus, "one")
    yield client
    client.close().result(PATIENCE)


@pytest.fixture
def two(nucleus: Nucleus) -> Iterator[GreengrassCoreIPCClientV2]:
    client = connect(nucleus, "two")
    yield client
    client.close().result(PATIENCE)


def binary(content: bytes) -> model.PublishMessage:
    return model.PublishMessage(binary_message=model.BinaryMessage(message=content))


def local(
    client: GreengrassCoreIPCClientV2, topic: str, mode: str | None = None
) -> queue.Queue[Any]:
    found: queue.Queue[Any] = queue.Queue()
    client.subscribe_to_topic(topic=topic, receive_mode=mode, on_stream_event=found.put)
    return found


def cloud(client: GreengrassCoreIPCClientV2, topic: str) -> queue.Queue[Any]:
    found: queue.Queue[Any] = queue.Queue()
    client.subscribe_to_iot_core(topic_name=topic, qos="1", on_stream_event=found.put)
    return found


def test_local_messages_reach_every_subscriber_of_a_fitting_filter(one: Any, two: Any) -> None:
    exact, tree, level = local(two, "near/a"), local(one, "near/#"), local(one, "near/+")
    two.publish_to_topic(topic="near/a", publish_message=binary(b"\x00\xff"))
    for inbox in (exact, tree, level):
        event = inbox.get(timeout=PATIENCE).binary_message
        assert (event.message, event.context.topic) == (b"\x00\xff", "near/a")
    message = model.PublishMessage(json_message=model.JsonMessage(message={"a": [1, None]}))
    two.publish_to_topic(topic="near/a/deep", publish_message=message)
    event = tree.get(timeout=PATIENCE).json_message
    assert (event.message, event.context.topic) == ({"a": [1, None]}, "near/a/deep")
    assert level.empty()
    assert exact.empty()


def test_ones_own_messages_come_as_the_receive_mode_says(one: Any) -> None:
    others = "RECEIVE_MESSAGES_FROM_OTHERS"
    inboxes = [
        local(one, "near/a"),
        local(one, "near/a", others),
        local(one, "near/+"),
        local(one, "near/+", "RECEIVE_ALL_MESSAGES"),
    ]
    one.publish_to_topic(topic="near/a", publish_message=binary(b""))
    inboxes[0].get(timeout=PATIENCE)
    inboxes[3].get(timeout=PATIENCE)
    assert inboxes[1].empty()
    assert inboxes[2].empty()


def test_messages_of_iot_core_go_out_and_come_in_by_filter(nucleus: Nucleus, one: Any) -> None:
    inbox, own = cloud(one, "cloud/+/in"), cloud(one, "out/#")
    one.publish_to_iot_core(topic_name="out/x", qos="0", payload=b"p")
    assert nucleus.to_cloud == [("one", "out/x", b"p")]
    assert own.get(timeout=PATIENCE).message.payload == b"p"
    publish = nucleus.operations.broker.publish
    assert nucleus.server.do(lambda: publish(Realm.IOT_CORE, "", "cloud/7/in", b"q")) == ("one",)
    event = inbox.get(timeout=PATIENCE).message
    assert (event.topic_name, event.payload) == ("cloud/7/in", b"q")
    assert nucleus.server.do(lambda: publish(Realm.IOT_CORE, "", "cloud/7/out", b"q")) == ()


def test_local_and_cloud_messages_never_meet(nucleus: Nucleus, one: Any) -> None:
    near = local(one, "near/#", "RECEIVE_ALL_MESSAGES")
    one.publish_to_iot_core(topic_name="out/x", qos="1", payload=b"")
    one.publish_to_topic(topic="near/end", publish_message=binary(b""))
    assert near.get(timeout=PATIENCE).binary_message.context.topic == "near/end"
    assert len(nucleus.to_cloud) == 1


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda c: c.publish_to_iot_core(topic_name="no", qos="1", payload=b""), "Unauthorized"),
        (lambda c: cloud(c, "cloud/#"), "Unauthorized"),
        (lambda c: local(c, "far"), "Unauthorized"),
        (lambda c: c.publish_to_topic(topic="far", publish_message=binary(b"")), "Unauthorized"),
        (lambda c: c.get_secret_value(secret_id="other"), "Unauthorized"),
        (lambda c: c.get_secret_value(secret_id="s"), "Service"),
        (lambda c: c.list_components(), "Service"),
        (lambda c: c.get_thing_shadow(thing_name="t", shadow_name=""), "Service"),
        (lambda c: c.get_configuration(key_path=["deep", "no"]), "ResourceNotFound"),
        (lambda c: c.get_configuration(component_name="three"), "ResourceNotFound"),
        (
            lambda c: c.publish_to_topic(topic="near/+", publish_message=binary(b"")),
            "InvalidArguments",
        ),
        (lambda c: local(c, "near/a#"), "InvalidArguments"),
        (lambda c: local(c, "near/a", "SOME"), "InvalidArguments"),
        (lambda c: c.publish_to_topic(topic="near/a"), "InvalidArguments"),
        (
            lambda c: c.publish_to_iot_core(topic_name="out/x", qos="2", payload=b""),
            "InvalidArguments",
        ),
        (
            lambda c: c.publish_to_iot_core(topic_name="out/x", qos="1", payload=bytes(131073)),
            "InvalidArguments",
        ),
        (lambda c: c.update_configuration(key_path=[]), "InvalidArguments"),
        (
            lambda c: c.update_configuration(value_to_merge={"accessControl": {}}),
            "InvalidArguments",
        ),
        (
            lambda c: c.update_configuration(key_path=["accessControl"], value_to_merge={}),
            "InvalidArguments",
        ),
        (lambda c: c.update_state(state="HAPPY"), "InvalidArguments"),
    ],
)
def test_a_refusal_has_the_shape_that_the_client_knows(
    one: Any, ask: Callable[[Any], object], error: str
) -> None:
    with pytest.raises(getattr(model, f"{error}Error")) as refusal:
        ask(one)
    assert refusal.value.message


def test_configuration_is_read_merged_and_told(nucleus: Nucleus, one: Any, two: Any) -> None:
    changes: queue.Queue[Any] = queue.Queue()
    two.subscribe_to_configuration_update(
        component_name="one", key_path=["deep"], on_stream_event=changes.put
    )
    now = dt.datetime.now(dt.UTC)
    one.update_configuration(key_path=["deep"], timestamp=now, value_to_merge={"m": [1]})
    event = changes.get(timeout=PATIENCE).configuration_update_event
    assert (event.component_name, event.key_path) == ("one", ["deep"])
    answer = two.get_configuration(component_name="one", key_path=["deep"])
    assert (answer.component_name, answer.value) == ("one", {"n": 1, "m": [1]})
    assert one.get_configuration(key_path=["word"]).value == {"word": "x"}
    assert set(one.get_configuration().value) == {"accessControl", "deep", "word"}
    one.update_configuration(key_path=["word"], value_to_merge="y")
    assert changes.empty()
    assert ConfigurationStore(nucleus.store._file).values["one"]["word"] == "y"


def test_a_state_is_passed_on(nucleus: Nucleus, one: Any) -> None:
    one.update_state(state="RUNNING")
    assert nucleus.reported == [("one", "RUNNING")]


def test_secrets_are_those_given_locally(tmp_path: Path) -> None:
    with serving(tmp_path, {"s": "hidden"}) as nucleus:
        client = connect(nucleus, "one")
        answer = client.get_secret_value(secret_id="s")
        assert answer.secret_value.secret_string == "hidden"
        assert answer.version_stage == ["AWSCURRENT"]
        with pytest.raises(model.ResourceNotFoundError):
            client.get_secret_value(secret_id="missing")
        client.close().result(PATIENCE)


def test_a_wrong_token_is_refused(nucleus: Nucleus) -> None:
    with pytest.raises(AccessDeniedError):
        ipc.connect(ipc_socket=str(nucleus.server.path), authtoken="wrong")
    assert "token that is no component's" in nucleus.lines[-1]


def test_the_socket_is_its_owners_alone(nucleus: Nucleus) -> None:
    assert stat.S_IMODE(nucleus.server.path.stat().st_mode) == 0o600


def test_a_folder_too_deep_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with serving(deep) as nucleus:
        path = nucleus.server.path
        assert len(str(path)) <= 107
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        connect(nucleus, "one").close().result(PATIENCE)
    assert not path.parent.exists()


def test_a_message_of_four_megabytes_passes(one: Any, two: Any) -> None:
    inbox = local(one, "near/big")
    content = random.Random(1).randbytes(4 << 20)
    two.publish_to_topic(topic="near/big", publish_message=binary(content))
    assert inbox.get(timeout=PATIENCE).binary_message.message == content


def test_a_closed_stream_and_a_gone_client_lose_their_subscriptions(nucleus: Nucleus) -> None:
    client = connect(nucleus, "one")
    _, operation = client.subscribe_to_topic(topic="near/a", on_stream_event=print)
    local(client, "near/b")
    assert nucleus.subscriptions("one") == 2
    operation.close().result(PATIENCE)
    wait_for(lambda: nucleus.subscriptions("one") == 1)
    client.close().result(PATIENCE)
    wait_for(lambda: nucleus.subscriptions("one") == 0)


def test_one_that_does_not_read_is_dropped_and_the_others_go_on(nucleus: Nucleus, two: Any) -> None:
    slow = Raw(nucleus)
    slow.connect("one")
    slow.send(
        {
            ":message-type": 0,
            ":message-flags": 0,
            ":stream-id": 1,
            "operation": "aws.greengrass#SubscribeToTopic",
        },
        {"topic": "near/a"},
    )
    wait_for(lambda: nucleus.subscriptions("one") == 1)
    content = bytes(4 << 20)
    for _ in range(12):
        two.publish_to_topic(topic="near/a", publish_message=binary(content))
    wait_for(lambda: nucleus.subscriptions("one") == 0)
    two.publish_to_topic(topic="near/a", publish_message=binary(b"still here"))
    slow.close()


class Raw:
    """A connection that sends what a client would not."""

    def __init__(self, nucleus: Nucleus) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(nucleus.server.path))

    def connect(self, component: str) -> Frame:
        headers: dict[str, Value] = {":message-type": int(Kind.CONNECT), ":message-flags": 0}
        self.send(
            {**headers, ":stream-id": 0, ":version": "0.1.0"}, {"authToken": TOKENS[component]}
        )
        return self.receive()

    def send(self, headers: dict[str, Value], content: object) -> None:
        self.socket.sendall(encode(Frame(headers, json.dumps(content).encode())))

    def receive(self) -> Frame:
        prelude = self.socket.recv(12, socket.MSG_WAITALL)
        rest = self.socket.recv(int.from_bytes(prelude[:4], "big") - 12, socket.MSG_WAITALL)
        return decode(prelude + rest)

    def ended(self) -> bool:
        """Whether the server closes; what it sends before is passed over."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(65536):
                pass
        return True

    def close(self) -> None:
        self.socket.close()


MESSAGE: dict[str, Value] = {":message-type": 0, ":message-flags": 0, ":stream-id": 1}


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({":message-type": 0, ":stream-id": 1, ":message-flags": 0}, {}),
        ({**MESSAGE, "operation": "other#Thing"}, {}),
        ({**MESSAGE, ":stream-id": 0, "operation": "aws.greengrass#UpdateState"}, {}),
        ({**MESSAGE, ":stream-id": -1, "operation": "aws.greengrass#UpdateState"}, {}),
        ({**MESSAGE, ":message-type": "0"}, {}),
        ({**MESSAGE, ":message-type": 99}, {}),
        ({":stream-id": 1}, {}),
    ],
)
def test_a_frame_that_makes_no_sense_ends_its_connection(
    nucleus: Nucleus, headers: dict[str, Value], content: object
) -> None:
    raw = Raw(nucleus)
    raw.connect("one")
    raw.send(headers, content)
    assert raw.ended()
    raw.close()
    wait_for(lambda: any("is no message" in line for line in nucleus.lines))


@pytest.mark.parametrize("payload", [b"{", b"[]", b"\xff", b"[" * 100_000])
def test_a_request_that_is_no_json_object_is_an_invalid_argument(
    nucleus: Nucleus, payload: bytes
) -> None:
    raw = Raw(nucleus)
    raw.connect("one")
    headers = {**MESSAGE, "operation": "aws.greengrass#GetConfiguration"}
    raw.socket.sendall(encode(Frame(headers, payload)))
    assert raw.receive().text("service-model-type") == "aws.greengrass#InvalidArgumentsError"
    raw.close()


def test_a_ping_is_answered(nucleus: Nucleus) -> None:
    raw = Raw(nucleus)
    raw.connect("one")
    raw.send({**MESSAGE, ":message-type": int(Kind.PING), ":stream-id": 0}, "hello")
    answer = raw.receive()
    assert (answer.number(":message-type"), answer.payload) == (Kind.PING_RESPONSE, b'"hello"')
    raw.close()


def test_half_a_character_in_a_request_is_an_invalid_argument(nucleus: Nucleus) -> None:
    raw = Raw(nucleus)
    raw.connect("one")
    raw.send({**MESSAGE, "operation": "aws.greengrass#SubscribeToTopic"}, {"topic": "\ud800"})
    assert raw.receive().text("service-model-type") == "aws.greengrass#InvalidArgumentsError"
    raw.close()


def noise(source: random.Random) -> bytes:
    """A frame that was right once, or bytes that never were any."""
    good = encode(
        Frame(
            {
                **MESSAGE,
                ":message-type": source.choice([0, 2, 4]),
                "operation": "aws.greengrass#UpdateState",
            },
            b'{"state": "RUNNING"}',
        )
    )
    match source.randrange(4):
        case 0:
            return source.randbytes(source.randrange(1, 200))
        case 1:
            return good[: source.randrange(1, len(good))]
        case 2:
            at = source.randrange(len(good))
            return good[:at] + source.randbytes(1 + source.randrange(4)) + good[at + 1 :]
    return good + source.randbytes(source.randrange(1, 60))


def test_the_server_outlives_three_thousand_connections_of_noise(
    nucleus: Nucleus, two: Any
) -> None:
    """Seed 7; half of them shake hands first. A client that was there before goes on."""
    source = random.Random(7)
    inbox = local(two, "near/a")
    for n in range(3000):
        raw = Raw(nucleus)
        if n % 2:
            raw.connect("one")
        raw.socket.sendall(noise(source))
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.ended()
        raw.close()
    two.publish_to_topic(topic="near/a", publish_message=binary(b"alive"))
    assert inbox.get(timeout=PATIENCE).binary_message.message == b"alive"
    wait_for(lambda: len(nucleus.server._sessions) == 1)
    assert not any("internal error" in line for line in nucleus.lines)
    assert sum("is no message" in line for line in nucleus.lines) > 1000


def test_one_that_says_nothing_is_dropped(tmp_path: Path) -> None:
    with serving(tmp_path, handshake=0.2) as nucleus:
        raw = Raw(nucleus)
        begin = time.monotonic()
        assert raw.ended()
        assert time.monotonic() - begin < PATIENCE / 2
        raw.close()
