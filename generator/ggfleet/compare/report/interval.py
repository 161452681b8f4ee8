"""How certain the median of a few runs is, without a word about how runs are distributed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

WANTED = 0.95
"""The certainty that an interval has where there are enough runs for it (six)."""


@dataclass(frozen=True)
class Estimate:
    """A median of `count` runs; `low` to `high` holds the true one with the given `certainty`.

    With one run there is no interval: `low` and `high` are the run itself, `certainty` is 0.
    """

    median: float
    low: float
    high: float
    certainty: float
    count: int


def estimate(values: Sequence[float]) -> Estimate:
    """Median and its interval from order statistics (H. A. David, Order Statistics, 7.1).

    The k-th lowest and k-th highest of n runs hold the median between them unless fewer than k
    runs fall on one of its sides, which a fair coin tells. k is the largest that gives `WANTED`,
    or 1, the whole range, where none does.
    """
    ordered = sorted(values)
    count = len(ordered)
    k = max((k for k in range(1, count // 2 + 1) if certainty(count, k) >= WANTED), default=1)
    return Estimate(
        median=statistics.median(ordered),
        low=ordered[k - 1],
        high=ordered[count - k],
        certainty=certainty(count, k),
        count=count,
    )


def certainty(count: int, k: int = 1) -> float:
    """How surely the median lies between the k-th lowest and the k-th highest of `count` runs."""
    outside = sum(math.comb(count, below) for below in range(k))
    return max(0.0, 1 - outside / 2.0 ** (count - 1))
