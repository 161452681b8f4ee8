"""What each figure of a change is made of: named terms, which a law weighs.

Bytes: what must be fetched, moved again after breaks and losses, something for each file and for
the change as such. CPU seconds: fetching, unpacking, files, the change. Seconds: the link's time,
round trips, CPU seconds at the device's budget, writing, breaks, waiting. Something for a kind of
change alone is taken only where the rest does not explain it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Cell, Change, Payload
from ggfleet.predict.transport import link_seconds
from ggfleet.simulate.expected import Expected, expect
from ggfleet.simulate.links import MB
from ggfleet.simulate.transfer import Retry

CHANGE = "change "

Terms = dict[str, float]


@dataclass(frozen=True)
class Shape:
    """What is not a weight: what fetches, over how many connections at once, on how many processors
    it can work at once.
    """

    retry: Retry
    streams: float = 1.0
    processors: float = 1.0


def moved(cell: Cell, payload: Payload, retry: Retry) -> Expected:
    """What the payload's files move over the cell's link, all of one size."""
    count = max(payload.files, 1)
    return expect([payload.fetched_bytes / count] * count, cell.link.drop_mb * MB, retry)


def of_bytes(cell: Cell, payload: Payload, whole: Expected) -> Terms:
    """Terms of the bytes at the device's interface, of a change that ends well."""
    return {
        "payload": whole.bytes_if_whole,
        "lost": whole.bytes_if_whole * cell.link.loss,
        "file": float(payload.files),
        "break": whole.breaks,
        "change": 1.0,
        of_change(cell.change): 1.0,
    }


def of_cpu(cell: Cell, payload: Payload) -> Terms:
    """Terms of the CPU seconds, which no link changes."""
    return {
        "fetched_mb": payload.fetched_bytes / MB,
        "unpacked_mb": payload.unpacked_bytes / MB,
        "unpacked_thousand_files": payload.unpacked_files / 1000,
        "change": 1.0,
        of_change(cell.change): 1.0,
    }


def of_seconds(
    cell: Cell, payload: Payload, received: float, cpu: float, breaks: float, shape: Shape
) -> Terms:
    """Terms of the seconds, from the bytes and CPU seconds that the other terms gave."""
    round_trip = cell.link.round_trip_ms / 1000
    budget = min(shape.processors, cell.processor.cores or shape.processors)
    writing = cell.storage.write_mb_s
    return {
        "link": link_seconds(received, cell.link, shape.streams),
        "round_trip": round_trip,
        "round_trip_file": round_trip * payload.files,
        "cpu": cpu / budget,
        "fetched_written": payload.fetched_bytes / MB / writing if writing else 0.0,
        "unpacked_written": payload.unpacked_bytes / MB / writing if writing else 0.0,
        "break": breaks,
        "change": 1.0,
        of_change(cell.change): 1.0,
    }


def of_change(change: Change) -> str:
    """The term of the change as such."""
    return f"{CHANGE}{change}"


def weigh(weights: dict[str, float], terms: Terms) -> float:
    """The sum. A change that nobody measured has nothing of its own."""
    return sum(value * weights.get(name, 0.0) for name, value in terms.items())
