"""One archive out of a tree: the same tree gives the same name and, on one machine, the same bytes.

ISA-L picks its routines by the CPU and may compress to other bytes elsewhere; therefore the name
digests the tree, and a file that has the name already is kept.
"""

from __future__ import annotations

import errno
import hashlib
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from isal import isal_zlib
from stream_zip import ZIP_32, ZIP_64, stream_zip

from ggfleet.bundle.ahead import read_ahead
from ggfleet.bundle.image import write_image
from ggfleet.bundle.tarball import tar_blocks
from ggfleet.bundle.tree import Entry, TreeDigest
from ggfleet.errors import BundleError
from ggfleet.model import TAR_FOLDER, Compression, Form
from ggfleet.system.files import CHUNK, sha256
from ggfleet.system.progress import Progress
from ggfleet.system.scratch import Scratch, scratch_file

LEVEL = 3
"""Of ISA-L, its best. TensorFlow (1454 MB): 377 MB in 10.9 s; level 2 387 MB in 8.4 s, level 1
393 MB in 9.0 s; zlib 6 334 MB in 47.6 s."""
EARLIEST = datetime(1980, 1, 1)  # noqa: DTZ001 - zip has local times; this is its first
RAW_DEFLATE = -15
GZIP = 31
PLAIN_FILES = 0xFFFF
PLAIN_BYTES = 0xF000_0000
"""Above these a zip needs its 64-bit form, which not every unpacker reads; with room for headers
and for content that grows when it is compressed."""


@dataclass(frozen=True)
class Packed:
    """A complete archive at `path`, and what is in it; sizes in bytes."""

    path: Path
    tree_sha256: str
    sha256: str
    size: int
    unpacked_size: int
    files: int


def pack(
    entries: Sequence[Entry],
    place: Callable[[str], Path],
    progress: Progress,
    *,
    label: str,
    known: frozenset[str] = frozenset(),
    form: Form = Form.ZIP,
    compression: Compression = Compression.GZIP,
) -> tuple[Packed, bool]:
    """Write the tree's archive to `place(tree_sha256)`; also tell whether the file is new.

    A file that is there stays when it has these bytes or one of the `known` SHA-256: then it holds
    the same tree, written by another compressor. `compression` is for an image alone.
    """
    progress.start(f"packing {label}", sum(entry.size for entry in entries))
    folder = place("").parent
    try:
        with scratch_file(folder, "packing") as scratch:
            if form is Form.IMAGE:
                packed = _write_image(entries, scratch, progress, compression)
            else:
                stream = _tarred if form is Form.TAR else _zipped
                packed = _write(entries, scratch, progress, stream)
            destination = place(packed.tree_sha256)
            kept = _kept(destination, packed, known)
            if kept is None:
                scratch.settle(destination)
            return _named(packed, destination, kept), kept is None
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise BundleError(
            f"no space left below {folder}", fix="make room, then run again"
        ) from error
    finally:
        progress.finish()


Packer = Callable[[Sequence[Entry], Iterator[bytes | None], Progress], Iterable[bytes]]
"""Entries and the bytes of their files to those of an archive."""


def _write(
    entries: Sequence[Entry], scratch: Scratch, progress: Progress, packer: Packer
) -> Packed:
    tree, whole = TreeDigest(), hashlib.sha256()
    size = 0
    with read_ahead(_pieces(entries, tree)) as pieces:
        for chunk in packer(entries, pieces, progress):
            whole.update(chunk)
            scratch.stream.write(chunk)
            size += len(chunk)
    unpacked = sum(entry.size for entry in entries)
    return Packed(scratch.path, tree.hexdigest(), whole.hexdigest(), size, unpacked, len(entries))


def _write_image(
    entries: Sequence[Entry], scratch: Scratch, progress: Progress, compression: Compression
) -> Packed:
    tree = TreeDigest()
    # The compressor is another process, so reading needs no thread of its own.
    pieces = _pieces(entries, tree)
    blocks = tar_blocks(entries, lambda: _next_file(pieces, progress))
    write_image(blocks, scratch.path, compression)
    size, unpacked = scratch.path.stat().st_size, sum(entry.size for entry in entries)
    digest = tree.hexdigest()
    return Packed(scratch.path, digest, sha256(scratch.path), size, unpacked, len(entries))


def _zipped(
    entries: Sequence[Entry], pieces: Iterator[bytes | None], progress: Progress
) -> Iterable[bytes]:
    plain = len(entries) <= PLAIN_FILES and sum(e.size for e in entries) < PLAIN_BYTES
    method = ZIP_32 if plain else ZIP_64
    members = (
        (e.path, EARLIEST, stat.S_IFREG | e.mode, method, _next_file(pieces, progress))
        for e in entries
    )
    # Unix timestamps would carry the time zone of this machine
    return stream_zip(
        members, chunk_size=CHUNK, get_compressobj=_compressor, extended_timestamps=False
    )


def _tarred(
    entries: Sequence[Entry], pieces: Iterator[bytes | None], progress: Progress
) -> Iterable[bytes]:
    # ISA-L writes no time and no name into the header of gzip.
    compressor: Any = isal_zlib.compressobj(level=LEVEL, wbits=GZIP)
    for block in tar_blocks(entries, lambda: _next_file(pieces, progress), TAR_FOLDER):
        if chunk := compressor.compress(block):
            yield chunk
    yield compressor.flush()


def _compressor() -> Any:
    # isal's objects are used like zlib's, and have no types
    return isal_zlib.compressobj(level=LEVEL, wbits=RAW_DEFLATE)


def _next_file(pieces: Iterator[bytes | None], progress: Progress) -> Iterator[bytes]:
    for piece in pieces:
        if piece is None:
            return
        yield piece
        progress.advance(len(piece))


def _pieces(entries: Sequence[Entry], tree: TreeDigest) -> Iterator[bytes | None]:
    """The bytes of all files, one after the other, with None after each."""
    for entry in entries:
        yield from _checked(entry, tree)
        yield None


def _checked(entry: Entry, tree: TreeDigest) -> Iterator[bytes]:
    """Pass the bytes on, and hold them against what the entry promised."""
    digest, size = hashlib.sha256(), 0
    for chunk in entry.content.chunks():
        digest.update(chunk)
        size += len(chunk)
        yield chunk
    found = digest.hexdigest()
    if size != entry.size or entry.sha256 not in ("", found):
        raise BundleError(
            f"{entry.path} of {entry.origin} changed while it was packed", fix="run again"
        )
    tree.add(entry.path, entry.mode, found)


def _kept(destination: Path, packed: Packed, known: frozenset[str]) -> str | None:
    """The SHA-256 of the file that is there already, if it may stay."""
    if not destination.is_file():
        return None
    there = sha256(destination)
    return there if there == packed.sha256 or there in known else None


def _named(packed: Packed, destination: Path, kept: str | None) -> Packed:
    return replace(
        packed,
        path=destination,
        sha256=kept or packed.sha256,
        size=destination.stat().st_size,
    )
