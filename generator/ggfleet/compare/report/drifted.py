"""How far hosts drift apart: what the matrix's `drift.json` says of two installations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ggfleet.compare.report.tables import HOLE, Cell, Column, Table
from ggfleet.errors import CompareError

Versions = Mapping[str, str]


@dataclass(frozen=True)
class Drifted:
    """Package versions by host after one command: `unpinned` without versions, `pinned` by a lock.

    The index got newer releases after the first host was served.
    """

    asked: tuple[str, ...]
    unpinned: Mapping[str, Versions]
    pinned: Mapping[str, Versions]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What came of it."""
        differ, count = _differing(self.unpinned), len(_packages(self.unpinned))
        kept = _differing(self.pinned)
        return (
            f"`pip install {' '.join(self.asked)}`, without versions, was run on "
            f"{len(self.unpinned)} hosts, one after the other; the index got newer releases in "
            f"between. {len(differ)} of {count} packages came out different.",
            "With a lock, and the index as it was then, "
            + (f"{len(kept)} did." if kept else "all hosts got the same."),
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """The packages that differ, host by host; no table where none do."""
        names, hosts = _differing(self.unpinned), tuple(self.unpinned)
        if not names:
            return ()
        columns = (Column("Package"), *(Column(host) for host in hosts))
        rows = tuple(
            (Cell(name), *(_version(self.unpinned[host].get(name)) for host in hosts))
            for name in names
        )
        return (Table("Versions after the same unpinned command", columns, rows),)


def _packages(found: Mapping[str, Versions]) -> list[str]:
    return sorted({name for versions in found.values() for name in versions})


def _differing(found: Mapping[str, Versions]) -> list[str]:
    return [n for n in _packages(found) if len({own.get(n) for own in found.values()}) > 1]


def _version(of: str | None) -> Cell:
    return Cell("not there", kind=HOLE) if of is None else Cell(of)


def read_drift(text: str, name: str) -> Drifted:
    """Read the record in the file `name`; raises `CompareError` when it is none."""
    try:
        item = json.loads(text)
        found = Drifted(
            tuple(map(str, item["asked"])), _versions(item["unpinned"]), _versions(item["pinned"])
        )
        if not (
            found.asked and len(found.unpinned) > 1 and found.unpinned.keys() == found.pinned.keys()
        ):
            raise ValueError("it does not tell of several hosts")  # noqa: TRY301 - told with the others
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CompareError(
            f"{name} is no record of drift: {type(error).__name__}: {error}",
            fix="name the drift.json that `make compare` wrote",
        ) from error
    return found


def _versions(item: Mapping[str, Any]) -> Mapping[str, Versions]:
    return {
        str(host): {str(package): str(version) for package, version in own.items()}
        for host, own in item.items()
    }
