"""Work for functions: bounded queues, the processes that take from them, and results."""

from __future__ import annotations

import json
import secrets
import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

MAX_WAITING = 1024
"""A V1 core's `maxWorkItemCount`."""

MAX_RESULTS = 1024
"""Results kept for callers that have not fetched them; older ones go."""

HANDLED, UNHANDLED = "Handled", "Unhandled"


class QueueFullError(Exception):
    """A function has `MAX_WAITING` messages waiting."""


@dataclass(frozen=True)
class Result:
    """What a call ended in: `error` is empty, `Handled` (the handler's) or `Unhandled`."""

    payload: bytes
    error: str = ""

    @classmethod
    def unhandled(cls, message: str) -> Result:
        """An error that the core itself has seen."""
        return cls(json.dumps({"errorMessage": message}).encode(), UNHANDLED)

    def message(self) -> str:
        """The error in words."""
        try:
            return str(json.loads(self.payload)["errorMessage"])
        except (ValueError, KeyError, TypeError):
            return self.payload.decode(errors="replace")


class Invocation:
    """One call of a function. `context` is base64 as it travels, `topic` empty for direct calls."""

    def __init__(self, arn: str, payload: bytes, context: str, topic: str = "") -> None:
        self.id = str(uuid.uuid4())
        self.arn = arn
        self.payload = payload
        self.context = context
        self.topic = topic
        self.result: Result | None = None
        self._done = threading.Event()

    def finish(self, result: Result) -> None:
        """Set the result and wake whoever waits for it."""
        self.result = result
        self._done.set()

    def wait(self) -> Result:
        """The result. Every invocation gets one: at the latest when the core stops."""
        self._done.wait()
        assert self.result is not None  # finish sets it first
        return self.result


class Worker:
    """One process of a function, as the daemon knows it: by its token."""

    def __init__(self, queue: WorkQueue, timeout: float, kill: Callable[[], None]) -> None:
        self.id = str(uuid.uuid4())
        self.token = secrets.token_urlsafe(32)
        self.queue = queue
        self.timeout = timeout
        self.kill = kill
        self.pid = 0
        self.state = "Starting"
        self.current: Invocation | None = None
        self.closed = False
        self.timer: threading.Timer | None = None
        self.started = threading.Event()
        self.init_error = ""
        self.end_reason = ""

    def initialized(self, success: bool, response: str) -> None:
        """The process tells that its module is loaded, or why it is not."""
        self.state = "Initialized" if success else "FailedInitialization"
        self.init_error = "" if success else response
        self.started.set()


class WorkQueue:
    """The messages that wait for one function, and the one its process works on.

    `finished` is called with each invocation when it has its result.
    """

    def __init__(self, arn: str, finished: Callable[[Invocation], None]) -> None:
        self.arn = arn
        self._finished = finished
        self._waiting: deque[Invocation] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._working: Invocation | None = None

    @property
    def full(self) -> bool:
        """Whether `put` would refuse."""
        return len(self._waiting) >= MAX_WAITING

    @property
    def pending(self) -> int:
        """How many messages have no result yet: those that wait, and the one in work."""
        with self._changed:
            return len(self._waiting) + (self._working is not None)

    def put(self, invocation: Invocation) -> None:
        """Add a message. Raises QueueFullError."""
        with self._changed:
            if self.full:
                raise QueueFullError(self.arn)
            closed = self._closed
            if not closed:
                self._waiting.append(invocation)
                self._changed.notify_all()
        if closed:
            self._finish(invocation, Result.unhandled("the core has stopped"))

    def wait_for_work(self) -> None:
        """Return when a message waits or the queue is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)

    def take(self, worker: Worker) -> Invocation | None:
        """The next message for a process, or None when the process has ended.

        The call's time runs from here on.
        """
        with self._changed:
            self._idle(worker)
            self._changed.wait_for(lambda: self._waiting or worker.closed)
            if worker.closed:
                return None
            invocation = self._waiting.popleft()
            worker.current, worker.state = invocation, "Working"
            self._working = invocation
            worker.timer = threading.Timer(worker.timeout, self._expire, (worker, invocation))
            worker.timer.daemon = True
            worker.timer.start()
            return invocation

    def _idle(self, worker: Worker) -> Invocation | None:
        """The process works on nothing from here on; returns what it worked on."""
        if worker.timer is not None:
            worker.timer.cancel()
        invocation, worker.current, worker.timer = worker.current, None, None
        worker.state = "Waiting"
        if invocation is self._working:
            self._working = None
            self._changed.notify_all()
        return invocation

    def give(self, worker: Worker, invocation_id: str, result: Result) -> bool:
        """Take a process's result; False when it does not work on that invocation."""
        with self._changed:
            if worker.current is None or worker.current.id != invocation_id:
                return False
            invocation = worker.current
            self._idle(worker)
        self._finish(invocation, result)
        return True

    def _expire(self, worker: Worker, invocation: Invocation) -> None:
        with self._changed:
            if worker.closed or worker.current is not invocation:
                return
        self.end(worker, f"the call timed out after {worker.timeout:g} s")
        worker.kill()

    def end(self, worker: Worker, reason: str) -> None:
        """A process has ended, or is about to be killed: what it worked on fails with `reason`."""
        with self._changed:
            if worker.closed:
                return
            worker.closed, worker.end_reason = True, reason
            invocation = self._idle(worker)
            worker.state = "Terminated"
            self._changed.notify_all()
        if invocation is not None:
            self._finish(invocation, Result.unhandled(reason))

    def close(self) -> None:
        """The core stops: what waits is answered as failed."""
        with self._changed:
            self._closed = True
            left, self._waiting = self._waiting, deque()
            self._changed.notify_all()
        for invocation in left:
            self._finish(invocation, Result.unhandled("the core has stopped"))

    def wait_idle(self, seconds: float) -> None:
        """Wait a while for the call that is being worked on."""
        with self._changed:
            self._changed.wait_for(lambda: self._working is None, seconds)

    def _finish(self, invocation: Invocation, result: Result) -> None:
        invocation.finish(result)
        self._finished(invocation)


class Results:
    """Invocations whose callers come back for the result, by id."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Invocation] = OrderedDict()

    def keep(self, invocation: Invocation) -> None:
        """Keep an invocation until its result is fetched."""
        with self._lock:
            self._kept[invocation.arn, invocation.id] = invocation
            while len(self._kept) > MAX_RESULTS:
                self._kept.popitem(last=False)

    def take(self, arn: str, invocation_id: str) -> Invocation | None:
        """The invocation, once."""
        with self._lock:
            return self._kept.pop((arn, invocation_id), None)
