"""Routing, queues and shadows of the embedded core."""

from __future__ import annotations

import base64
import json
import threading
import time

import pytest

from ggfleet.localcore.deployment import CoreSubscription
from ggfleet.localcore.events import Dropped, Message
from ggfleet.localcore.router import PublishError, Router
from ggfleet.localcore.shadow import ShadowService
from ggfleet.localcore.topics import MAX_PAYLOAD
from ggfleet.localcore.work import (
    MAX_RESULTS,
    MAX_WAITING,
    Invocation,
    QueueFullError,
    Result,
    Results,
    Worker,
    WorkQueue,
)

ONE = "arn:aws:lambda:eu-west-1:123456789012:function:one:prod"
TWO = "arn:aws:lambda:eu-west-1:123456789012:function:two:prod"


def no_kill() -> None:
    """The process under test is nobody's."""


class Wires:
    """A router with two functions; keeps what goes to the cloud and what is dropped."""

    def __init__(self, *subscriptions: tuple[str, str, str]) -> None:
        self.cloud: list[Message] = []
        self.dropped: list[Dropped] = []
        self.queues = {arn: WorkQueue(arn, lambda _: None) for arn in (ONE, TWO)}
        entries = [CoreSubscription(*entry) for entry in subscriptions]
        self.router = Router(entries, self.queues, self.cloud.append, self.dropped.append)

    def received(self, arn: str) -> Invocation:
        worker = Worker(self.queues[arn], 60, no_kill)
        invocation = self.queues[arn].take(worker)
        assert invocation is not None
        self.queues[arn].end(worker, "test over")
        return invocation


def test_a_message_goes_where_source_and_filter_fit() -> None:
    wires = Wires(("cloud", "in/+", ONE), (ONE, "in/+", "cloud"))
    wires.router.publish(Message("cloud", "in/x", b"1"))
    got = wires.received(ONE)
    assert got.payload == b"1"
    assert json.loads(base64.b64decode(got.context)) == {"custom": {"subject": "in/x"}}
    assert wires.cloud == []
    wires.router.publish(Message(ONE, "in/x", b"2"))
    assert wires.cloud == [Message(ONE, "in/x", b"2")]


def test_one_message_reaches_every_target_once() -> None:
    wires = Wires(("cloud", "a/+", ONE), ("cloud", "a/#", ONE), ("cloud", "#", TWO))
    wires.router.publish(Message("cloud", "a/b", b""))
    wires.received(ONE)
    wires.received(TWO)
    assert wires.router.targets("cloud", "a/b") == (ONE, TWO)


def test_a_message_without_a_subscription_is_dropped_and_said() -> None:
    wires = Wires(("cloud", "in", ONE))
    wires.router.publish(Message(ONE, "in", b"x"))
    assert wires.dropped == [Dropped(Message(ONE, "in", b"x"), "no subscription fits")]


@pytest.mark.parametrize(
    "message", [Message("cloud", "a/#", b""), Message("cloud", "a", b"x" * (MAX_PAYLOAD + 1))]
)
def test_what_no_core_takes_is_refused(message: Message) -> None:
    with pytest.raises(PublishError):
        Wires(("cloud", "#", ONE)).router.publish(message)


def test_a_full_queue_drops_or_refuses_by_the_publishers_policy() -> None:
    wires = Wires(("cloud", "a", ONE), ("cloud", "a", TWO))
    for _ in range(MAX_WAITING):
        wires.queues[ONE].put(Invocation(ONE, b"", ""))
    with pytest.raises(PublishError, match=r"queue of .*one.* is full"):
        wires.router.publish(Message("cloud", "a", b""), all_or_error=True)
    wires.router.publish(Message("cloud", "a", b"best effort"))
    assert [d.reason for d in wires.dropped] == [f"the queue of {ONE} is full"]
    assert wires.received(TWO).payload == b"best effort"
    with pytest.raises(QueueFullError):
        wires.queues[ONE].put(Invocation(ONE, b"", ""))


def test_a_call_that_takes_too_long_fails_and_its_process_is_killed() -> None:
    finished: list[Invocation] = []
    killed = threading.Event()
    queue = WorkQueue(ONE, finished.append)
    worker = Worker(queue, 0.05, killed.set)
    queue.put(Invocation(ONE, b"", ""))
    taken = queue.take(worker)
    assert taken is not None
    result = taken.wait()
    assert (result.error, result.message()) == ("Unhandled", "the call timed out after 0.05 s")
    assert killed.wait(5)
    assert finished == [taken]
    assert not queue.give(worker, taken.id, Result(b"late"))


def test_a_result_in_time_cancels_the_timeout() -> None:
    killed = threading.Event()
    queue = WorkQueue(ONE, lambda _: None)
    worker = Worker(queue, 0.05, killed.set)
    queue.put(Invocation(ONE, b"", ""))
    taken = queue.take(worker)
    assert taken is not None
    assert queue.give(worker, taken.id, Result(b"in time"))
    time.sleep(0.1)
    assert not killed.is_set()
    assert taken.wait() == Result(b"in time")


def test_a_message_is_not_lost_to_a_process_that_has_ended() -> None:
    """A poll of an ended process returns nothing; the next process gets the message."""
    queue = WorkQueue(ONE, lambda _: None)
    dead, alive = Worker(queue, 60, no_kill), Worker(queue, 60, no_kill)
    polled: list[Invocation | None] = []
    poll = threading.Thread(target=lambda: polled.append(queue.take(dead)))
    poll.start()
    queue.end(dead, "crashed")
    poll.join(5)
    assert polled == [None]
    queue.put(Invocation(ONE, b"kept", ""))
    taken = queue.take(alive)
    assert taken is not None
    assert taken.payload == b"kept"
    queue.end(alive, "test over")


def test_the_end_of_a_process_fails_what_it_worked_on() -> None:
    queue = WorkQueue(ONE, lambda _: None)
    worker = Worker(queue, 60, no_kill)
    queue.put(Invocation(ONE, b"", ""))
    taken = queue.take(worker)
    assert taken is not None
    queue.end(worker, "the process was killed by signal 9")
    assert taken.wait().message() == "the process was killed by signal 9"


def test_closing_a_queue_answers_what_waits() -> None:
    queue = WorkQueue(ONE, lambda _: None)
    before, after = Invocation(ONE, b"", ""), Invocation(ONE, b"", "")
    queue.put(before)
    queue.close()
    queue.put(after)
    assert before.wait().error == after.wait().error == "Unhandled"


def test_results_are_fetched_once_and_bounded() -> None:
    results = Results()
    first = Invocation(ONE, b"", "")
    results.keep(first)
    assert results.take(TWO, first.id) is None
    assert results.take(ONE, first.id) is first
    assert results.take(ONE, first.id) is None
    results.keep(first)
    for _ in range(MAX_RESULTS):
        results.keep(Invocation(ONE, b"", ""))
    assert results.take(ONE, first.id) is None


def shadow(
    service: ShadowService, operation: str, **body: object
) -> tuple[bool, dict[str, object]]:
    accepted, answer = service.answer(
        f"$aws/things/t/shadow/{operation}", json.dumps(body).encode() if body else b""
    )
    return accepted, json.loads(answer)


def test_a_shadow_is_updated_read_and_deleted() -> None:
    service = ShadowService(clock=lambda: 1.9)
    assert shadow(service, "get")[1]["code"] == 404
    shadow(service, "update", state={"desired": {"a": 1, "b": {"c": 2}}})
    accepted, answer = shadow(service, "update", state={"desired": {"a": None, "b": {"d": 3}}})
    assert (accepted, answer["version"], answer["timestamp"]) == (True, 2, 1)
    expected = {"state": {"desired": {"b": {"c": 2, "d": 3}}}, "version": 2, "timestamp": 1}
    assert shadow(service, "get") == (True, expected)
    assert shadow(service, "delete") == (True, {"version": 2, "timestamp": 1})
    assert shadow(service, "get")[0] is False


def test_a_shadow_update_of_an_old_version_is_rejected() -> None:
    service = ShadowService()
    shadow(service, "update", state={})
    accepted, answer = shadow(service, "update", state={}, version=7)
    assert (accepted, answer["code"]) == (False, 409)


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff"])
def test_a_shadow_update_that_is_no_update_is_rejected(payload: bytes) -> None:
    accepted, answer = ShadowService().answer("$aws/things/t/shadow/update", payload)
    assert (accepted, json.loads(answer)["code"]) == (False, 400)


def test_a_shadows_answer_goes_to_subscribers() -> None:
    topic = "$aws/things/t/shadow/update"
    wires = Wires(
        (ONE, topic, "GGShadowService"), ("GGShadowService", f"{topic}/accepted", "cloud")
    )
    wires.router.publish(Message(ONE, topic, b'{"state": {}}'))
    assert [m.topic for m in wires.cloud] == [f"{topic}/accepted"]
    assert wires.dropped == []
