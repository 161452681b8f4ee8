"""What the figures say, in sentences. Every word that judges comes out of the data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.answers import headlines
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.interval import WANTED, certainty
from ggfleet.compare.report.terms import BYTES, SECONDS, Measure, several
from ggfleet.compare.report.verdict import Verdict, ratio, times, verdict, who

TELLING = 1.05
"""How many times as much the last must take for a sentence to name it."""


def sentences(findings: Findings, change: Change) -> tuple[str, ...]:
    """Who was fastest, who moved the fewest bytes, under which settings; and who failed."""
    said = (
        _sentence(findings, change, SECONDS, "Fastest"),
        _sentence(findings, change, BYTES, "Fewest bytes"),
        _failing(findings, change),
    )
    return tuple(filter(None, said))


def _failing(findings: Findings, change: Change) -> str:
    parts = []
    for name in findings.strategies:
        groups = {s: findings.group(name, change, s) for s in findings.under(change)}
        if where := [findings.labels[s] for s, group in groups.items() if group.failed]:
            failed = sum(len(group.failed) for group in groups.values())
            tried = failed + sum(len(group.done) for group in groups.values())
            parts.append(f"{name} in {failed} of {tried} runs, on {several(where)}")
    return f"Failed: {'; '.join(parts)}." if parts else ""


def overall(findings: Findings) -> tuple[str, ...]:
    """Over the whole matrix: who leads, how much of it is known, what failed, what was restored."""
    return tuple(
        filter(
            None,
            (
                *headlines(findings),
                _coverage(findings),
                _chance(findings),
                _unreliable(findings),
                _not_restored(findings),
            ),
        )
    )


def _coverage(findings: Findings) -> str:
    there = len(findings.groups)
    every = len(findings.strategies) * len(findings.changes) * len(findings.settings)
    if there == every:
        return ""
    return (
        f"{there:,} of {every:,} combinations of strategy, change and conditions were measured: "
        "a best is the best of those measured there."
    )


def _chance(findings: Findings) -> str:
    done = [len(group.done) for group in findings.groups.values() if group.done]
    alone = done.count(1)
    if not alone:
        return ""
    if alone == len(done):
        return "Every figure rests on a single run: differences may be chance."
    return f"{alone} of {len(done)} combinations rest on a single run: there it may be chance."


def _unreliable(findings: Findings) -> str:
    parts = [
        f"{name} in {count} of {len(findings.of(name))} runs"
        for name, count in Counter(run.cell.strategy for run in findings.failures).items()
    ]
    return f"Failed: {several(parts)}." if parts else "No run failed."


def _not_restored(findings: Findings) -> str:
    backs = [run for run in findings.observations if run.restored is not None]
    if not backs:
        return ""
    short = list(dict.fromkeys(run.cell.strategy for run in backs if not run.restored))
    if not short:
        return "Every roll-back restored exactly the files that were there before."
    return f"Rolling back did not always restore the former files with {several(short)}."


def _sentence(findings: Findings, change: Change, measure: Measure, opening: str) -> str:
    under = findings.under(change)
    found = {s: v for s in under if (v := verdict(findings, change, s, measure)) is not None}
    if not found:
        return f"{opening}: no strategy, as each failed at least once."
    by_leaders: dict[str, list[Setting]] = {}
    for setting, each in found.items():
        by_leaders.setdefault(_who(each), []).append(setting)
    led = sorted(by_leaders.values(), key=len)
    parts = [_leading(findings, found, settings) for settings in led[:-1]]
    parts.append(_leading(findings, found, led[-1], rest=bool(parts)))
    return f"{opening}: {'; '.join(parts)}.{_last(findings, found, measure)}"


def _leading(
    findings: Findings,
    found: Mapping[Setting, Verdict],
    settings: Sequence[Setting],
    rest: bool | None = None,
) -> str:
    """`A on lan (12.3 s) and dsl (40 s)`; `A or B (too close to tell apart) elsewhere (...)`.

    `rest` tells that these settings are all the others, or (False) all there are.
    """
    first = found[settings[0]]
    measure = first.measure
    best = [found[setting].best.median for setting in settings]
    if rest is not None and len(settings) > 1:
        where = f"{'elsewhere' if rest else 'everywhere'} ({measure.span(best)})"
    else:
        figures = zip(settings, map(measure.text, best), strict=True)
        names = [f"{findings.labels[setting]} ({text})" for setting, text in figures]
        where = f"on {several(names)}"
    if len(findings.settings) == 1:
        where = f"({measure.span(best)})"
    return f"{_who(first)} {where}"


def _who(led: Verdict) -> str:
    if led.even:
        return "no strategy stands out"
    names = who(led)
    if led.alone:
        return f"{names} (nothing to compare it with)"
    return names if len(led.leaders) == 1 else f"{names} (too close to tell apart)"


def _last(findings: Findings, found: Mapping[Setting, Verdict], measure: Measure) -> str:
    """How much more the last took, where that was most."""
    rated = {s: v for s, v in found.items() if v.stands_out}
    if not rated:
        return ""
    setting, worst = max(rated.items(), key=lambda each: ratio(each[1]))
    factor = ratio(worst)
    if factor < TELLING:
        return ""
    name, most = worst.ranking[-1]
    where = f", on {findings.labels[setting]}" if len(found) > 1 else ""
    how = "against nothing" if math.isinf(factor) else f"{times(worst)} times as much"
    return f" The widest gap{where}: {name} with {measure.text(most.median)}, {how}."


def scope(findings: Findings) -> str:
    """What was measured: how many of what."""
    parts = [
        _count(len(findings.strategies), "strategy"),
        _count(len(findings.changes), "change"),
        f"{_count(len(findings.settings), 'set')} of conditions",
    ]
    failed = len(findings.failures)
    failures = f"{failed:,} failed" if failed else "none failed"
    return (
        f"{several(parts)} on {_count(len(findings.hosts), 'device')}: "
        f"{_count(len(findings.observations), 'run')}, of which {failures}"
    )


def how_certain(findings: Findings) -> str:
    """What the interval beside a median is, for the numbers of runs that occur."""
    counts = sorted({len(group.done) for group in findings.groups.values() if group.done})
    if not counts:
        return "No run was done to its end, so there is no figure."
    said = [_interval(count) for count in counts]
    return (
        "A figure is the median of the runs of one strategy for one change under one set of "
        "conditions: half took less, half took more. "
        "The numbers in brackets are an interval for it, from order statistics, which assume "
        f"nothing about how runs spread: {'; '.join(said)}."
    )


def _interval(count: int) -> str:
    if count == 1:
        return "with 1 run there is none, and the figure may be chance"
    whole = certainty(count)
    if whole < WANTED:
        return (
            f"with {count} runs it is the lowest and the highest, and holds the true median "
            f"with a certainty of {100 * whole:.0f} %"
        )
    return f"with {count} runs it holds the true median with a certainty of at least 95 %"


def _count(number: int, noun: str) -> str:
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("gy") else f"{number:,} {noun}s"
