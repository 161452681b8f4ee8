"""What will lie on the device: paths, modes, and where each file's bytes come from.

No tree is laid out on this disk. Bytes stream from wheels and source folders into the archive; a
step that has to change a file (strip it, compile it) puts an entry with other content in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from ggfleet.errors import BundleError

FILE_MODE = 0o644
PROGRAM_MODE = 0o755


class Content(Protocol):
    """The bytes of one file; they can be read more than once."""

    def chunks(self) -> Iterator[bytes]:
        """The bytes in pieces of at most a megabyte or so."""


@dataclass(frozen=True)
class Entry:
    """A file of the tree. `path` is relative, with `/`; `origin` says where it came from.

    `sha256`, where it is known beforehand, is what the bytes must have when they are packed.
    """

    path: str
    mode: int
    size: int
    origin: str
    content: Content
    sha256: str = ""

    def digest(self) -> str:
        """The SHA-256 of the bytes, read once more if need be."""
        if self.sha256:
            return self.sha256
        digest = hashlib.sha256()
        for chunk in self.content.chunks():
            digest.update(chunk)
        return digest.hexdigest()


def lay(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """One tree out of many parts, sorted by path.

    The same path twice is fine with the same content. Otherwise `BundleError` names both origins:
    the order of parts must not decide what a device runs.
    """
    tree: dict[str, Entry] = {}
    for entry in entries:
        other = tree.setdefault(entry.path, entry)
        if other is not entry:
            tree[entry.path] = _same(other, entry)
    _refuse_files_as_folders(tree)
    # by code points, so that the order depends on no locale
    return tuple(tree[path] for path in sorted(tree))


def normal_mode(mode: int) -> int:
    """Whoever built the part had some umask; only whether a file is a program matters."""
    return PROGRAM_MODE if mode & 0o111 else FILE_MODE


def _same(one: Entry, two: Entry) -> Entry:
    if one.size != two.size or one.digest() != two.digest():
        raise BundleError(
            f"{one.path} comes from {one.origin} and, with other content, from {two.origin}",
            fix="rename or remove one of them, or leave one of the two out",
        )
    return one if one.mode == PROGRAM_MODE else two


def _refuse_files_as_folders(tree: dict[str, Entry]) -> None:
    for path, entry in tree.items():
        folder = path
        while folder := folder.rpartition("/")[0]:
            if folder in tree:
                raise BundleError(
                    f"{folder} is a file in {tree[folder].origin} and a folder in {entry.origin}",
                    fix="rename one of them",
                )


class TreeDigest:
    """The SHA-256 that names a tree: over one line `mode sha256 path` for each file, in order."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, path: str, mode: int, sha256: str) -> None:
        """Take the next file; paths come sorted."""
        # NUL ends a line because a path may hold a line feed, but never this
        self._digest.update(f"{mode:o} {sha256} {path}\0".encode())

    def hexdigest(self) -> str:
        """The digest of all files so far."""
        return self._digest.hexdigest()
