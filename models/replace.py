"""A folder that takes the place of another as a whole. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


class FolderError(Exception):
    """The folder cannot or should not be replaced. Says why."""


@contextlib.contextmanager
def replaced_folder(folder: Path, marker: str) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `folder` when the block ends well.

    Whoever looks finds the old content, the new, or (between two renames) none, never a mixture.
    An existing folder is replaced only if it is empty or holds the file `marker`, that is, if it
    was made in this way. Two processes take turns; what a killed one left is cleared by the next.
    """
    folder = folder.absolute()
    fresh, previous = (folder.with_name(f".{folder.name}.{what}") for what in ("new", "old"))
    _refuse_foreign(folder, marker)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(f".{folder.name}.lock")):
        _clear(fresh, previous)
        fresh.mkdir()
        try:
            yield fresh
            _sync(fresh)
            _swap(fresh, folder, previous)
        finally:
            _clear(fresh, previous)


def _refuse_foreign(folder: Path, marker: str) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        raise FolderError(f"{folder} is not a folder")
    if any(folder.iterdir()) and not (folder / marker).is_file():
        raise FolderError(f"{folder} holds other files and no {marker}; name another folder")


@contextlib.contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as stream:
        # The kernel frees this lock when the process ends, however it ends.
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _clear(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def _sync(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(fresh: Path, folder: Path, previous: Path) -> None:
    if folder.exists():
        folder.rename(previous)
    fresh.rename(folder)
