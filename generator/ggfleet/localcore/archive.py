"""Looks into a resource's archive before anything is unpacked, then unpacks it to a folder.

A core takes `.zip` and `.tar.gz`. Members that would land outside the folder are refused, and so
are links and device nodes: no library or model needs one, and a link is how a later member
escapes. (`tarfile`'s data filter would do, but Debian 12's Python 3.11.2 has none.)
"""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from ggfleet.errors import CoreError

NAME_MAX = 255
"""Bytes of one name on the file systems of Linux."""

CHUNK = 1 << 20
BLOCK = 4096
READ_ONLY_FOLDER = 0o555
NO_WRITING = 0o555


@dataclass(frozen=True)
class Member:
    """One file or folder of an archive. `path` is relative; a folder has no `open`."""

    path: str
    mode: int
    size: int
    open: Callable[[], IO[bytes]] | None = None


@dataclass(frozen=True)
class Unpacked:
    """How much was unpacked: number of files, and their bytes."""

    files: int
    size: int


class Contents:
    """The members of an archive that has passed every check."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self.files = sum(1 for m in members if m.open is not None)
        self.size = sum(m.size for m in members)
        self.disk = sum(-(-m.size // BLOCK) * BLOCK for m in members) + BLOCK * len(members)

    def unpack(self, folder: Path) -> Unpacked:
        """Write everything below `folder`, which is new, with nobody allowed to write to it."""
        folder.mkdir(parents=True)
        folders = {folder}
        for member in self.members:
            target = folder / member.path
            _make_parents(target if member.open is None else target.parent, folders)
            if member.open is not None:
                _write(target, member.open, member.mode)
        for each in sorted(folders, reverse=True):
            each.chmod(READ_ONLY_FOLDER)
        return Unpacked(self.files, self.size)


def _make_parents(target: Path, folders: set[Path]) -> None:
    missing = []
    while target not in folders:
        missing.append(target)
        target = target.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        folders.add(each)


def _write(target: Path, source: Callable[[], IO[bytes]], mode: int) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as sink:
        with source() as stream:
            shutil.copyfileobj(stream, sink, CHUNK)
        os.fchmod(sink.fileno(), mode & NO_WRITING | stat.S_IRUSR)


# A compression method that Python lacks is told as NotImplementedError.
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, NotImplementedError)


@contextmanager
def open_archive(path: Path, uri: str) -> Iterator[Contents]:
    """Open and check an archive; `uri` says its kind and names it in errors.

    Raises CoreError for a damaged archive, a member that escapes, and a `.tar.gz` that has files
    outside of any parent directory.
    """
    try:
        if uri.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                yield Contents(_checked(list(_zip_members(archive, uri)), uri))
        elif uri.endswith(".tar.gz"):
            with tarfile.open(path, "r:gz") as tar:
                members = list(_tar_members(tar, uri))
                _check_parents(members, uri)
                yield Contents(_checked(members, uri))
        else:
            raise CoreError(f"{uri}: a core unpacks .zip and .tar.gz", fix="pack it as a .zip")
    except BROKEN as error:
        raise CoreError(f"{uri} is damaged: {error}", fix="pack and publish it again") from error


def _zip_members(archive: zipfile.ZipFile, uri: str) -> Iterator[Member]:
    for info in archive.infolist():
        mode = info.external_attr >> 16
        if info.flag_bits & 1:
            _refuse(uri, info.filename, "is encrypted")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            _refuse(uri, info.filename, "is a link or a device")
        if info.is_dir():
            yield Member(info.filename, 0, 0)
        else:
            yield Member(
                info.filename,
                stat.S_IMODE(mode) or 0o644,
                info.file_size,
                lambda info=info: archive.open(info),  # type: ignore[misc]
            )


def _tar_members(archive: tarfile.TarFile, uri: str) -> Iterator[Member]:
    for info in archive:
        if info.isdir():
            yield Member(info.name, 0, 0)
        elif info.isfile():
            yield Member(info.name, info.mode, info.size, lambda info=info: _file(archive, info))  # type: ignore[misc]
        else:
            _refuse(uri, info.name, "is a link or a device")


def _file(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(info)
    assert stream is not None  # it is a regular file
    return stream


def _check_parents(members: Sequence[Member], uri: str) -> None:
    """A V1 core makes folders only for a `.tar.gz`'s directory entries, and fails without them."""
    folders = set()
    for member in members:
        path = os.path.normpath(member.path)
        if member.open is None:
            folders.add(path)
        elif (os.path.dirname(path) or ".") not in folders:  # noqa: PTH120 - not a path here
            raise CoreError(
                f"{uri}: {member.path} has no parent directory in the archive; a V1 core fails to "
                f'unpack such a .tar.gz ("no such file or directory")',
                fix="pack the folder itself (tar -czf model.tar.gz ./model), or use a .zip",
            )


def _checked(members: list[Member], uri: str) -> list[Member]:
    seen: set[str] = set()
    files: set[str] = set()
    for member in members:
        parts = member.path.split("/")
        if member.path.startswith("/") or ".." in parts or "\\" in member.path or not member.path:
            _refuse(uri, member.path, "would land outside of its folder")
        path = os.path.normpath(member.path)
        if path in files or (path in seen and member.open is not None):
            _refuse(uri, member.path, "is there twice")
        if any(str(parent) in files for parent in PurePosixPath(path).parents):
            _refuse(uri, member.path, "lies below a file")
        if any(len(part.encode()) > NAME_MAX for part in parts):
            _refuse(uri, member.path[:40], "has a name that is too long for a file")
        seen.add(path)
        if member.open is not None:
            files.add(path)
    return members


def _refuse(uri: str, member: str, why: str) -> NoReturn:
    raise CoreError(f"{uri}: {member!r} {why}", fix="pack it again without that member")
