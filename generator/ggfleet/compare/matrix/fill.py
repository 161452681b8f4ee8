"""Fill a matrix: life after life, the most valuable first, until all is measured or time is up."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ggfleet.compare.matrix.cells import Observation
from ggfleet.compare.matrix.device import Device, Limits
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.life import Scene, live, transfer_seconds, works
from ggfleet.compare.matrix.plan import Conditions, Life
from ggfleet.compare.matrix.prepare import Workload
from ggfleet.compare.matrix.runs import Runs
from ggfleet.compare.matrix.strategy import Goods, Strategy
from ggfleet.errors import CompareError, ToolError
from ggfleet.system.progress import Progress

EACH = 4.0
"""Seconds of one change beside its bytes: programs, caches, two inferences."""
UNPACKING = 20e6
"""Bytes that a device unpacks or installs in a second, roughly: only estimates depend on it."""


class Place(Protocol):
    """A device, and whoever can set its conditions."""

    @property
    def device(self) -> Device:
        """What is measured on."""

    def set(self, conditions: Conditions) -> Limits:
        """Bring conditions about; what is left to the device's own control groups.

        Raises `CompareError` for those that cannot be had here.
        """

    def address(self) -> str:
        """Where the device reaches the server: `http://HOST:PORT`."""


@dataclass(frozen=True)
class OwnConditions:
    """A place that only its device conditions: its link is what it is."""

    device: Device
    server: str

    def set(self, conditions: Conditions) -> Limits:
        """See `Place`."""
        link = conditions.link
        if link.mbit_s or link.round_trip_ms or link.loss:
            raise CompareError(
                f"the link of {self.device.name} cannot be shaped to {link.name} from here",
                fix="plan with links = ['unshaped'], or a link that only has drop_mb",
            )
        return limits_of(conditions)

    def address(self) -> str:
        """See `Place`."""
        return self.server


def limits_of(conditions: Conditions) -> Limits:
    """Processor and storage, as a control group holds them."""
    storage = conditions.storage
    return Limits(
        conditions.processor.cores, int(storage.read_mb_s * 1e6), int(storage.write_mb_s * 1e6)
    )


def estimate(strategy: Strategy, goods: Goods, life: Life) -> float:
    """Seconds that a life takes, roughly."""
    return sum(
        EACH + transfer_seconds(life, work) + work.payload.unpacked_bytes / UNPACKING
        for _, work in works(strategy, goods, life)
    )


@dataclass(frozen=True)
class Filling:
    """What a matrix is filled with."""

    workload: Workload
    goods: BuiltGoods
    strategies: Mapping[str, Strategy]
    runs: Runs
    progress: Progress
    clock: Callable[[], float] = time.monotonic

    def missing(self, lives: Sequence[Life]) -> list[Life]:
        """The lives of which something is not measured yet."""
        return [life for life in lives if not all(self.runs.has(key) for key in life.wanted)]

    def seconds(self, lives: Sequence[Life]) -> float:
        """How long lives take, roughly; it builds what is not built yet."""
        return sum(self._guess(life) for life in lives)

    def _guess(self, life: Life) -> float:
        return estimate(self.strategies[life.strategy], self.goods, life)

    def fill(self, place: Place, lives: Sequence[Life], limit: float) -> list[Life]:
        """Measure at one place within `limit` seconds (0: no limit); returns what was left out.

        A life whose estimate does not fit is left out; a shorter one after it may fit.
        """
        began, spent, guessed, left = self.clock(), 0.0, 0.0, []
        ahead = self.missing(lives)
        for number, life in enumerate(ahead, 1):
            guess = self._guess(life)
            # What was seen so far tells how good the estimates are on this machine.
            expected = guess * (spent / guessed if guessed else 1.0)
            if limit and self.clock() - began + expected > limit:
                left.append(life)
                continue
            label = f"{life.strategy}, {life.conditions}, run {life.run}"
            self.progress.step(f"{number} of {len(ahead)}: {label}, about {expected:.0f} s")
            start = self.clock()
            self._live(place, life)
            spent, guessed = spent + self.clock() - start, guessed + guess
        return left

    def _live(self, place: Place, life: Life) -> None:
        strategy = self.strategies[life.strategy]
        limits = place.set(life.conditions)
        seed = zlib.crc32(f"{life.strategy} {life.conditions} {life.run}".encode())
        goods = self.goods.at(f"{place.address()}/{life.conditions.link.drop_mb:g}/{seed}")
        scene = Scene(place.device, goods, self.workload, limits)
        try:
            for seen in live(scene, strategy, life):
                self._keep(seen)
        except ToolError as error:
            raise CompareError(
                f"{place.device.name} did not answer in the middle of {life.strategy}: "
                f"{error.message}",
                fix="run it again: what was measured is kept",
            ) from error

    def _keep(self, seen: Observation) -> None:
        if not self.runs.has(seen.key):
            self.runs.add(seen)
        self.progress.say(told(seen))


def told(seen: Observation) -> str:
    """One line about an observation."""
    first = (
        f", first answer {seen.cold_inference_seconds:.2f} s" if seen.cold_inference_seconds else ""
    )
    failed = f" FAILED: {seen.message.splitlines()[0][:80]}" if seen.message else ""
    return (
        f"{seen.cell.key} run {seen.run}: {seen.received_bytes / 1e6:.2f} MB, "
        f"{seen.seconds:.1f} s{first}{failed}"
    )


def outlook(lives: Sequence[Life], seconds: float) -> str:
    """One line about what there is to do."""
    cells = sum(len(life.changes) for life in lives)
    return f"{cells} cells in {len(lives)} lives, about {seconds / 60:.0f} min"
