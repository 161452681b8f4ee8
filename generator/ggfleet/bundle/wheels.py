"""What a wheel puts on a device (the binary distribution format, PEP 427)."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path

from packaging.tags import Tag, parse_tag

from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.tree import Entry, normal_mode
from ggfleet.errors import BundleError
from ggfleet.model import Platform
from ggfleet.system.files import CHUNK

DATA_IN_TREE = ("purelib", "platlib")
"""Of a wheel's `.data` folder. Scripts, headers and data (which would go below `sys.prefix`, and no
interpreter on the device has its prefix here) are left out."""

INSTALLERS_NOTES = frozenset(
    ("RECORD", "RECORD.jws", "RECORD.p7s", "REQUESTED", "INSTALLER", "direct_url.json")
)
"""Of `.dist-info`: what only pip reads, to uninstall."""

ANOTHER = "take another version: it was published like that"

BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Member:
    """The bytes of one file in an open wheel."""

    archive: zipfile.ZipFile
    info: zipfile.ZipInfo
    origin: str

    def chunks(self) -> Iterator[bytes]:
        """Decompress; `BundleError` when the wheel is damaged."""
        try:
            with self.archive.open(self.info) as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except BROKEN as error:
            raise BundleError(
                f"{self.origin}: {self.info.filename} is damaged: {error}", fix=ANOTHER
            ) from error


@dataclass(frozen=True)
class MadeMember(Member):
    """The bytes of one file that was made of a wheel's and is kept beside it in the cache."""

    kept: Path

    def chunks(self) -> Iterator[bytes]:
        """Decompress; `BundleError` when the cache is damaged, which the next run makes good."""
        try:
            yield from super().chunks()
        except BundleError as error:
            raise _discarded(self.kept) from error


def open_made(path: Path) -> zipfile.ZipFile:
    """Open what was made of a wheel. Raises `BundleError` as `MadeMember` does."""
    try:
        return zipfile.ZipFile(path)
    except BROKEN as error:
        raise _discarded(path) from error


def _discarded(path: Path) -> BundleError:
    path.unlink(missing_ok=True)
    return BundleError(f"{path} of the cache was damaged, and is removed", fix="run again")


class OpenWheel:
    """A wheel of the cache, open for reading; a context manager."""

    def __init__(self, wheel: Wheel, path: Path) -> None:
        self.wheel = wheel
        try:
            self._zip = zipfile.ZipFile(path)
            self._info = self._only_dist_info()
            self.metadata = self._read_metadata()
        except (*BROKEN, KeyError, UnicodeDecodeError) as error:
            raise BundleError(
                f"{wheel.filename} is not a sound wheel: {error}", fix=ANOTHER
            ) from error

    def __enter__(self) -> OpenWheel:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def entries(self, platform: Platform, takes: Mapping[Tag, int]) -> list[Entry]:
        """The files for the tree; `BundleError` when the wheel cannot work on the platform."""
        self._refuse_other_platform(platform, takes)
        found = [entry for info in self._zip.infolist() if (entry := self._entry(info))]
        native = self.metadata.get("Root-Is-Purelib", "").strip().lower() == "false"
        if native and all(entry.path.startswith(f"{self._info}/") for entry in found):
            raise BundleError(
                f"{self.wheel.filename} is hollow: it says that it holds native code, and holds "
                "nothing but its own description",
                fix="take another version: some projects publish such stubs for other platforms",
            )
        return found

    def paths(self) -> list[str]:
        """Where its files lie in the tree."""
        files = (info.filename for info in self._zip.infolist() if not info.is_dir())
        return [path for name in files if (path := self._path(name))]

    def describe(self) -> bytes:
        """`METADATA`, as it is in the wheel."""
        try:
            return self._zip.read(f"{self._info}/METADATA")
        except (*BROKEN, KeyError) as error:
            raise BundleError(
                f"{self.wheel.filename} is not a sound wheel: {error}", fix=ANOTHER
            ) from error

    def _only_dist_info(self) -> str:
        tops = {name.partition("/")[0] for name in self._zip.namelist()}
        infos = sorted(top for top in tops if top.endswith(".dist-info"))
        if len(infos) != 1:
            raise KeyError(f"{len(infos)} .dist-info folders instead of one")
        return infos[0]

    def _read_metadata(self) -> Message:
        return Parser().parsestr(self._zip.read(f"{self._info}/WHEEL").decode())

    def _refuse_other_platform(self, platform: Platform, takes: Mapping[Tag, int]) -> None:
        inside = {tag for text in self.metadata.get_all("Tag", []) for tag in parse_tag(text)}
        if not inside & takes.keys():
            said = ", ".join(sorted(str(tag) for tag in inside)) or "nothing"
            raise BundleError(
                f"{self.wheel.filename} says inside that it is for {said}, which platform "
                f"{platform.name} does not take",
                fix="it was renamed or built wrongly; take another version",
            )

    def _entry(self, info: zipfile.ZipInfo) -> Entry | None:
        path = self._path(info.filename)
        if info.is_dir() or path is None:
            return None
        mode = info.external_attr >> 16
        if stat.S_ISLNK(mode):
            raise BundleError(
                f"{self.wheel.filename} holds a symbolic link, {info.filename}", fix=ANOTHER
            )
        member = Member(self._zip, info, str(self.wheel))
        return Entry(path, normal_mode(mode), info.file_size, str(self.wheel), member)

    def _path(self, name: str) -> str | None:
        """Where a member goes; None when it stays out."""
        parts = name.rstrip("/").split("/")
        if "" in parts or "." in parts or ".." in parts or "\\" in name or "\0" in name:
            raise BundleError(
                f"{self.wheel.filename} holds a path that leaves its tree: {name!r}",
                fix="do not use it before you know why",
            )
        if parts[0] == self._info and parts[-1] in INSTALLERS_NOTES and len(parts) == 2:  # noqa: PLR2004
            return None
        if parts[0] == f"{self._info.removesuffix('.dist-info')}.data":
            return "/".join(parts[2:]) or None if parts[1:2] and parts[1] in DATA_IN_TREE else None
        return "/".join(parts)
