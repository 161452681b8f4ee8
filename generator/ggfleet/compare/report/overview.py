"""The overview: strategies by changes under one setting, shaded by how far from the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.tables import FAILED, HOLE, Cell, Column, Table, figure_cell
from ggfleet.compare.report.terms import (
    BYTES,
    CHANGES,
    SECONDS,
    STRATEGIES,
    Measure,
    link_text,
    processor_text,
    storage_text,
)
from ggfleet.compare.report.verdict import verdict, written

SHADES = (2.0, 5.0)
"""From so many times the best on, a figure is shaded darker."""
LEGEND = (
    "up to 2 times the best",
    "2 to 5 times",
    "5 times the best or more",
)
"""What the shades 1, 2 and 3 stand for."""


@dataclass(frozen=True)
class Overview:
    """One setting: its name, what that means, and a table for time and one for bytes."""

    name: str
    meaning: str
    tables: tuple[Table, ...]


def overviews(findings: Findings) -> list[Overview]:
    """One for each setting; first the one that most is known of, the others as they come."""
    first = _best_known(findings)
    settings = [first, *(s for s in findings.settings if s != first)]
    return [_overview(findings, setting) for setting in settings]


def _best_known(findings: Findings) -> Setting:
    """The setting with the most cells measured; of several, the one in the middle."""
    known = {s: sum(setting == s for _, _, setting in findings.groups) for s in findings.settings}
    most = [setting for setting, count in known.items() if count == max(known.values())]
    return most[len(most) // 2]


def _overview(findings: Findings, setting: Setting) -> Overview:
    changes = [c for c in findings.changes if setting in findings.under(c)]
    strategies = _sorted(findings, setting, changes)
    return Overview(
        findings.labels[setting],
        f"link: {link_text(setting.link)}; disk: {storage_text(setting.storage)}; "
        f"processors: {processor_text(setting.processor)}",
        tuple(_table(findings, setting, strategies, changes, m) for m in (SECONDS, BYTES)),
    )


def _sorted(findings: Findings, setting: Setting, changes: Sequence[Change]) -> list[str]:
    """Those measured there, with the least time for all changes together first; holes last."""

    def key(strategy: str) -> tuple[int, float]:
        groups = [findings.group(strategy, change, setting) for change in changes]
        known = [found.median for each in groups if (found := each.estimate(SECONDS.read))]
        return len(changes) - len(known), sum(known)

    there = {strategy for strategy, _, each in findings.groups if each == setting}
    return sorted((name for name in findings.strategies if name in there), key=key)


def _table(
    findings: Findings,
    setting: Setting,
    strategies: Sequence[str],
    changes: Sequence[Change],
    measure: Measure,
) -> Table:
    columns = (
        Column("Strategy"),
        *(Column(CHANGES[change].title, number=True) for change in changes),
    )
    rows = tuple(
        (
            Cell(name, STRATEGIES[name].title if name in STRATEGIES else ""),
            *(_cell(findings, change, setting, name, measure) for change in changes),
        )
        for name in strategies
    )
    return Table(f"{measure.title}, {measure.unit}: {findings.labels[setting]}", columns, rows)


def _cell(
    findings: Findings, change: Change, setting: Setting, strategy: str, measure: Measure
) -> Cell:
    """The median without its interval, with how many times the best it is from twice on."""
    cell = figure_cell(findings, change, setting, strategy, measure)
    led = verdict(findings, change, setting, measure)
    if cell.kind in (HOLE, FAILED) or cell.value is None:
        return cell
    if led is None or not led.stands_out:
        return replace(cell, note="")
    if cell.kind:
        return replace(cell, note="", shade=1)
    best = max(led.best.median, measure.least)
    if not best:
        return replace(cell, note="", shade=len(SHADES) + 1)
    factor = cell.value / best
    shade = 1 + sum(factor >= each for each in SHADES)
    return replace(cell, note=f"{written(factor)} x" if factor >= SHADES[0] else "", shade=shade)
