"""A read-only file-system image (squashfs) out of a tree, which is never laid out on this disk.

The tree goes to `mksquashfs` as a tar stream, sorted, with fixed times and owners: the same tree
and the same mksquashfs give the same bytes. gzip is the one compression that every kernel with
squashfs reads; xz and zstd are choices of whoever built the kernel.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from ggfleet.bundle.tree import PROGRAM_MODE, Entry
from ggfleet.system.process import feed
from ggfleet.system.progress import Progress

MISSING = (
    "install the package squashfs-tools (apt install squashfs-tools), version 4.5 or newer, or "
    "write another `layout` for the library"
)

LEVEL = "6"
"""Of gzip. TensorFlow (1454 MB): 327 MB in 30 s; mksquashfs's own choice, 9, 325 MB in 93 s."""

OPTIONS = (
    *("-tar", "-noappend", "-no-xattrs", "-no-exports", "-all-root", "-root-mode", "755"),
    *("-comp", "gzip", "-Xcompression-level", LEVEL),
    *("-quiet", "-no-progress", "-exit-on-error"),
)

FIXED_TIME = {"SOURCE_DATE_EPOCH": "0"}
"""The time of the file system itself; as an option it would clash with this variable."""


def write_image(
    entries: Sequence[Entry], pieces: Iterator[bytes | None], path: Path, progress: Progress
) -> None:
    """Write the image of `entries` to `path`.

    `pieces` are the bytes of all files, one after the other, with None after each. Raises
    `ToolError` when mksquashfs is missing or fails.
    """
    stream = _tar(entries, pieces, progress)
    feed(["mksquashfs", "-", path, *OPTIONS], stream, env=FIXED_TIME, missing=MISSING)


def _tar(
    entries: Sequence[Entry], pieces: Iterator[bytes | None], progress: Progress
) -> Iterator[bytes]:
    yield from (_header(folder, tarfile.DIRTYPE, PROGRAM_MODE) for folder in _folders(entries))
    for entry in entries:
        yield _header(entry.path, tarfile.REGTYPE, entry.mode, entry.size)
        while (piece := next(pieces)) is not None:
            yield piece
            progress.advance(len(piece))
        yield bytes(-entry.size % tarfile.BLOCKSIZE)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _folders(entries: Sequence[Entry]) -> list[str]:
    """Every folder of the tree, each before what it holds. mksquashfs would choose their modes."""
    found = {str(above) for entry in entries for above in PurePosixPath(entry.path).parents}
    return sorted(found - {"."})


def _header(path: str, kind: bytes, mode: int, size: int = 0) -> bytes:
    info = tarfile.TarInfo(path)
    info.type, info.mode, info.size = kind, mode, size
    return info.tobuf(tarfile.GNU_FORMAT, encoding="utf-8")
