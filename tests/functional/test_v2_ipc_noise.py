"""The IPC on a unix socket, and somebody who sends what no client would."""

from __future__ import annotations

import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggfleet.localcore.v2.frames import Frame, Value, encode
from ggfleet.localcore.v2.session import Kind
from ipc_support import MESSAGE, PATIENCE, Nucleus, Raw, binary, connect, local, serving
from localcore_harness import wait_for


@pytest.fixture
def nucleus(tmp_path: Path) -> Iterator[Nucleus]:
    with serving(tmp_path) as found:
        yield found


def test_one_that_does_not_read_is_dropped_and_the_others_go_on(nucleus: Nucleus) -> None:
    two = connect(nucleus, "two")
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
    two.close().result(PATIENCE)


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
    nucleus: Nucleus,
) -> None:
    """Seed 7; half of them shake hands first. A client that was there before goes on."""
    source = random.Random(7)
    two = connect(nucleus, "two")
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
    two.close().result(PATIENCE)
    assert not any("internal error" in line for line in nucleus.lines)
    assert sum("is no message" in line for line in nucleus.lines) > 1000


def test_one_that_says_nothing_is_dropped(tmp_path: Path) -> None:
    with serving(tmp_path, handshake=0.2) as nucleus:
        raw = Raw(nucleus)
        begin = time.monotonic()
        assert raw.ended()
        assert time.monotonic() - begin < PATIENCE / 2
        raw.close()


def test_a_message_that_grows_too_long_on_its_way_is_refused(nucleus: Nucleus) -> None:
    """What is not ASCII is escaped when it is passed on: 7 MB become 21, of 16 that may be."""
    one = connect(nucleus, "one")
    local(one, "near/a")
    raw = Raw(nucleus)
    raw.connect("two")
    message = {"jsonMessage": {"message": {"a": "\xe9" * 3_500_000}}}
    content = json.dumps({"topic": "near/a", "publishMessage": message}, ensure_ascii=False)
    headers = {**MESSAGE, "operation": "aws.greengrass#PublishToTopic"}
    raw.socket.sendall(encode(Frame(headers, content.encode())))
    assert raw.receive().text("service-model-type") == "aws.greengrass#InvalidArgumentsError"
    raw.close()
    one.close().result(PATIENCE)
