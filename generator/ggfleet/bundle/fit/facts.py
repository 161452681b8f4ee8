"""What the ELF files of a wheel need: read once, kept beside the cached wheel."""

from __future__ import annotations

import io
import json
import mmap
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO, cast

from ggfleet.bundle.fit.elf import MAGIC, Binary, Version, read
from ggfleet.bundle.wheels import BROKEN
from ggfleet.errors import BundleError
from ggfleet.model import Json
from ggfleet.system.files import CHUNK, write_json

RULES = 1
"""Raise it when the same wheel would be read to other facts."""

IN_MEMORY = 16 << 20
"""Bytes of a file that is read in memory; bigger ones go over a scratch file, mapped."""

NEVER_ELF = (".py", ".pyi", ".pyc", ".h", ".hpp", ".txt", ".json", ".html", ".inc")
"""Not looked into: the dynamic linker loads none of them, and they are nearly all files."""


def facts(wheel: Path, label: str) -> tuple[Binary, ...]:
    """The loadable ELF files of a wheel of the cache, in the wheel's order.

    `label` names the wheel in messages. The answer lies in `<wheel>.elf.json` afterwards.
    """
    kept = wheel.with_suffix(".elf.json")
    try:
        return tuple(_from_json(json.loads(kept.read_text())))
    except (OSError, ValueError, TypeError, KeyError):
        found = tuple(_read(wheel, label))
    write_json(kept, _to_json(found))
    return found


def _read(path: Path, label: str) -> Iterator[Binary]:
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.filename.endswith(NEVER_ELF) or info.file_size < len(MAGIC):
                    continue
                with archive.open(info) as member:
                    if member.read(len(MAGIC)) != MAGIC:
                        continue
                    with _seekable(member, info.file_size, path.parent) as file:
                        binary = read(info.filename, file)
                if binary:
                    yield binary
    except BROKEN as error:
        raise BundleError(f"{label} is damaged: {error}") from error


@contextmanager
def _seekable(member: IO[bytes], size: int, folder: Path) -> Iterator[IO[bytes]]:
    """The member, of which MAGIC is read already, as a file to seek in, in bounded memory."""
    if size <= IN_MEMORY:
        yield io.BytesIO(MAGIC + member.read())
        return
    # nameless, so a killed build leaves nothing
    with tempfile.TemporaryFile(dir=folder) as scratch:
        scratch.write(MAGIC)
        while chunk := member.read(CHUNK):
            scratch.write(chunk)
        scratch.flush()
        with mmap.mmap(scratch.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            yield cast("IO[bytes]", mapped)


def _to_json(binaries: tuple[Binary, ...]) -> Json:
    return {"rules": RULES, "binaries": [asdict(binary) for binary in binaries]}


def _from_json(content: object) -> Iterator[Binary]:
    """Raise `ValueError`, `TypeError` or `KeyError` for anything that `_to_json` did not write."""
    if not isinstance(content, dict) or content["rules"] != RULES:
        raise ValueError("facts of other rules")
    for item in content["binaries"]:
        versions = tuple(Version(**version) for version in item.pop("versions"))
        item |= {name: tuple(item[name]) for name in ("needed", "search")}
        yield Binary(**item, versions=versions)
