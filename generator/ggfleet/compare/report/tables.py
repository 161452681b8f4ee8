"""The report's tables, before anything is known of HTML, Markdown or terminals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from ggfleet.compare.matrix.cells import Change, Observation
from ggfleet.compare.report.gather import Findings, Group, Setting
from ggfleet.compare.report.terms import (
    CHANGES,
    LEFT,
    SECONDS,
    Measure,
    link_text,
    processor_text,
    several,
    storage_text,
)
from ggfleet.compare.report.verdict import Verdict, verdict, who

HOLE, FAILED, BEST, CLOSE = "hole", "failed", "best", "close"


@dataclass(frozen=True)
class Cell:
    """What stands in a cell: `text`, `note` (small beside it), `value` to sort by, and its `kind`.

    `kind` is empty, or tells a hole, a failure, the best figure or one too close to it to tell.
    `shade` is 0 where nothing is to be said, or tells how far from the best it is: 1 is near.
    """

    text: str
    note: str = ""
    value: float | None = None
    kind: str = ""
    shade: int = 0


@dataclass(frozen=True)
class Column:
    """A heading; `meaning` explains it, `number` columns are set flush right, `note` is small."""

    title: str
    meaning: str = ""
    number: bool = False
    note: str = ""


@dataclass(frozen=True)
class Table:
    """A table with a title that says what it shows; the first `heads` columns head their rows."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int = 1


def best_table(findings: Findings, measure: Measure) -> Table:
    """Changes by settings: who leads in one measure."""
    columns = (Column("Change"), *(_headed_by(findings, s) for s in findings.settings))
    rows = tuple(
        (
            Cell(CHANGES[change].title),
            *(_leaders(findings, change, setting, measure) for setting in findings.settings),
        )
        for change in findings.changes
    )
    return Table(f"{measure.title}: the best strategy", columns, rows)


def _headed_by(findings: Findings, setting: Setting) -> Column:
    return Column(findings.labels[setting], note=link_text(setting.link))


def _leaders(findings: Findings, change: Change, setting: Setting, measure: Measure) -> Cell:
    if setting not in findings.under(change):
        return Cell("not measured", kind=HOLE)
    found = verdict(findings, change, setting, measure)
    if found is None:
        return Cell("all failed", kind=FAILED)
    if found.even:
        told, kind = "none stands out", ""
    else:
        told, kind = who(found), rank_of(found)
    note = ", the only one measured" if found.alone else ""
    return Cell(told, f"{measure.with_interval(found.best)}{note}", found.best.median, kind)


def rank_of(of: Verdict) -> str:
    """How leaders are marked: alone, or too close to tell apart."""
    return BEST if len(of.leaders) == 1 else CLOSE


def figures_table(findings: Findings, change: Change, measures: Sequence[Measure]) -> Table:
    """One change: settings and strategies by measures."""
    columns = (
        Column("Conditions"),
        Column("Strategy"),
        Column("Runs", "how many runs were done to their end; the figures are their medians"),
        *(Column(_headed(m), f"{m.meaning}; lower is better", number=True) for m in measures),
    )
    rows = [
        _figures(findings, change, setting, strategy, measures)
        for setting in findings.under(change)
        for strategy in _quickest_first(findings, change, setting)
    ]
    titles = several([measure.title.lower() for measure in measures])
    return Table(f"{CHANGES[change].title}: {titles}", columns, tuple(rows), heads=2)


def _quickest_first(findings: Findings, change: Change, setting: Setting) -> list[str]:
    def seconds(strategy: str) -> float:
        found = findings.group(strategy, change, setting).estimate(SECONDS.read)
        return found.median if found else math.inf

    return sorted(findings.strategies, key=seconds)


def _headed(measure: Measure) -> str:
    return f"{measure.title}, {measure.unit}" if measure.unit else measure.title


def _figures(
    findings: Findings,
    change: Change,
    setting: Setting,
    strategy: str,
    measures: Sequence[Measure],
) -> tuple[Cell, ...]:
    group = findings.group(strategy, change, setting)
    return (
        Cell(findings.labels[setting], value=findings.settings.index(setting)),
        Cell(strategy),
        _runs(group),
        *(figure_cell(findings, change, setting, strategy, measure) for measure in measures),
    )


def _runs(group: Group) -> Cell:
    done, failed = len(group.done), len(group.failed)
    if failed:
        return Cell(f"{done} of {done + failed}", f"{failed} failed", done, FAILED)
    return Cell(f"{done}", value=done) if done else Cell("none", kind=HOLE)


def figure_cell(
    findings: Findings, change: Change, setting: Setting, strategy: str, measure: Measure
) -> Cell:
    """A median with its interval and its rank, or why there is none."""
    group = findings.group(strategy, change, setting)
    found = group.estimate(measure.read)
    if found is None:
        return _nothing(group)
    low, high = measure.number(found.low), measure.number(found.high)
    note = "" if low == high else f"{low} to {high}"
    led = verdict(findings, change, setting, measure)
    kind = rank_of(led) if led is not None and strategy in led.stands_out else ""
    return Cell(measure.number(found.median), note, found.median, kind)


def _nothing(group: Group) -> Cell:
    """Why there is no figure: a hole, a failure, or a change that ends with nothing to ask."""
    if group.failed and not group.done:
        return Cell("failed", kind=FAILED)
    return Cell("does not apply" if group.done else "not measured", kind=HOLE)


def remains_table(findings: Findings) -> Table:
    """What each strategy needs, and what it leaves."""
    columns = (
        Column("Strategy"),
        Column("Reached through", "what a fleet's owner must have to get a change to the device"),
        Column("Failed runs", "changes that did not end well, of all that were tried"),
        Column(f"{LEFT.title} by failures", f"{LEFT.meaning}; the most of any failed run"),
        Column(f"{LEFT.title} by removal", f"{LEFT.meaning}; the median"),
        Column(
            "Roll-back restores",
            "in how many roll-backs every file was again what it was before the change",
        ),
    )
    rows = tuple(_remains(findings, strategy) for strategy in findings.strategies)
    return Table("What it takes, and what remains", columns, rows)


def _remains(findings: Findings, strategy: str) -> tuple[Cell, ...]:
    runs = findings.of(strategy)
    failed = [run for run in runs if run in findings.failures]
    removed = [r for r in findings.of(strategy, Change.REMOVE) if r not in failed]
    backs = [r for r in findings.of(strategy, Change.ROLL_BACK) if r.restored is not None]
    return (
        Cell(strategy),
        Cell(several(list(dict.fromkeys(run.control for run in runs)))),
        Cell(f"{len(failed)} of {len(runs)}", value=len(failed), kind=FAILED if failed else ""),
        _left([max(r.left_behind_bytes for r in failed)] if failed else [], "no failure"),
        _left([r.left_behind_bytes for r in removed], "not measured"),
        _restored(backs),
    )


def _left(sizes: Sequence[int], otherwise: str) -> Cell:
    if not sizes:
        return Cell(otherwise, kind=HOLE)
    middle = median(sizes)
    return Cell(LEFT.text(middle) if middle else "nothing", value=middle)


def _restored(backs: Sequence[Observation]) -> Cell:
    if not backs:
        return Cell("not measured", kind=HOLE)
    well = sum(bool(run.restored) for run in backs)
    text = f"{well} of {len(backs)}"
    return Cell(text, value=well / len(backs), kind="" if well == len(backs) else FAILED)


def failures_table(findings: Findings) -> Table:
    """What failed, with its message; runs that failed alike share a row."""
    columns = tuple(
        Column(title)
        for title in ("Strategy", "Change", "Conditions", "Runs", "Message", "Afterwards")
    )
    alike: dict[tuple[str, ...], list[Observation]] = {}
    for run in findings.failures:
        alike.setdefault((run.cell.key, run.message, run.serving), []).append(run)
    return Table("What failed", columns, tuple(_failure(findings, runs) for runs in alike.values()))


def _failure(findings: Findings, runs: Sequence[Observation]) -> tuple[Cell, ...]:
    first = runs[0]
    cell = first.cell
    setting = Setting(cell.link, cell.storage, cell.processor)
    after = f"{first.serving} serves" if first.serving else "nothing serves"
    left = max(run.left_behind_bytes for run in runs)
    return (
        Cell(cell.strategy),
        Cell(CHANGES[cell.change].title),
        Cell(findings.labels[setting]),
        Cell(str(len(runs)), value=len(runs)),
        Cell(first.message or "no message", kind=FAILED),
        Cell(f"{after}, {LEFT.text(left)} left behind" if left else after),
    )


def coverage_table(findings: Findings) -> Table:
    """Strategies by changes: in how many of the settings each was measured."""
    wanted = len(findings.settings)
    rows = tuple(
        (Cell(strategy), *(_covered(findings, strategy, change, wanted) for change in Change))
        for strategy in findings.strategies
    )
    columns = (Column("Strategy"), *(Column(CHANGES[change].title) for change in Change))
    return Table("What was measured, and what was not", columns, rows)


def _covered(findings: Findings, strategy: str, change: Change, wanted: int) -> Cell:
    groups = [findings.group(strategy, change, setting) for setting in findings.settings]
    runs = sum(len(group.done) + len(group.failed) for group in groups)
    under = sum(bool(group.done or group.failed) for group in groups)
    if not runs:
        return Cell("not measured", kind=HOLE)
    note = f"{runs} {'run' if runs == 1 else 'runs'}"
    return Cell(f"{under} of {wanted}", note, under, "" if under == wanted else HOLE)


def conditions_table(findings: Findings) -> Table:
    """What the names of links, disks and processor budgets stand for."""
    rows: Iterable[tuple[str, str, str]] = dict.fromkeys(
        (kind, name, text)
        for setting in findings.settings
        for kind, name, text in (
            ("Link", setting.link.name, link_text(setting.link)),
            ("Disk", setting.storage.name, storage_text(setting.storage)),
            ("Processor", setting.processor.name, processor_text(setting.processor)),
        )
    )
    return Table(
        "The conditions",
        (Column("Condition"), Column("Name"), Column("What it is")),
        tuple(tuple(Cell(text) for text in row) for row in sorted(rows)),
        heads=2,
    )
