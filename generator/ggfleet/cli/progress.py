"""Progress of long work on stderr: a live bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

from ggfleet.cli import output
from ggfleet.system.progress import Progress as Listener
from ggfleet.system.progress import Silent


@contextmanager
def reporting(*, quiet: bool = False) -> Iterator[Listener]:
    """What long work reports to; closes the live display however the work ends."""
    if quiet:
        yield Silent()
    elif output.is_terminal():
        with _Bars() as bars:
            yield bars
    else:
        yield _Lines()


class _Lines:
    """For logs: each step, what is worth keeping, and counted work that took its time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = 0.0
        self._label = ""
        self._done = 0

    def step(self, text: str) -> None:
        output.err.print(escape(text))

    def start(self, label: str, total_bytes: int) -> None:  # noqa: ARG002 - told when it is done
        self._began, self._label, self._done = self._clock(), label, 0

    def advance(self, count: int) -> None:
        self._done += count

    def finish(self) -> None:
        seconds = self._clock() - self._began
        if seconds >= 1:
            text = f"{self._label}: {output.megabytes(self._done)} in {seconds:.1f} s"
            output.err.print(escape(text))

    def say(self, text: str) -> None:
        output.err.print(escape(text))


class _Bars:
    """For people: a spinner with the present step, and a bar while bytes are counted."""

    def __init__(self) -> None:
        self._display = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeElapsedColumn(),
            console=output.err,
            transient=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> _Bars:
        self._display.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._display.stop()

    def step(self, text: str) -> None:
        self._replace(text, None)

    def start(self, label: str, total_bytes: int) -> None:
        self._replace(label, total_bytes or None)

    def advance(self, count: int) -> None:
        if self._task is not None:
            self._display.advance(self._task, count)

    def finish(self) -> None:
        self._remove()

    def say(self, text: str) -> None:
        self._display.console.print(escape(text))

    def _replace(self, label: str, total: int | None) -> None:
        self._remove()
        self._task = self._display.add_task(escape(label), total=total)

    def _remove(self) -> None:
        if self._task is not None:
            self._display.remove_task(self._task)
            self._task = None
