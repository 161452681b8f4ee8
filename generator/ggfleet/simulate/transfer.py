"""Downloads over links that drop, for all cores at once.

A link drops after a number of bytes that is exponentially distributed: where it drops next does
not depend on how long it held. A core's speed does not change during a download.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

UNLIMITED = 0


@dataclass(frozen=True)
class Retry:
    """What a program does when its download is cut off.

    `tries` are all attempts together, `UNLIMITED` for no end. One that `resumes` goes on where it
    was cut off. Before try n it waits between 0 and `pause` * 2**(n-2) seconds, `longest` at most.
    """

    name: str
    tries: int
    resumes: bool
    pause: float = 0.0
    longest: float = 0.0

    def waits(self, rng: np.random.Generator, count: int, attempt: int) -> Numbers:
        """Seconds before an attempt (the first is 1) of `count` cores."""
        bound = min(self.pause * 2.0 ** max(attempt - 2, 0), self.longest) if attempt > 1 else 0.0
        return rng.uniform(0.0, bound, count) if bound else np.zeros(count)


PIP_BEFORE_25_1 = Retry("pip<25.1", tries=1, resumes=False)
"""A response that breaks off fails the installation: `--retries` is for connections alone."""
PIP = Retry("pip>=25.2", tries=6, resumes=True)
"""`--resume-retries`, 5 by default."""
CLASSIC = Retry("classic", tries=UNLIMITED, resumes=True)
"""`ArtifactDownloader` asks for the range that is missing until it has everything (2.18)."""
LITE = Retry("lite", tries=7, resumes=False, pause=1.0, longest=64.0)
"""Seven attempts with a pause that doubles from 1 s to 64 s; the file is emptied between them."""


@dataclass(frozen=True)
class Fetched:
    """What became of each core's download: whole or not, bytes moved, seconds."""

    whole: Flags
    bytes: Numbers
    seconds: Numbers


def fetch(
    rng: np.random.Generator,
    files: Sequence[float],
    speeds: Numbers,
    drops: Numbers,
    retry: Retry,
) -> Fetched:
    """Fetch `files` (bytes each), one after the other; a file that fails ends it.

    `speeds` are in bytes per second, `drops` the mean bytes between drops (infinite for none).
    """
    count = len(speeds)
    whole, moved, waited = np.ones(count, dtype=np.bool_), np.zeros(count), np.zeros(count)
    one = _resuming if retry.resumes else _starting_over
    for size in files:
        going = np.flatnonzero(whole)
        arrived, more, pauses = one(rng, size, drops[going], retry)
        whole[going] = arrived
        moved[going] += more
        waited[going] += pauses
    return Fetched(whole, moved, moved / speeds + waited)


def _resuming(
    rng: np.random.Generator, size: float, drops: Numbers, retry: Retry
) -> tuple[Flags, Numbers, Numbers]:
    cuts = rng.poisson(size / drops)
    if retry.tries == UNLIMITED:
        return (
            np.ones(len(drops), dtype=np.bool_),
            np.full(len(drops), size),
            _waits(rng, cuts, retry),
        )
    arrived = cuts < retry.tries
    moved = np.full(len(drops), size)
    failed = np.flatnonzero(~arrived)
    # The cuts of a file lie in it like points drawn at random: the last try ends at the tries-th.
    moved[failed] *= rng.beta(retry.tries, cuts[failed] - retry.tries + 1)
    return arrived, moved, _waits(rng, np.minimum(cuts, retry.tries - 1), retry)


def _waits(rng: np.random.Generator, cuts: NDArray[np.int64], retry: Retry) -> Numbers:
    waited = np.zeros(len(cuts))
    if retry.pause:
        for attempt in range(2, int(cuts.max(initial=0)) + 2):
            again = np.flatnonzero(cuts >= attempt - 1)
            waited[again] += retry.waits(rng, len(again), attempt)
    return waited


def _starting_over(
    rng: np.random.Generator, size: float, drops: Numbers, retry: Retry
) -> tuple[Flags, Numbers, Numbers]:
    count = len(drops)
    arrived, moved, waited = np.zeros(count, dtype=np.bool_), np.zeros(count), np.zeros(count)
    for attempt in range(1, retry.tries + 1):
        going = np.flatnonzero(~arrived)
        if not len(going):
            break
        until = rng.standard_exponential(len(going)) * drops[going]
        waited[going] += retry.waits(rng, len(going), attempt)
        moved[going] += np.minimum(until, size)
        arrived[going] = until >= size
    return arrived, moved, waited
