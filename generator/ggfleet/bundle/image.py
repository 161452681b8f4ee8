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
"""Of TensorFlow's tree (897 MB), in MB and CPU seconds of mksquashfs 4.5.1, with blocks of 128K and
1M: gzip 6: 260 in 25, 253 in 30. zstd 3: 261 in 4, 232 in 4; 9: 244 in 12, 217 in 15; 15: 223 in
89, 216 in 65; 19: 221 in 255, 192 in 234. xz: 195 in 201, 167 in 268. So a level of zstd above 9
costs much and a large block little; gzip gains next to nothing by it, and stays at the 128K that
its images always had.

A block is what a device reads at least. squashfs keeps three of fragments and one for each thread
that may decompress (fs/squashfs/super.c): with four cores 7 MiB of kernel memory in place of 0.9,
besides the decompressor's own. Reading the 4,169 compiled files (72 MB) in order took 0.5 s of a
PC's CPU with gzip and 128K, 0.4 and 1.1 with zstd 15 and 128K and 1M, 1.4 and 2.1 with xz; in
random order 2.3, 1.4 and 4.9, and 8.5 with xz and 128K.

No filter for machine code (-Xbcj): mksquashfs 4.5 has none for 64-bit ARM, and kernels such as
Debian 12's leave those that it has out (CONFIG_XZ_DEC_ARM)."""

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
