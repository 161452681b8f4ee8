"""Which strategy is best for a change under a setting, as far as the runs can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.interval import Estimate
from ggfleet.compare.report.terms import Measure, several

ALIKE = 1.02
"""Medians less than 2 % apart are called alike, however certain the difference is."""

FEW = 2
"""So many strategies that do not lead are named instead of more that do."""


@dataclass(frozen=True)
class Verdict:
    """`ranking` holds the strategies that never failed, best first; `leaders` the best of them.

    Several lead where runs cannot tell them apart: their intervals overlap, or their medians are
    apart by less than 2 % or by what is negligible.
    """

    measure: Measure
    ranking: tuple[tuple[str, Estimate], ...]
    leaders: tuple[str, ...]

    @property
    def best(self) -> Estimate:
        """The leader's figure."""
        return self.ranking[0][1]

    @property
    def alone(self) -> bool:
        """Whether there was nothing to compare with."""
        return len(self.ranking) == 1

    @property
    def stands_out(self) -> tuple[str, ...]:
        """The leaders, where there is anybody that they are better than."""
        return () if self.alone or self.even else self.leaders

    @property
    def even(self) -> bool:
        """Whether all of several strategies lead."""
        return not self.alone and len(self.leaders) == len(self.ranking)


def verdict(
    findings: Findings, change: Change, setting: Setting, measure: Measure
) -> Verdict | None:
    """Rank by the median; None where no strategy was measured, or each failed at least once."""
    groups = {name: findings.group(name, change, setting) for name in findings.strategies}
    return rank(
        measure,
        {
            name: found
            for name, group in groups.items()
            if not group.failed and (found := group.estimate(measure.read)) is not None
        },
    )


def rank(measure: Measure, found: Mapping[str, Estimate]) -> Verdict | None:
    """Rank what is known of strategies; None where that is nothing."""
    if not found:
        return None
    ranking = sorted(found.items(), key=lambda each: each[1].median)
    best = ranking[0][1]
    leaders = tuple(strategy for strategy, each in ranking if _alike(measure, best, each))
    return Verdict(measure, tuple(ranking), leaders)


def near(measure: Measure, low: float, high: float) -> bool:
    """Whether two medians are apart by less than 2 % or by what is negligible."""
    return high <= max(low * ALIKE, low + measure.negligible)


def who(led: Verdict) -> str:
    """The leaders: by name, or `every strategy but B` where few others were measured."""
    others = list(behind(led))
    return f"every strategy but {several(others)}" if others else several(sorted(led.leaders), "or")


def behind(led: Verdict) -> tuple[str, ...]:
    """Those that do not lead, where they are few and the leaders are more; else nobody."""
    others = sorted(name for name, _ in led.ranking if name not in led.leaders)
    return tuple(others) if 0 < len(others) <= FEW < len(led.leaders) else ()


def ratio(of: Verdict) -> float:
    """How many times as much the last takes; what is shown as `<0.1 s` counts as 0.1 s."""
    best, most = max(of.best.median, of.measure.least), of.ranking[-1][1].median
    return most / best if best else math.inf


def times(of: Verdict) -> str:
    """That ratio in words."""
    more = "more than " if of.best.median < of.measure.least else ""
    return more + written(ratio(of))


def written(factor: float) -> str:
    """`2.6`, `12`, `5,698`."""
    return f"{factor:,.{1 if factor < 10 else 0}f}"  # noqa: PLR2004


def _alike(measure: Measure, best: Estimate, other: Estimate) -> bool:
    return other.low <= best.high or near(measure, best.median, other.median)
