"""What both embedded cores are: they hold a folder, hand answers out, tell what goes wrong."""

from __future__ import annotations

import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import IO, Self

from ggfleet.errors import CoreError
from ggfleet.localcore.events import CoreEvent, Dropped, Failed, Message
from ggfleet.localcore.layout import Layout, hold
from ggfleet.localcore.logs import FunctionLog
from ggfleet.localcore.resources import Wanted
from ggfleet.localcore.trees import InForce, Tree


class RunningCore(ABC):
    """A context manager: it holds the lock of its folder, and stops at the end.

    `log` gets a line for all that happens, `on_event` each `CoreEvent`, both from threads of the
    core. `dropped` counts messages that reached nobody.
    """

    def __init__(
        self, folders: Layout, log: Callable[[str], None], on_event: Callable[[CoreEvent], None]
    ) -> None:
        self.dropped = 0
        self._folders = folders
        self._log = log
        self._on_event = on_event
        self._answers: queue.Queue[Message] = queue.Queue()
        self._lock: IO[bytes] | None = None
        self._counting = threading.Lock()

    def __enter__(self) -> Self:
        self._lock = hold(self._folders)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @abstractmethod
    def stop(self) -> None:
        """End all processes. What is in force stays."""

    @property
    @abstractmethod
    def _runs(self) -> bool:
        """Whether it was started and not stopped since."""

    def next_answer(self, timeout: float) -> Message | None:
        """The next message for the cloud, or None when none comes within `timeout` seconds."""
        try:
            return self._answers.get(timeout=timeout)
        except queue.Empty:
            return None

    def _need_stopped(self) -> None:
        if self._lock is None:
            raise RuntimeError("use the core as a context manager")
        if self._runs:
            raise CoreError("the core is running", fix="stop it first")

    def _in_force(self, items: Iterable[Wanted]) -> dict[str, Tree]:
        """The trees in force, by key, if they are those of a deployment with these archives."""
        in_force = InForce(self._folders).read()
        for item in items:
            tree = in_force.get(item.key)
            if tree is None or tree.s3_uri != item.s3_uri or not tree.path.is_dir():
                raise CoreError(f"{item.s3_uri} is not in force on this core", fix="deploy first")
        return in_force

    def _answer(self, message: Message) -> None:
        self._answers.put(message)
        self._on_event(message)

    def _drop(self, dropped: Dropped) -> None:
        with self._counting:
            self.dropped += 1
        message = dropped.message
        self._log(f"dropped: {message.topic} from {message.source}: {dropped.reason}")
        self._on_event(dropped)

    def _fail(self, failed: Failed) -> None:
        on = f" on {failed.topic}" if failed.topic else ""
        self._log(f"{failed.function} failed{on} ({failed.kind}): {failed.reason}")
        self._on_event(failed)


def not_up(problem: str, log: FunctionLog) -> CoreError:
    """What is raised when something does not come up: with the last lines that it said."""
    said = "\n".join(f"  {line}" for line in log.last)
    return CoreError(f"{problem}\n{said}".rstrip(), fix=f"its log: {log.path}")
