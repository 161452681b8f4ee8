"""What `fetch` gives on average, on paper: no random numbers, one link, one device."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ggfleet.simulate.transfer import UNLIMITED, Retry

ENOUGH = 1e-12
"""A chance below which further attempts are not looked at."""


@dataclass(frozen=True)
class Expected:
    """Means of one call of a program: `chance` that all arrives, bytes that move, how often the
    link breaks, seconds of pauses. `bytes_if_whole` is the mean of those calls that end well.
    """

    chance: float
    bytes: float
    bytes_if_whole: float
    breaks: float
    pauses: float

    @property
    def bytes_until_whole(self) -> float:
        """Bytes when the program is called again until all has arrived; infinite for never."""
        return self.bytes / self.chance if self.chance > ENOUGH else math.inf

    @property
    def calls(self) -> float:
        """How often it must be called until all has arrived; infinite for never."""
        return 1 / self.chance if self.chance > ENOUGH else math.inf


def expect(files: Sequence[float], drop: float, retry: Retry) -> Expected:
    """Fetch `files` (bytes each), one after the other; a file that fails ends it.

    `drop` is the mean of bytes between two breaks, exponentially distributed; 0 for none.
    """
    if not drop:
        return Expected(1.0, float(sum(files)), float(sum(files)), 0.0, 0.0)
    whole = Expected(1.0, 0.0, 0.0, 0.0, 0.0)
    for size in files:
        one = _file(size, drop, retry)
        whole = Expected(
            chance=whole.chance * one.chance,
            bytes=whole.bytes + whole.chance * one.bytes,
            bytes_if_whole=whole.bytes_if_whole + one.bytes_if_whole,
            breaks=whole.breaks + whole.chance * one.breaks,
            pauses=whole.pauses + whole.chance * one.pauses,
        )
    return whole


def _file(size: float, drop: float, retry: Retry) -> Expected:
    return (_resuming if retry.resumes else _starting_over)(size, drop, retry)


def _starting_over(size: float, drop: float, retry: Retry) -> Expected:
    """Every attempt is as likely to hold: exp(-size/drop); Wald's identity gives the bytes."""
    holds, breaks = math.exp(-size / drop), -math.expm1(-size / drop)
    if holds < ENOUGH and retry.tries == UNLIMITED:
        return Expected(0.0, math.inf, math.inf, math.inf, math.inf)
    going = [breaks**n for n in range(retry.tries)] if retry.tries else list(_powers(breaks))
    chance = holds * sum(going)
    failed = sum(n * each for n, each in enumerate(going)) * holds / chance if chance else 0.0
    # What a failed attempt moves: the mean of all attempts, less those that end well.
    lost = max(drop * breaks - size * holds, 0.0) / breaks if breaks else 0.0
    return Expected(
        chance=chance,
        bytes=drop * breaks * sum(going),
        bytes_if_whole=size + failed * lost,
        breaks=sum(going) * breaks,
        pauses=sum(each * pause_before(n + 1, retry) for n, each in enumerate(going)),
    )


def _powers(base: float) -> Iterator[float]:
    return itertools.takewhile(lambda each: each > ENOUGH, (base**n for n in itertools.count()))


def _resuming(size: float, drop: float, retry: Retry) -> Expected:
    """Breaks are a Poisson process; the bytes until the n-th, or the end, follow from it."""
    at_least = _tails(size / drop, retry.tries or _many(size / drop))
    chance = 1 - at_least[-1] if retry.tries else 1.0
    return Expected(
        chance=chance,
        bytes=drop * sum(at_least) if retry.tries else size,
        bytes_if_whole=size,
        breaks=sum(at_least),
        pauses=sum(
            each * pause_before(n + 2, retry)
            for n, each in enumerate(at_least[: retry.tries - 1 if retry.tries else None])
        ),
    )


def _many(mean: float) -> int:
    """A number of breaks that a Poisson variable hardly reaches."""
    return math.ceil(mean + 10 * math.sqrt(mean) + 10)


def _tails(mean: float, count: int) -> list[float]:
    """The chances of at least 1, 2, ... `count` events of a Poisson variable."""
    tails, below = [], 0.0
    for n in range(count):
        below += math.exp(n * math.log(mean) - mean - math.lgamma(n + 1))
        tails.append(max(1 - below, 0.0))
    return tails


def pause_before(attempt: int, retry: Retry) -> float:
    """The mean of seconds before an attempt, the first being 1: half of its bound."""
    if attempt < 2:  # noqa: PLR2004
        return 0.0
    # From 2**60 on every pause is the longest one.
    return min(retry.pause * 2.0 ** min(attempt - 2, 60), retry.longest) / 2
