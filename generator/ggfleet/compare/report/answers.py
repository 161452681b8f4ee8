"""The answer in plain words, as a reader with two minutes wants it; all of it comes from the data.

What a comparison is: a change under one setting, among the strategies that were measured there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.terms import BYTES, CHANGES, SECONDS, Measure, several
from ggfleet.compare.report.verdict import Verdict, ratio, times, verdict, who

MATTERS = 1.0
"""A change that takes less than this many seconds with every strategy hardly tells them apart."""

_Verdicts = Mapping[Setting, Verdict]
_AS = {SECONDS.name: "as long", BYTES.name: "as many"}


@dataclass(frozen=True)
class Answer:
    """What is best for a change: `text` for each measure's `name`."""

    change: Change
    title: str
    meaning: str
    parts: tuple[tuple[str, str], ...]


def answers(findings: Findings) -> list[Answer]:
    """One for each change that was measured."""
    return [
        Answer(
            change,
            CHANGES[change].title,
            CHANGES[change].meaning,
            (
                ("Fastest", _answer(findings, change, SECONDS)),
                ("Fewest bytes", _answer(findings, change, BYTES)),
            ),
        )
        for change in findings.changes
    ]


def headlines(findings: Findings) -> tuple[str, ...]:
    """Who leads where it matters, how much that is, and where the choice hardly matters."""
    said = (
        _most_often(findings, SECONDS, "Fastest"),
        _most_often(findings, BYTES, "Fewest bytes"),
        _differing(findings),
        _alike(findings),
    )
    return tuple(filter(None, said))


def _most_often(findings: Findings, measure: Measure, opening: str) -> str:
    """Strategies with the changes that they lead under more settings than others do."""
    by_leaders: dict[str, list[str]] = {}
    for change in findings.changes:
        led = _led(_compared(findings, change, measure))
        if led and _matters(findings, change):
            by_leaders.setdefault(_first(led), []).append(_name(change))
    if not by_leaders:
        return ""
    parts = [f"{names} for {several(changes)}" for names, changes in by_leaders.items()]
    often = "" if len(findings.settings) == 1 else " most often"
    return f"{opening}{often}: {'; '.join(parts)}."


def _first(led: Mapping[str, Sequence[Setting]]) -> str:
    """Who leads under the most settings; several where they lead under equally many."""
    most = max(map(len, led.values()))
    names = [name for name, settings in led.items() if len(settings) == most]
    return names[0] if len(names) == 1 else f"{several(names, 'or')}, by conditions,"


def _differing(findings: Findings) -> str:
    widest = {
        change: max(found, key=ratio)
        for change in findings.changes
        if (found := _rated(_compared(findings, change, SECONDS))) and _matters(findings, change)
    }
    if not widest:
        return ""
    told = sorted(widest.items(), key=lambda each: -ratio(each[1]))
    parts = [f"{times(each)} times as long for {_name(c)}" for c, each in told]
    return f"What the choice is worth, the slowest against the fastest: {', '.join(parts)}."


def _alike(findings: Findings) -> str:
    names = [c for c in findings.changes if not _matters(findings, c)]
    medians = [
        each.median
        for change in names
        for found in _compared(findings, change, SECONDS).values()
        for _, each in found.ranking
    ]
    if not medians:
        return ""
    most = SECONDS.text(max(medians))
    return f"Hardly a difference in time: {several(list(map(_name, names)))}, at most {most}."


def _matters(findings: Findings, change: Change) -> bool:
    found = _compared(findings, change, SECONDS).values()
    return any(v.stands_out and v.ranking[-1][1].median >= MATTERS for v in found)


def _compared(findings: Findings, change: Change, measure: Measure) -> _Verdicts:
    found = {s: verdict(findings, change, s, measure) for s in findings.under(change)}
    return {s: v for s, v in found.items() if v is not None and not v.alone}


def _rated(found: _Verdicts) -> list[Verdict]:
    return [each for each in found.values() if each.stands_out]


def _led(found: _Verdicts) -> dict[str, list[Setting]]:
    """Leaders, as they are told, with the settings that they lead under; the most of them first."""
    led: dict[str, list[Setting]] = {}
    for setting, each in found.items():
        if each.stands_out:
            led.setdefault(who(each), []).append(setting)
    return dict(sorted(led.items(), key=lambda each: -len(each[1])))


def _answer(findings: Findings, change: Change, measure: Measure) -> str:
    found = _compared(findings, change, measure)
    if not found:
        return "nothing to compare."
    most = max(each.ranking[-1][1].median for each in found.values())
    led = _led(found)
    if not led:
        return f"no strategy stands out, {_at_most(measure, most)}."
    parts = [_leading(found, settings, names) for names, settings in led.items()]
    even = len(found) - sum(map(len, led.values()))
    if even:
        parts.append(f"no difference under {even}")
    return f"{'; '.join(parts)}.{_behind(_rated(found), measure)}"


def _at_most(measure: Measure, most: float) -> str:
    return f"at most {measure.text(most)}" if most else "nothing with any"


def _leading(found: _Verdicts, settings: Sequence[Setting], names: str) -> str:
    first = found[settings[0]]
    span = first.measure.span([found[setting].best.median for setting in settings])
    if len(found) == 1:
        return f"{names}, {span}"
    return f"{names} under {len(settings)} of {len(found)} conditions, {span}"


def _behind(rated: Sequence[Verdict], measure: Measure) -> str:
    """How much more the next and the last need."""
    last = max(rated, key=ratio)
    name, worst = last.ranking[-1]
    as_much = _AS[measure.name]
    factor = ratio(last)
    how = "against nothing" if math.isinf(factor) else f"{times(last)} times {as_much}"
    return f" At most behind: {name} with {measure.text(worst.median)}, {how}."


def _name(change: Change) -> str:
    return CHANGES[change].title.lower()
