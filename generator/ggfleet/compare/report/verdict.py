"""Which strategy is best for a change under a setting, as far as the runs can tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.interval import Estimate
from ggfleet.compare.report.terms import Measure

ALIKE = 1.02
"""Medians less than 2 % apart are called alike, however certain the difference is."""


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


def _alike(measure: Measure, best: Estimate, other: Estimate) -> bool:
    return other.low <= best.high or near(measure, best.median, other.median)
