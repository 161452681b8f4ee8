"""Files of the fleet's owner: function folders and models."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ggfleet.bundle.tree import Entry, normal_mode
from ggfleet.errors import BundleError
from ggfleet.system.files import CHUNK, sha256

Ignore = Callable[[str], bool]
"""A file's or folder's bare name to whether it stays out."""

LEFT_OUT_FOLDERS = frozenset(("__pycache__", ".git", ".hg", ".svn"))
LEFT_OUT_ENDINGS = (".pyc", ".pyo", "~", ".swp", ".swo", ".orig", ".rej")

TRAIN = "train or fetch the model first, or correct `source` in the spec"


@dataclass(frozen=True)
class DiskFile:
    """The bytes of a file on this disk."""

    path: Path

    def chunks(self) -> Iterator[bytes]:
        """Read it in pieces."""
        with self.path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk


def function_entries(folder: Path) -> list[Entry]:
    """What a source folder puts into the package; leftovers of editors and Python stay out."""
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "does not exist"
        raise BundleError(f"function source {folder} {state}", fix="correct `source` in the spec")
    return list(_walk(folder, str(folder), _is_leftover))


def model_entries(source: Path) -> list[Entry]:
    """A model: what the folder holds, or the one file, directly below the destination."""
    if source.is_dir():
        entries = list(_walk(source, str(source), lambda _: False))
        if not entries:
            raise BundleError(f"model source {source} holds no file", fix=TRAIN)
        return entries
    if not source.is_file():
        raise BundleError(
            f"model source {source} does not exist",
            fix=TRAIN,
        )
    return [file_entry(source, source.name, str(source))]


def _is_leftover(name: str) -> bool:
    return (
        name in LEFT_OUT_FOLDERS
        or name.endswith(LEFT_OUT_ENDINGS)
        or (name.startswith("#") and name.endswith("#"))
        or name.startswith(".#")
    )


def _walk(folder: Path, origin: str, ignore: Ignore) -> Iterator[Entry]:
    for top, folders, files in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not ignore(name)]
        for name in folders:
            _refuse_link(Path(top, name))
        for name in files:
            if not ignore(name):
                path = Path(top, name)
                yield file_entry(path, PurePosixPath(path.relative_to(folder)).as_posix(), origin)


def file_entry(path: Path, name: str, origin: str) -> Entry:
    """One file at a path of the tree. Raises `BundleError` for a link or what cannot be read."""
    _refuse_link(path)
    if not path.is_file():
        raise BundleError(f"{path} is not a regular file", fix="move it out of the source folder")
    try:
        name.encode()
        state = path.stat()
        digest = sha256(path)
    except (OSError, UnicodeEncodeError) as error:
        raise BundleError(f"{str(path)!a} cannot be read: {error}") from error
    return Entry(name, normal_mode(state.st_mode), state.st_size, origin, DiskFile(path), digest)


def _refuse_link(path: Path) -> None:
    if path.is_symlink():
        raise BundleError(
            f"{path} is a symbolic link; Greengrass unpacks files only",
            fix="put the file itself there, or name its folder as a further source",
        )


def _unreadable(error: OSError) -> None:
    raise BundleError(f"{error.filename} cannot be read: {error.strerror}") from error
