"""A fleet tried on this machine: from the spec to a running core, and a talk with it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from ggfleet.bundle import build
from ggfleet.localcore import CoreEvent, EmbeddedCore, Failed
from ggfleet.model import Core, Fleet
from ggfleet.system.files import locked
from ggfleet.system.progress import Progress
from ggfleet.workbench.bench import Workbench
from ggfleet.workbench.host import interpreter
from ggfleet.workbench.messages import Message

AHEAD = 256
"""Messages in a function's queue before the next is sent; a V1 core drops what exceeds 1,024."""

POLL = 0.02
"""Seconds between two looks at the queues."""


@dataclass(frozen=True)
class Trial:
    """What runs where: `core` of `fleet`, below `root`, with archives in `bundles`."""

    fleet: Fleet
    core: Core
    root: Path
    bundles: Path
    cache: Path
    isolation: str = "auto"


@dataclass(frozen=True)
class Talk:
    """How a talk went. `failed` counts calls of functions that ended in an error."""

    sent: int
    answered: int
    dropped: int
    failed: int
    seconds: float


class Running:
    """A core whose functions are ready."""

    def __init__(self, core: EmbeddedCore, failures: _Failures) -> None:
        self._core = core
        self._failures = failures

    def talk(self, messages: Iterable[Message], answered: Callable[[Message], None]) -> Talk:
        """Send messages, hand out every answer to the cloud, return when all calls have ended."""
        began, sent = time.monotonic(), 0
        with _HandingOut(self._core, answered) as out:
            for message in messages:
                self._core.send(message.topic, message.payload)
                sent += 1
                out.wait(lambda: self._core.pending <= AHEAD)
            out.wait(lambda: not self._core.pending)
        seconds = time.monotonic() - began
        return Talk(sent, out.count, self._core.dropped, self._failures.count, seconds)


class _HandingOut:
    """Hands answers out from a thread of its own: the next message may be long in coming.

    What `answered` raises (a closed pipe) comes out of `wait` or at the end of the block.
    """

    def __init__(self, core: EmbeddedCore, answered: Callable[[Message], None]) -> None:
        self.count = 0
        self._core = core
        self._answered = answered
        self._ended = threading.Event()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        if kind is None:
            self._raise()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Return when the condition holds."""
        self._raise()
        while not condition():
            time.sleep(POLL)
            self._raise()

    def _run(self) -> None:
        try:
            while True:
                ended = self._ended.is_set()
                answer = self._core.next_answer(POLL)
                if answer is not None:
                    self._answered(Message(answer.topic, answer.payload))
                    self.count += 1
                elif ended:
                    return
        except Exception as error:  # noqa: BLE001 - it is raised in the thread that waits
            self._error = error

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error


@contextlib.contextmanager
def running(trial: Trial, progress: Progress, log: Callable[[str], None]) -> Iterator[Running]:
    """Build, publish to a local endpoint, render, deploy and start; everything ends with the block.

    `log` gets what the core tells, from several threads.
    """
    with locked(trial.root / "core", wait=False, fix="wait for it, or name another --root"):
        yield from _running(trial, progress, log)


def _running(trial: Trial, progress: Progress, log: Callable[[str], None]) -> Iterator[Running]:
    platform = trial.fleet.platforms[trial.core.platform]
    python = interpreter(platform)
    manifest = build(trial.fleet, [platform], trial.bundles, cache=trial.cache, progress=progress)
    failures = _Failures()
    with Workbench(trial.core, trial.fleet.aws, trial.root, progress) as bench:
        bench.publish(manifest, trial.bundles)
        deployment = bench.deployment(trial.fleet, manifest, "group-v1")
        with EmbeddedCore(
            deployment,
            bench.store(),
            trial.root / "core",
            python=python,
            log=log,
            on_event=failures,
            isolation_mode=trial.isolation,
        ) as core:
            progress.step(f"deploying {deployment.group}")
            core.deploy()
            progress.step("starting the functions")
            core.start()
            yield Running(core, failures)


class _Failures:
    """Counts calls that ended in an error; the core tells from several threads."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, event: CoreEvent) -> None:
        if isinstance(event, Failed):
            with self._lock:
                self.count += 1
