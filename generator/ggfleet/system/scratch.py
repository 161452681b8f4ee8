"""Big files whose last name is known only when they are complete.

`ggfleet.system.files.atomic_file` needs the name first. A file of hundreds of megabytes that a
killed process leaves behind has to go too: a scratch file is locked while its writer lives, and the
kernel drops the lock with the process, so whoever gets the lock knows that the file is nobody's. A
process id in the name would lie between containers that share a folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ggfleet.system.files import sync_folder

SUFFIX = ".part"


@dataclass(frozen=True)
class Scratch:
    """A file being written."""

    path: Path
    stream: BinaryIO

    def settle(self, destination: Path) -> None:
        """Flush to the disk and become `destination`, a file of the same folder."""
        self.stream.flush()
        os.fchmod(self.stream.fileno(), 0o644)
        os.fsync(self.stream.fileno())
        self.path.replace(destination)
        sync_folder(destination.parent)


@contextlib.contextmanager
def scratch_file(folder: Path, label: str) -> Iterator[Scratch]:
    """Open a locked file in `folder`, which is gone afterwards unless it was settled."""
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    handle, path = _made(folder, label)
    try:
        with os.fdopen(handle, "w+b") as stream:
            yield Scratch(path, stream)
    finally:
        path.unlink(missing_ok=True)


def _made(folder: Path, label: str) -> tuple[int, Path]:
    """A locked file. One that somebody swept before it was locked is made again.

    Its age would not tell: clocks are set while programs run.
    """
    while True:
        handle, name = tempfile.mkstemp(prefix=f".{label}.", suffix=SUFFIX, dir=folder)
        fcntl.flock(handle, fcntl.LOCK_EX)
        if Path(name).exists():
            return handle, Path(name)
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove the scratch files of processes that are gone."""
    for path in folder.glob(f".*{SUFFIX}"):
        with contextlib.suppress(OSError), path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()
