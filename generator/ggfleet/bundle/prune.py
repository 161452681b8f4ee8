"""Archives that no manifest names any more: what they held has changed since, or has gone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle import contents
from ggfleet.bundle.delta import ENDING
from ggfleet.bundle.manifest import FILE_NAME, read_manifest
from ggfleet.bundle.supply import sbom
from ggfleet.bundle.workshop import NAME_DIGITS
from ggfleet.model import Form, Part
from ggfleet.system.files import locked, sync_folder

NAME = r"[A-Za-z][A-Za-z0-9_-]*"
ARCHIVE = re.compile(rf"{NAME}-{NAME}-[0-9a-f]{{{NAME_DIGITS}}}\.({'|'.join(Form)})")
"""NAME-PLATFORM-DIGITS.FORM, as archives are called; nothing else is ours to remove."""

DELTA = re.compile(
    rf"{NAME}-{NAME}-[0-9a-f]{{{NAME_DIGITS}}}\.from-[0-9a-f]{{{NAME_DIGITS}}}{re.escape(ENDING)}"
)
"""And deltas between two of them."""

LOCK = ".building"
"""A folder that builds hold together, and pruning alone: a build lists what it wrote at its end."""


@dataclass(frozen=True)
class Superseded:
    """An archive that was removed: its path below the folder, and its bytes."""

    file: str
    size: int


def building(out: Path) -> AbstractContextManager[None]:
    """Keep archives from being pruned that a build has found or written, and not listed yet."""
    return locked(out / LOCK, shared=True)


def prune(out: Path) -> tuple[Superseded, ...]:
    """Remove the archives and deltas in `out` that its manifest does not name.

    Raises `BundleError` without a manifest, and `GgfleetError` while something builds into `out`.
    """
    with locked(out / LOCK, wait=False, fix="prune when its build has ended"):
        listed = {each.file for each in read_manifest(out / FILE_NAME).listed}
        found = [each for each in _archives(out) if each.file not in listed]
        for each in found:
            (out / each.file).unlink()
            for ending in (contents.ENDING, sbom.ENDING):
                (out / f"{each.file}{ending}").unlink(missing_ok=True)
    for folder in {(out / each.file).parent for each in found}:
        sync_folder(folder)
    return tuple(found)


def _archives(out: Path) -> Iterator[Superseded]:
    """The archives that lie where builds put them; links and folders are somebody else's."""
    for part in Part:
        for path in sorted((out / part).glob("*")):
            ours = ARCHIVE.fullmatch(path.name) or DELTA.fullmatch(path.name)
            if ours and path.is_file() and not path.is_symlink():
                yield Superseded(path.relative_to(out).as_posix(), path.stat().st_size)
