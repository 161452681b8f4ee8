"""A delta: what turns the tree of one archive into that of a newer one, on a device.

An .xz stream. Its first line is `{"version", "from", "to", "files"}`: both trees' digests and the
count of files. A line for each file of the new tree follows, in the tree's order:
`[path, mode, source, size]`.

- `size` null: the file is `source` of the old tree as it stands, and the device links it;
- `source` null: the file is new, and `size` bytes after the line are it;
- both: `size` bytes after the line are a patch of `source`, in the "lite" format of HDiffPatch,
  which a device applies front to back, with no memory to speak of.

What the device makes of it is held against the digest of the new tree.
"""

from __future__ import annotations

import hashlib
import json
import lzma
import re
import stat
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from ggfleet.bundle.tree import TreeDigest
from ggfleet.bundle.wheels import BROKEN
from ggfleet.errors import BundleError
from ggfleet.model import Archive
from ggfleet.system.files import CHUNK
from ggfleet.system.progress import Progress

FORMAT = 1
ENDING = ".ggdelta"
LEAST = 32
"""Bytes of a file below which a patch cannot be smaller."""
NUMBERS = re.compile(r"[0-9a-f]{6,}|[0-9]+")
"""What changes in names with versions: `numpy-2.4.6.dist-info`, `libgfortran-040039e1`."""
AGAIN = "remove it and run `ggfleet bundle`"


@dataclass(frozen=True)
class File:
    """One file of an archive; `size` in bytes."""

    path: str
    mode: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Step:
    """How one file of the new tree comes about: from `source` of the old one, if there is one."""

    file: File
    source: File | None

    @property
    def is_kept(self) -> bool:
        """Whether the old file is the new one."""
        return self.source is not None and self.source.sha256 == self.file.sha256


class Tree:
    """The tree in a zip archive, which is open for reading; a context manager."""

    def __init__(self, path: Path, archive: Archive, progress: Progress) -> None:
        """Read all of it; `BundleError` unless it is what the manifest says."""
        try:
            self._zip = zipfile.ZipFile(path)
            self.files = self._read(progress, f"reading {path.name}", archive.unpacked_size)
        except (OSError, *BROKEN) as error:
            raise BundleError(f"{path} cannot be read: {error}", fix=AGAIN) from error
        if self.sha256 != archive.tree_sha256:
            raise BundleError(f"{path} holds another tree than its manifest says", fix=AGAIN)

    def __enter__(self) -> Tree:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def sha256(self) -> str:
        """The tree's digest."""
        digest = TreeDigest()
        for file in self.files.values():
            digest.add(file.path, file.mode, file.sha256)
        return digest.hexdigest()

    def bytes(self, file: File) -> bytes:
        """All of one file."""
        return self._zip.read(file.path)

    def _read(self, progress: Progress, label: str, total: int) -> dict[str, File]:
        progress.start(label, total)
        try:
            infos = sorted(self._zip.infolist(), key=lambda each: each.filename)
            return {info.filename: self._file(info, progress) for info in infos}
        finally:
            progress.finish()

    def _file(self, info: zipfile.ZipInfo, progress: Progress) -> File:
        digest = hashlib.sha256()
        with self._zip.open(info) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                progress.advance(len(chunk))
        mode = stat.S_IMODE(info.external_attr >> 16)
        return File(info.filename, mode, info.file_size, digest.hexdigest())


def plan(old: Mapping[str, File], new: Mapping[str, File]) -> tuple[Step, ...]:
    """Where each file of the new tree comes from: best an equal file, then one of like name."""
    equal = {file.sha256: file for file in old.values()}
    gone = {_like(path): file for path, file in old.items() if path not in new}
    return tuple(
        Step(file, _equal_at(old, file) or equal.get(file.sha256)
             or old.get(path) or gone.get(_like(path)))
        for path, file in new.items()
    )  # fmt: skip


def _equal_at(old: Mapping[str, File], file: File) -> File | None:
    """The same file at the same place: a device's log then reads like the tree."""
    there = old.get(file.path)
    return there if there and there.sha256 == file.sha256 else None


def _like(path: str) -> str:
    return NUMBERS.sub("#", path)


Differ = Callable[[bytes, bytes], bytes]


def lite(old: bytes, new: bytes) -> bytes:
    """A patch of HDiffPatch's lite format, not compressed.

    Takes about six times the size of `old` of memory: 3.1 GB for TensorFlow's 499 MB.
    """
    import hdiffpatch  # noqa: PLC0415 - few builds make deltas

    return hdiffpatch.diff_lite(old, new, compression="none", validate=False, big_cache_match=True)


def write_delta(
    stream: BinaryIO, old: Tree, new: Tree, progress: Progress, differ: Differ = lite
) -> int:
    """Write the delta between two trees; return the bytes of files that a device writes for it."""
    steps = plan(old.files, new.files)
    changed = [step.file.size for step in steps if not step.is_kept]
    progress.start("comparing", sum(changed))
    packer = lzma.LZMACompressor(lzma.FORMAT_XZ)
    head = {"version": FORMAT, "from": old.sha256, "to": new.sha256, "files": len(steps)}
    try:
        stream.write(packer.compress(_line(head)))
        for step in steps:
            stream.writelines(packer.compress(piece) for piece in _told(step, old, new, differ))
            progress.advance(0 if step.is_kept else step.file.size)
        stream.write(packer.flush())
    finally:
        progress.finish()
    return sum(changed)


def _told(step: Step, old: Tree, new: Tree, differ: Differ) -> Sequence[bytes]:
    """The line of a file, and the bytes after it."""
    path, mode, source = step.file.path, step.file.mode, step.source
    if source and step.is_kept:
        return [_line([path, mode, source.path, None])]
    content = new.bytes(step.file)
    if source and min(source.size, step.file.size) >= LEAST:
        patch = differ(old.bytes(source), content)
        if _packed(patch) < _packed(content):
            return [_line([path, mode, source.path, len(patch)]), patch]
    return [_line([path, mode, None, len(content)]), content]


def _line(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _packed(content: bytes) -> int:
    """About how much of it travels."""
    return len(isal_zlib.compress(content, level=1))
