"""A read-only file-system image (squashfs) out of a tree, which is never laid out on this disk.

The tree goes to `mksquashfs` as a tar stream, sorted, with fixed times and owners: the same tree
and the same mksquashfs give the same bytes. gzip is the one compression that every kernel with
squashfs reads; xz and zstd are choices of whoever built the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from ggfleet.errors import ToolError
from ggfleet.model import Compression
from ggfleet.system.process import feed

MISSING = (
    "install the package squashfs-tools (apt install squashfs-tools), version 4.5 or newer, or "
    "write another `layout` for the library"
)

OPTIONS = (
    *("-tar", "-noappend", "-no-xattrs", "-no-exports", "-all-root", "-root-mode", "755"),
    *("-quiet", "-no-progress", "-exit-on-error"),
)

CHOICES: Mapping[Compression, tuple[str, ...]] = MappingProxyType(
    {
        Compression.GZIP: ("-Xcompression-level", "6"),
        Compression.ZSTD: ("-Xcompression-level", "9", "-b", "1M"),
        Compression.XZ: ("-b", "1M"),
    }
)

UNKNOWN = "is not supported!"
"""What mksquashfs says of a compressor that it was built without, or does not know."""

FIXED_TIME = {"SOURCE_DATE_EPOCH": "0"}
"""The time of the file system itself; as an option it would clash with this variable."""


def write_image(blocks: Iterator[bytes], path: Path, compression: Compression) -> None:
    """Write the image of a tree, which comes as the blocks of a tar, to `path`.

    Raises `ToolError` when mksquashfs is missing, lacks the compressor, or fails.
    """
    options = (*OPTIONS, "-comp", compression, *CHOICES[compression])
    try:
        feed(["mksquashfs", "-", path, *options], blocks, env=FIXED_TIME, missing=MISSING)
    except ToolError as error:
        if UNKNOWN not in error.message:
            raise
        raise ToolError(
            f"this mksquashfs was built without {compression}",
            fix="install your distribution's squashfs-tools (Debian's has gzip, xz and zstd), or "
            "write another `compression` for the library",
        ) from error
