"""A matrix that nobody measured: made by a simulation that shares no code with the laws.

A device here is a loop over packets' round trips and blocks of files, with noise; what it is told
(overheads, rates, breaks) is what a fit must find again.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

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

LINKS = (
    Link("open", 0),
    Link("office", 50, 20),
    Link("far", 50, 150),
    Link("slow", 5, 40),
    Link("lossy", 50, 60, loss=0.002),
)
PROCESSORS = (Processor("all"), Processor("quarter", 0.25))
STORAGES = (Storage("disk"), Storage("card", 40, 12))


@dataclass(frozen=True)
class Truth:
    """How a made-up strategy behaves."""

    overhead: float
    per_file_bytes: float
    per_change_bytes: float
    per_file_trips: float
    unpack_cpu_per_mb: float
    start_seconds: float
    wheels: int


TRUTHS = {
    "os-pip": Truth(1.045, 1200, 30_000, 2, 0.05, 1.5, 30),
    "ml-resource-zip": Truth(1.03, 700, 8_000, 3, 0.02, 0.4, 1),
    "in-function": Truth(1.03, 700, 7_000, 3, 0.02, 0.45, 1),
    "image": Truth(1.03, 700, 9_000, 3, 0.0004, 0.6, 1),
}
SIZES = {
    Change.FIRST_INSTALL: (60e6, 180e6, 2500),
    Change.LIBRARY_MINOR: (60.5e6, 181e6, 2510),
    Change.LIBRARY_PATCH: (59e6, 178e6, 2490),
    Change.MODEL_ONLY: (0.4e6, 0.5e6, 4),
}


def tcp_seconds(size: float, link: Link) -> float:
    """Round trip by round trip: the window doubles until the link or the loss bounds it."""
    if not link.mbit_s:
        return 0.0
    rate, trip = link.mbit_s * 1e6 / 8, link.round_trip_ms / 1000
    if link.loss:
        rate = min(rate, 1448 / trip * 1.22 / math.sqrt(link.loss))
    window, sent, lasted = 14_480.0, 0.0, 0.0
    while window < rate * trip and sent < size:
        sent, lasted, window = sent + window, lasted + trip, window * 2
    return lasted + max(size - sent, 0.0) / rate


def observations(noise: float = 0.01, runs: int = 3, seed: int = 1) -> Iterator[Observation]:
    """The whole matrix."""
    rng = random.Random(seed)
    for strategy, truth in TRUTHS.items():
        for change, (fetched, unpacked, files) in SIZES.items():
            many = 1 if change is Change.MODEL_ONLY else truth.wheels
            payload = Payload(int(fetched), many, int(unpacked), files)
            for link in LINKS:
                for storage, processor in zip(STORAGES, PROCESSORS, strict=True):
                    cell = Cell(strategy, change, link, storage, processor)
                    for run in range(1, runs + 1):
                        yield observed(cell, payload, truth, run, rng, noise)


def observed(
    cell: Cell, payload: Payload, truth: Truth, run: int, rng: random.Random, noise: float
) -> Observation:
    """One run of a change on a made-up device."""
    moved = truth.overhead * payload.fetched_bytes + truth.per_change_bytes
    moved += truth.per_file_bytes * payload.files
    cpu = truth.unpack_cpu_per_mb * payload.unpacked_bytes / 1e6 + 0.2
    written = payload.unpacked_bytes / 1e6 / (cell.storage.write_mb_s or math.inf)
    seconds = tcp_seconds(moved, cell.link) + cpu / min(cell.processor.cores or 1.0, 1.0) + written
    seconds += cell.link.round_trip_ms / 1000 * truth.per_file_trips * payload.files
    seconds += truth.start_seconds
    return Observation(
        cell=cell,
        run=run,
        host="made-up",
        payload=payload,
        control="none",
        outcome=Outcome.DONE,
        message="",
        received_bytes=round(moved * rng.gauss(1, noise / 5)),
        seconds=seconds * rng.gauss(1, noise),
        cpu_seconds=cpu * rng.gauss(1, noise),
        peak_memory_bytes=0,
        written_bytes=0,
        disk_bytes=0,
        files=0,
        left_behind_bytes=0,
        serving="1",
    )
