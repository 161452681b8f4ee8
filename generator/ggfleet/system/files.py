"""Files and folders that appear whole or not at all.

A reader, a crash or a full disk must never meet half of one: everything is written beside its
place, flushed to the disk (fsync) and renamed.

`ggfleet check` writes nothing: what only writing needs is imported there, as it takes 5 ms.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import itertools
import json
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import orjson

from ggfleet.errors import GgfleetError
from ggfleet.model import Document, Json

CHUNK = 1 << 20
FEW = 50
"""Entries of a tree up to which each is flushed by itself."""


@contextlib.contextmanager
def atomic_file(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Open a file that takes the place of `path` when the block ends without an exception."""
    import tempfile  # noqa: PLC0415 - see above

    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole."""
    with atomic_file(path) as stream:
        stream.write(text.encode())


def write_new(path: str, content: bytes) -> None:
    """Write a file that is not there yet, in a folder that nobody looks at before it is whole.

    What `open` asks and prepares besides took half as long as 20,000 small files themselves.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        while content:
            content = content[os.write(handle, content) :]
    finally:
        os.close(handle)


_standard = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False)
_WRITTEN = (
    orjson.OPT_INDENT_2
    | orjson.OPT_APPEND_NEWLINE
    | orjson.OPT_PASSTHROUGH_DATACLASS  # refuse what JSON does not have
    | orjson.OPT_PASSTHROUGH_DATETIME
)


def to_json(content: Json) -> bytes:
    """The one way JSON documents are written: two spaces, the given order, a last newline.

    The bytes are those of `json.dumps(content, indent=2)`, which indents in Python and took most
    of the time of large renderings; but numbers below 0.0001 are `0.00001` and `1e-7` here.
    Raises `ValueError` or `TypeError` for what is no JSON.
    """
    try:
        written = orjson.dumps(content, option=_WRITTEN)
    except orjson.JSONEncodeError:  # more than 64 bits, or no JSON: `json` tells why
        return f"{_standard(content, indent=2)}\n".encode()
    if b"null" in written:  # which orjson makes of NaN, too
        _standard(content)
    return written


def document_bytes(document: Document) -> bytes:
    """A document as it is written: one JSON value, or one for each line."""
    if not document.lines:
        return document.written or to_json(document.content)
    assert isinstance(document.content, Sequence)
    return "".join(f"{_standard(item)}\n" for item in document.content).encode()


def write_json(path: Path, content: Json) -> None:
    """Write a JSON document whole."""
    written = to_json(content)
    with atomic_file(path) as stream:
        stream.write(written)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder last through a power cut."""
    _sync(folder, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_tree(folder: Path) -> None:
    """Bring a tree to the disk: entry by entry while they are few, else all the file system has.

    For 18,000 files (virtual disk, ext4) syncfs took 0.15 s more than no syncing at all, an fsync
    each 4.6 s, and an SD card suffers far more. But syncfs also waits for what others have
    written, so that a tree of three files is not worth it.
    """
    entries = [folder, *itertools.islice(folder.rglob("*"), FEW)]
    if len(entries) > FEW:
        _syncfs(folder)
        return
    for entry in entries:
        _sync(entry, os.O_RDONLY)


def _syncfs(folder: Path) -> None:
    import ctypes  # noqa: PLC0415 - see above

    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle) != 0:
            raise OSError(ctypes.get_errno(), "syncfs", str(folder))
    finally:
        os.close(handle)


def sha256(path: Path) -> str:
    """The hexadecimal SHA-256 of a file, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def remove_tree(folder: Path) -> None:
    """Remove a folder that may hold read-only folders; a missing one is fine."""
    import shutil  # noqa: PLC0415 - see above

    if folder.is_symlink():
        folder.unlink()
    if not folder.exists():
        return
    for top, _, _ in os.walk(folder):
        Path(top).chmod(stat.S_IRWXU)
    shutil.rmtree(folder)


def replace_folder(new: Path, place: Path) -> None:
    """Let a finished folder take the place of another, which is removed.

    Two renames: a crash between them leaves the old folder as `.<name>.old`, complete. The caller
    keeps others out, with `locked` where several may come.
    """
    old = place.with_name(f".{place.name}.old")
    remove_tree(old)
    if place.exists():
        place.replace(old)
    new.replace(place)
    sync_folder(place.parent)
    remove_tree(old)


@contextlib.contextmanager
def locked(
    folder: Path, *, wait: bool = True, fix: str = "", shared: bool = False
) -> Iterator[None]:
    """Keep others who lock this folder out while the block runs; it is made if need be.

    With `wait=False` a folder that is locked already raises `GgfleetError` with `fix`. Those who
    share a lock keep only those out who do not.
    """
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GgfleetError(f"another ggfleet uses {folder}", fix=fix) from error
        yield
    finally:
        os.close(handle)
