"""The blocks of a tar of a tree: the same tree gives the same bytes.

A V1 core makes folders for a `.tar.gz`'s directory entries alone, and wants one folder around
everything: `tar -czf model.tar.gz ./model` works there, a tar of the files does not. mksquashfs
would choose the modes of folders that have no entry.
"""

from __future__ import annotations

import posixpath
import tarfile
from collections.abc import Callable, Iterator, Sequence

from ggfleet.bundle.tree import PROGRAM_MODE, Entry


def tar_blocks(
    entries: Sequence[Entry], content: Callable[[], Iterator[bytes]], around: str = ""
) -> Iterator[bytes]:
    """Headers and contents of all files, in a folder `around` them where one is named.

    `content` gives the next file's bytes. No time, no user and no group is in it. Each folder is
    there before what it holds.
    """
    made: set[str] = set()
    for entry in entries:
        path = posixpath.join(around, entry.path)
        for folder in _missing(path, made):
            yield _header(folder, PROGRAM_MODE, tarfile.DIRTYPE)
        yield _header(path, entry.mode, tarfile.REGTYPE, entry.size)
        yield from content()
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _missing(path: str, made: set[str]) -> list[str]:
    """The folders of a file that have no entry yet, the outermost first."""
    found = []
    while (path := posixpath.dirname(path)) and path not in made:
        made.add(path)
        found.append(path)
    return found[::-1]


def _header(path: str, mode: int, kind: bytes, size: int = 0) -> bytes:
    info = tarfile.TarInfo(path)
    info.mode, info.type, info.size = mode, kind, size
    # Of the formats that hold long names this is the standard one (POSIX.1-2001).
    return info.tobuf(tarfile.PAX_FORMAT)
