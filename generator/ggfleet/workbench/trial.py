"""A fleet tried on this machine: from the spec to a running core, and a talk with it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle import build
from ggfleet.localcore import CoreEvent, EmbeddedCore, Failed
from ggfleet.model import Core, Fleet
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
        began, sent, got = time.monotonic(), 0, 0
        for message in messages:
            self._core.send(message.topic, message.payload)
            sent += 1
            while self._core.pending > AHEAD:
                got += self._hand_out(answered)
        while self._core.pending:
            got += self._hand_out(answered)
        got += self._hand_out(answered)
        seconds = time.monotonic() - began
        return Talk(sent, got, self._core.dropped, self._failures.count, seconds)

    def _hand_out(self, answered: Callable[[Message], None]) -> int:
        count = 0
        while answer := self._core.next_answer(POLL):
            answered(Message(answer.topic, answer.payload))
            count += 1
        return count


@contextlib.contextmanager
def running(trial: Trial, progress: Progress, log: Callable[[str], None]) -> Iterator[Running]:
    """Build, publish to a local endpoint, render, deploy and start; everything ends with the block.

    `log` gets what the core tells, from several threads.
    """
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
