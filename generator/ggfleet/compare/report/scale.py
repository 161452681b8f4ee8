"""From values to places on a panel's axis.

Lengths are units of a panel's view box, `WIDTH` wide; on a screen about one pixel each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

WIDTH, MARGIN = 340.0, 16.0
WIDE = 20
"""How many times the least value the largest must be for a logarithmic scale."""
NOTHING = 1e-9
"""In seconds or MB: what is below stands where nothing stands."""


class Scale:
    """From values to places; logarithmic where the values span more than `WIDE`."""

    def __init__(self, values: Iterable[float]) -> None:
        known = [value for value in values if value > NOTHING] or [1.0]
        self.logarithmic = max(known) / min(known) > WIDE
        if self.logarithmic:
            self.ticks = _decades(min(known), max(known))
        else:
            self.ticks = _steps(max(known))
        self._ends = self._plain(self.ticks[0]), self._plain(self.ticks[-1])

    def place(self, value: float) -> float:
        """Nothing at all stands at the left end, on a logarithmic scale too."""
        low, high = self._ends
        part = (self._plain(value) - low) / (high - low) if value > NOTHING else 0.0
        return round(MARGIN + max(0.0, part) * (WIDTH - 2 * MARGIN), 1)

    def _plain(self, value: float) -> float:
        return math.log10(value) if self.logarithmic else value


def _decades(low: float, high: float) -> list[float]:
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, last + 1)]


def _steps(high: float) -> list[float]:
    """From 0 in three to five steps of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(high / 3))
    step = next(s * power for s in (1, 2, 5, 10) if high / (s * power) <= 5)  # noqa: PLR2004
    return [step * n for n in range(math.ceil(high / step - 1e-9) + 1)]
