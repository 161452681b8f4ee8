"""Observations that nobody measured: made up for tests of the report, and never to be published.

The same arguments give the same figures. Strategies differ by factors, links by their speed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ggfleet.compare.matrix.cells import (
    Cell,
    Change,
    Link,
    Observation,
    Outcome,
    Payload,
    Processor,
    Storage,
)

FAST = Link("fast", 500, 20)
MIDDLE = Link("middle", 50, 80)
LOSSY = Link("lossy", 5, 300, 0.01, 100)
LINKS = (FAST, MIDDLE, LOSSY)
DISK, CARD = Storage("disk"), Storage("sd-card", 40, 10)
ALL = Processor("all")
WAYS = ("made-up-pip", "made-up-resource", "made-up-layers", "made-up-image")
SHARE = {
    Change.FIRST_INSTALL: 1.0,
    Change.MODEL_ONLY: 0.01,
    Change.FUNCTION_ONLY: 0.0002,
    Change.LIBRARY_PATCH: 0.1,
    Change.LIBRARY_MINOR: 0.8,
    Change.ROLL_BACK: 0.5,
    Change.REMOVE: 0.0,
}
BYTES = 260_000_000


@dataclass(frozen=True)
class Matrix:
    """What to make up. `holes` and `failures` name (strategy, change, link name)."""

    strategies: Sequence[str] = WAYS
    changes: Sequence[Change] = tuple(Change)
    links: Sequence[Link] = LINKS
    storages: Sequence[Storage] = (DISK,)
    runs: int = 3
    holes: frozenset[tuple[str, Change, str]] = frozenset()
    failures: frozenset[tuple[str, Change, str]] = frozenset()


def made_up(matrix: Matrix = Matrix()) -> Iterator[Observation]:
    """Yield the runs of a matrix, in the order of a device's life."""
    luck = random.Random(7)
    for storage in matrix.storages:
        for link in matrix.links:
            for run in range(1, matrix.runs + 1):
                for place, strategy in enumerate(matrix.strategies):
                    for change in matrix.changes:
                        if (strategy, change, link.name) in matrix.holes:
                            continue
                        cell = Cell(strategy, change, link, storage, ALL)
                        made = _observation(cell, run, 1 + place / 3, luck)
                        if (strategy, change, link.name) in matrix.failures:
                            made = _failed(made)
                        yield made


def _observation(cell: Cell, run: int, factor: float, luck: random.Random) -> Observation:
    received = round(BYTES * SHARE[cell.change] / factor) + luck.randrange(2000)
    slowness = 2.5 if cell.storage.write_mb_s else 1
    seconds = (0.5 + received * 8e-6 / cell.link.mbit_s + received / 5e7 * slowness) * factor
    asked = cell.change is not Change.REMOVE
    return Observation(
        cell=cell,
        run=run,
        host="made-up-host",
        payload=Payload(received, 3, 3 * received, 1 + received // 20_000),
        control="SSH" if cell.strategy == "made-up-pip" else "deployment",
        outcome=Outcome.DONE,
        message="",
        received_bytes=received,
        seconds=round(seconds * luck.uniform(0.97, 1.06), 3),
        cpu_seconds=round(received / 2e7 * factor, 2),
        peak_memory_bytes=80_000_000 + received // 3,
        written_bytes=3 * received,
        disk_bytes=round(780_000_000 / factor) if asked else 0,
        files=round(12_000 / factor**3) if asked else 0,
        left_behind_bytes=0 if asked or factor > 1 else 41_000_000,
        serving="1.0" if asked else "",
        restored=factor > 1 if cell.change is Change.ROLL_BACK else None,
        cold_inference_seconds=round(9 / factor * luck.uniform(1, 1.1), 3) if asked else None,
        warm_inference_seconds=round(2.2 * luck.uniform(1, 1.02), 3) if asked else None,
        latency_seconds=round(0.0041 * luck.uniform(1, 1.05), 6) if asked else None,
    )


def _failed(made: Observation) -> Observation:
    return replace(
        made,
        outcome=Outcome.FAILED,
        message="made up: the connection broke <b>seven</b> times & was given up",
        left_behind_bytes=57_300_000,
        restored=None if made.restored is None else False,
    )
