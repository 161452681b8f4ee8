"""What one measurement of the matrix is: a cell, its conditions, what was known and what was found.

Raw data are JSON lines, one `Observation` each, complete in itself: whoever has the file needs
nothing else to reckon with it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_type_hints

from ggfleet.errors import CompareError
from ggfleet.model import Json

VERSION = 1


class Change(StrEnum):
    """What happens to a device, in the order in which a device lives through it."""

    FIRST_INSTALL = "first-install"
    MODEL_ONLY = "model-only"
    FUNCTION_ONLY = "function-only"
    LIBRARY_PATCH = "library-patch"
    LIBRARY_MINOR = "library-minor"
    ROLL_BACK = "roll-back"
    REMOVE = "remove"


class Outcome(StrEnum):
    """How a change ended."""

    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Link:
    """A link's shape. `mbit_s` 0 is unshaped; `round_trip_ms` is added to the network's own.

    `loss` is the share of packets lost; `drop_mb` the mean megabytes between two breaks of every
    connection, 0 for none.
    """

    name: str
    mbit_s: float
    round_trip_ms: float = 0.0
    loss: float = 0.0
    drop_mb: float = 0.0


@dataclass(frozen=True)
class Storage:
    """How fast the device's disk reads and writes, in MB/s; 0 is unthrottled."""

    name: str
    read_mb_s: float = 0.0
    write_mb_s: float = 0.0


@dataclass(frozen=True)
class Processor:
    """How many processors' time a device may use; 0 is all."""

    name: str
    cores: float = 0.0


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix."""

    strategy: str
    change: Change
    link: Link
    storage: Storage
    processor: Processor

    @property
    def key(self) -> str:
        """`strategy/change/link/storage/processor`: what a matrix names the cell by."""
        names = (self.link.name, self.storage.name, self.processor.name)
        return "/".join((self.strategy, self.change, *names))


@dataclass(frozen=True)
class Payload:
    """What is known before the change: what must come over the link, and what is made of it.

    `fetched_bytes` are the sizes of the `files` to fetch together; `unpacked_bytes` and
    `unpacked_files` what they become on the disk (both 0 where nothing is unpacked).
    """

    fetched_bytes: int
    files: int
    unpacked_bytes: int
    unpacked_files: int


@dataclass(frozen=True)
class Observation:
    """What one change did, once, on one host.

    Bytes are those received at the device's network interface while the change ran; the
    measurement's own connection is not among them. `seconds` runs on the device from start to end
    of the change. `cold_inference_seconds` (page cache dropped) and `warm_inference_seconds` run
    from the start of a process to its first answer, `latency_seconds` is the median of further
    answers; None where the change ends without a model to ask. Peak memory in bytes, CPU in
    seconds and written bytes are those of the change's own control group. `disk_bytes` (allocated)
    and `files` are the whole of what the strategy keeps on the device afterwards. `left_behind`
    are the bytes that remain after a failure or a removal and belong to nothing that serves.
    `restored` tells after a roll-back whether every file is what it was before the change that was
    rolled back; None for other changes. `serving` is the version that answered afterwards.
    """

    cell: Cell
    run: int
    host: str
    payload: Payload
    control: str
    outcome: Outcome
    message: str
    received_bytes: int
    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    written_bytes: int
    disk_bytes: int
    files: int
    left_behind_bytes: int
    serving: str
    restored: bool | None = None
    cold_inference_seconds: float | None = None
    warm_inference_seconds: float | None = None
    latency_seconds: float | None = None

    @property
    def key(self) -> tuple[str, int]:
        """The cell's key and the run's number: what resuming looks for."""
        return self.cell.key, self.run


def to_line(observation: Observation) -> str:
    """One line of the raw data, without its end."""
    item: dict[str, Json] = {"version": VERSION, **dataclasses.asdict(observation)}
    return json.dumps(item, sort_keys=True)


def read_lines(lines: Iterable[str], name: str) -> list[Observation]:
    """Read raw data; `CompareError` names the line of the file `name` that is none.

    A torn last line (the run was killed while it was written) is left out: its measurement is
    made again.
    """
    texts = [line for line in lines if line.strip()]
    found = []
    for number, text in enumerate(texts, 1):
        try:
            found.append(_observation(json.loads(text)))
        except (ValueError, TypeError, KeyError) as error:
            if number == len(texts) and not text.endswith("\n"):
                break
            raise CompareError(
                f"{name}:{number}: this is no observation: {error}",
                fix="remove the line, or measure into another file",
            ) from error
    return found


def _observation(item: Any) -> Observation:
    if not isinstance(item, dict) or item.pop("version", None) != VERSION:
        raise ValueError(f"its version is not {VERSION}")
    built = _built(Observation, item)
    assert isinstance(built, Observation)
    return built


def _built(kind: Any, item: Any) -> Any:
    """A dataclass out of the mapping that `asdict` makes of it, types checked."""
    if dataclasses.is_dataclass(kind):
        if not isinstance(item, dict):
            raise TypeError(f"{item!r} is no mapping")
        kinds = get_type_hints(kind)
        if item.keys() != kinds.keys():
            raise ValueError(f"it needs exactly {', '.join(kinds)}")
        return kind(**{name: _built(kinds[name], value) for name, value in item.items()})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(item)
    allowed = {"float": (int, float)}.get(getattr(kind, "__name__", ""), kind)
    if kind == float | None:
        allowed = (int, float, type(None))
    if not isinstance(item, allowed) or (isinstance(item, bool) and kind in (int, float)):
        raise TypeError(f"{item!r} is no {kind}")
    return item
