"""The answer in plain words, as a reader with two minutes wants it; all of it comes from the data.

What a comparison is: a change under one setting, among the strategies that were measured there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.tables import BEST, CLOSE, Cell, Column, Table
from ggfleet.compare.report.terms import BYTES, CHANGES, SECONDS, Measure, several
from ggfleet.compare.report.verdict import Verdict, behind, ratio, times, verdict, who

MATTERS = {SECONDS.name: 1.0, BYTES.name: 1e6}
"""A change that takes less than this with every strategy hardly tells them apart."""
WORTH = 1.25
"""From so many times the best on, being behind is worth a headline."""

_MORE = {SECONDS.name: ("takes", "times as long"), BYTES.name: ("receives", "times as many bytes")}


@dataclass(frozen=True)
class _Lead:
    """Who leads a change under `settings`, all of which they were measured under."""

    names: str
    found: Mapping[Setting, Verdict]

    @property
    def any(self) -> Verdict:
        return next(iter(self.found.values()))

    @property
    def widest(self) -> Verdict:
        return max(self.found.values(), key=ratio)

    @property
    def span(self) -> str:
        return self.any.measure.span([each.best.median for each in self.found.values()])


def headlines(findings: Findings) -> tuple[str, ...]:
    """Who leads where it matters, who falls behind, and where the choice hardly matters."""
    said = (
        _first(findings, SECONDS, "Fastest"),
        _last(findings, SECONDS, "Slow where all others are alike"),
        _alike(findings),
        _first(findings, BYTES, "Fewest bytes"),
        _last(findings, BYTES, "Many bytes where all others are alike"),
    )
    return tuple(filter(None, said))


def _first(findings: Findings, measure: Measure, opening: str) -> str:
    """The changes that one strategy, or a few, are best for."""
    parts = [
        f"{lead.names} for {_name(change)} ({_others(lead)})"
        for change, lead in _headlined(findings, measure).items()
        if not behind(lead.any)
    ]
    often = "" if len(findings.settings) == 1 else " most often"
    return f"{opening}{often}: {'; '.join(parts)}." if parts else ""


def _others(lead: _Lead) -> str:
    verb, more = _MORE[lead.any.measure.name]
    last, most = lead.widest.ranking[-1]
    if math.isinf(ratio(lead.widest)):
        return f"{last} {verb} {lead.any.measure.text(most.median)}, against nothing"
    return f"{last} {verb} up to {times(lead.widest)} {more}"


def _last(findings: Findings, measure: Measure, opening: str) -> str:
    """The changes that all but one strategy, or a few, are alike for."""
    parts = [
        f"{several(list(behind(lead.any)))} for {_name(change)} ({_against(lead)})"
        for change, lead in _headlined(findings, measure).items()
        if behind(lead.any)
    ]
    return f"{opening}: {'; '.join(parts)}." if parts else ""


def _against(lead: _Lead) -> str:
    measure = lead.any.measure
    worst = max(lead.found.values(), key=lambda each: each.ranking[-1][1].median)
    most, best = worst.ranking[-1][1].median, worst.best.median
    return f"up to {measure.text(most)}, against {measure.text(best) if best else 'nothing'}"


def _headlined(findings: Findings, measure: Measure) -> dict[Change, _Lead]:
    """Who leads most often, for the changes in which that is worth something."""
    leads = {
        change: _foremost(led)
        for change in findings.changes
        if _matters(findings, change, measure) and (led := _leads(findings, change, measure))
    }
    return {change: lead for change, lead in leads.items() if ratio(lead.widest) >= WORTH}


def _foremost(leads: list[_Lead]) -> _Lead:
    """The first, with those who lead under as many conditions as it does.

    Where it is all but a few, also the conditions under which some of these few were measured.
    """
    first = leads[0]
    if last := set(behind(first.any)):
        alike = [each for each in leads if behind(each.any) and last.issuperset(behind(each.any))]
        return _Lead(first.names, _merged(alike))
    tied = [each for each in leads if len(each.found) == len(first.found)]
    if len(tied) == 1:
        return first
    found = _merged(tied)
    names = several(list(dict.fromkeys(n for each in found.values() for n in each.leaders)), "or")
    return _Lead(f"{names}, by conditions,", found)


def _merged(leads: list[_Lead]) -> dict[Setting, Verdict]:
    return {setting: each for lead in leads for setting, each in lead.found.items()}


def _alike(findings: Findings) -> str:
    """The changes that are soon over, and those that take all strategies as long."""
    soon, even = [], []
    for change in findings.changes:
        compared = _compared(findings, change, SECONDS).values()
        medians = [each.median for found in compared for _, each in found.ranking]
        if medians and max(medians) < MATTERS[SECONDS.name]:
            soon.append(f"{_name(change)} ({_at_most(findings, change, max(medians))})")
        elif medians and not any(found.stands_out for found in compared):
            even.append(f"{_name(change)} ({SECONDS.span(medians)})")
    said = (
        f"Over within a second with every strategy: {several(soon)}." if soon else "",
        f"No strategy stands out in time: {several(even)}." if even else "",
    )
    return " ".join(filter(None, said))


def _at_most(findings: Findings, change: Change, most: float) -> str:
    failed = any(run.cell.change is change for run in findings.failures)
    return f"at most {SECONDS.text(most)}{', where it did not fail' if failed else ''}"


def _matters(findings: Findings, change: Change, measure: Measure = SECONDS) -> bool:
    found = _compared(findings, change, measure).values()
    least = MATTERS[measure.name]
    return any(v.stands_out and v.ranking[-1][1].median >= least for v in found)


def hardly_matters(findings: Findings, change: Change) -> bool:
    """Whether a change is over within a second with all strategies, or none of them stands out."""
    return bool(_compared(findings, change, SECONDS)) and not _matters(findings, change)


def _compared(findings: Findings, change: Change, measure: Measure) -> dict[Setting, Verdict]:
    found = {s: verdict(findings, change, s, measure) for s in findings.under(change)}
    return {s: v for s, v in found.items() if v is not None and not v.alone}


def _leads(findings: Findings, change: Change, measure: Measure) -> list[_Lead]:
    """Those who lead somewhere; first who leads under the most settings."""
    led: dict[str, dict[Setting, Verdict]] = {}
    for setting, each in _compared(findings, change, measure).items():
        if each.stands_out:
            led.setdefault(who(each), {})[setting] = each
    leads = [_Lead(names, found) for names, found in led.items()]
    return sorted(leads, key=lambda lead: -len(lead.found))


def answers_table(findings: Findings) -> Table:
    """Changes by measures: who leads over all conditions, and who is behind."""
    columns = (
        Column("Change"),
        *(Column(title) for title in ("Fastest", "Slowest", "Fewest bytes", "Most bytes")),
    )
    rows = tuple(
        (
            Cell(CHANGES[change].title, CHANGES[change].meaning),
            *_answer(findings, change, SECONDS),
            *_answer(findings, change, BYTES),
        )
        for change in findings.changes
    )
    return Table("Change by change, over all conditions", columns, rows)


def _answer(findings: Findings, change: Change, measure: Measure) -> tuple[Cell, Cell]:
    compared = _compared(findings, change, measure)
    leads = _leads(findings, change, measure)
    if not compared:
        return Cell("nothing to compare"), Cell("")
    if not leads or not _matters(findings, change, measure):
        most = max(each.ranking[-1][1].median for each in compared.values())
        note = f"at most {measure.text(most)}" if most else "nothing with any strategy"
        return Cell("hardly a difference", note), Cell("")
    first = leads[0]
    where = f", {len(first.found)} of {len(compared)} conditions" if len(compared) > 1 else ""
    note = f"{first.span}{where}{_elsewhere(leads, len(compared))}"
    kind = BEST if len(first.any.leaders) == 1 else CLOSE
    return Cell(first.names, note, first.any.best.median, kind), _slowest(leads)


def _elsewhere(leads: list[_Lead], compared: int) -> str:
    """Who leads under the other conditions, and whether the first was measured there at all."""
    first, *others = leads
    told = [f"{lead.names}{_unless(first, lead)}" for lead in others]
    if sum(len(lead.found) for lead in leads) < compared:
        told.append("no difference")
    return f"; elsewhere {'; '.join(told)}" if told else ""


def _unless(first: _Lead, lead: _Lead) -> str:
    there = {name for each in lead.found.values() for name, _ in each.ranking}
    missing = [name for name in first.any.leaders if name not in there]
    return f" (no {several(missing, 'or')} there)" if missing and len(missing) == 1 else ""


def _slowest(leads: list[_Lead]) -> Cell:
    widest = max((lead.widest for lead in leads), key=ratio)
    name, most = widest.ranking[-1]
    factor = ratio(widest)
    much = "against nothing" if math.isinf(factor) else f"{times(widest)} times the best"
    return Cell(name, f"{widest.measure.text(most.median)}, {much}", most.median)


def _name(change: Change) -> str:
    return CHANGES[change].title.lower()
