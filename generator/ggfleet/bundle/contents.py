"""What is in an archive, package by package, and what was left out: beside it, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

from ggfleet.bundle.lean import LeftOut
from ggfleet.bundle.tree import Entry
from ggfleet.errors import BundleError
from ggfleet.model import Archive
from ggfleet.system.files import write_json

ENDING = ".contents.json"
COMPILED = ".pyc"


@dataclass(frozen=True)
class Share:
    """What came from one place, a package or a folder: files and bytes, unpacked.

    `compiled` bytes are those of .pyc files, and part of `size`.
    """

    origin: str
    files: int
    size: int
    compiled: int
    left_out: tuple[LeftOut, ...] = ()


def shares(tree: Sequence[Entry], left_out: Mapping[str, Sequence[LeftOut]]) -> tuple[Share, ...]:
    """The biggest first. `left_out` has the origins of which something was left out."""
    found: dict[str, list[Entry]] = {origin: [] for origin in left_out}
    for entry in tree:
        found.setdefault(_called(entry.origin), []).append(entry)
    made = (
        Share(
            origin,
            len(entries),
            sum(entry.size for entry in entries),
            sum(entry.size for entry in entries if entry.path.endswith(COMPILED)),
            tuple(left_out.get(origin, ())),
        )
        for origin, entries in found.items()
    )
    return tuple(sorted(made, key=lambda share: (-share.size, share.origin)))


def _called(origin: str) -> str:
    """A folder of the owner's by its name alone: the same archive says the same on any machine."""
    return PurePath(origin).name if origin.startswith("/") else origin


def contents_path(out: Path, archive: Archive) -> Path:
    """Where the contents of an archive below `out` lie."""
    return out / f"{archive.file}{ENDING}"


def write_contents(out: Path, archive: Archive, found: Sequence[Share]) -> None:
    """Write them whole."""
    write_json(contents_path(out, archive), [asdict(share) for share in found])


def read_contents(out: Path, archive: Archive) -> tuple[Share, ...]:
    """Read them; `BundleError` when they are missing or damaged."""
    path = contents_path(out, archive)
    try:
        return tuple(
            Share(**{**item, "left_out": tuple(LeftOut(**each) for each in item["left_out"])})
            for item in json.loads(path.read_text())
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BundleError(
            f"{path} cannot be read: {error}",
            fix=f"run `ggfleet bundle` for platform {archive.platform} again",
        ) from error
