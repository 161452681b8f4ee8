"""A read-only file-system image (squashfs) out of a tree, which is never laid out on this disk.

The tree goes to `mksquashfs` as a tar stream, sorted, with fixed times and owners: the same tree
and the same mksquashfs give the same bytes. gzip is the one compression that every kernel with
squashfs reads; xz and zstd are choices of whoever built the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ggfleet.system.process import feed

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


def write_image(blocks: Iterator[bytes], path: Path) -> None:
    """Write the image of a tree, which comes as the blocks of a tar, to `path`.

    Raises `ToolError` when mksquashfs is missing or fails.
    """
    feed(["mksquashfs", "-", path, *OPTIONS], blocks, env=FIXED_TIME, missing=MISSING)
