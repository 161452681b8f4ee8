"""The file of raw data: one observation a line, on the disk before the next is made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ggfleet.compare.matrix.cells import Observation, read_lines, to_line
from ggfleet.system.files import locked


class Runs:
    """Observations of this and of former runs, which are not made again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.found: list[Observation] = []
        if path.exists():
            text = path.read_text()
            self.found = read_lines(text.splitlines(keepends=True), str(path))
            self._mend(text)
        self._done = {each.key for each in self.found}

    def has(self, key: tuple[str, int]) -> bool:
        """Tell whether this measurement was made."""
        return key in self._done

    def add(self, observation: Observation) -> None:
        """Append it; it lasts when this returns."""
        with self.path.open("a") as stream:
            stream.write(to_line(observation) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        self.found.append(observation)
        self._done.add(observation.key)

    def _mend(self, text: str) -> None:
        """Cut off a line that was being written when a run was killed."""
        if text and not text.endswith("\n"):
            whole = text.rfind("\n") + 1
            with self.path.open("r+b") as stream:
                stream.truncate(len(text[:whole].encode()))
                os.fsync(stream.fileno())


@contextmanager
def runs_in(path: Path) -> Iterator[Runs]:
    """The runs of a file that nobody else adds to meanwhile."""
    with locked(path.parent, wait=False, fix="wait for it, or name another file"):
        yield Runs(path)
