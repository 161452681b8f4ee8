"""Where the marks of the charts go: dots with their intervals, one small panel for each setting.

Every row says its strategy and its value in words, so that neither colour nor the axis is needed.
Lengths are units of a panel's view box, `WIDTH` wide; on a screen about one pixel each.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ggfleet.compare.matrix.cells import Change
from ggfleet.compare.report.gather import Findings, Group, Setting
from ggfleet.compare.report.interval import Estimate, estimate
from ggfleet.compare.report.scale import Scale
from ggfleet.compare.report.terms import CHANGES, COLD, WARM, Measure, link_text
from ggfleet.compare.report.verdict import near, rank

ROW, AXIS = 34.0, 34.0

SEEN = 12.0
"""Lengths up to this disappear below the mark."""

HOLE = "not measured"
BEST, CLOSE, OTHER, FIRST, SECOND = "best", "close", "other", "first", "second"


@dataclass(frozen=True)
class Mark:
    """A value's place and that of its interval."""

    x: float
    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Row:
    """A strategy: `marks` (none where every run failed) and what is written above them."""

    label: str
    text: str
    marks: tuple[Mark, ...]
    y: float = 0.0


@dataclass(frozen=True)
class Panel:
    """One small chart; `ticks` are places and labels of the axis.

    `holes` are the strategies that were not measured: they are named, and need no row.
    """

    title: str
    subtitle: str
    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]
    holes: tuple[str, ...] = ()

    @property
    def height(self) -> float:
        """Of the view box."""
        return len(self.rows) * ROW + AXIS

    @property
    def in_words(self) -> str:
        """The same for those who cannot see it."""
        told = [f"{row.label}: {row.text}" for row in self.rows]
        return "; ".join([*told, *(f"{name}: not measured" for name in self.holes)])


@dataclass(frozen=True)
class Chart:
    """Panels with one scale, and the kinds of marks that a legend must explain."""

    name: str
    title: str
    unit: str
    logarithmic: bool
    kinds: Mapping[str, str]
    panels: tuple[Panel, ...]

    @property
    def legend(self) -> dict[str, str]:
        """The kinds that occur, with their meaning; none where there is but one without rank."""
        there = {mark.kind for mark in self._marks}
        return {} if there == {OTHER} else {k: v for k, v in self.kinds.items() if k in there}

    @property
    def has_intervals(self) -> bool:
        """Whether any interval can be seen beside its mark."""
        return any(mark.high - mark.low > SEEN for mark in self._marks)

    @property
    def _marks(self) -> list[Mark]:
        return [mark for panel in self.panels for row in panel.rows for mark in row.marks]


_Groups = Mapping[Setting | None, Mapping[str, Group]]
"""The runs of a change by setting and strategy; None stands for all settings together."""

LEADS = {
    BEST: "best",
    CLOSE: "too close to the best to tell",
    OTHER: "others",
}


def measure_chart(findings: Findings, change: Change, measure: Measure) -> Chart:
    """One measure of a change: a panel for each setting, a row for each strategy.

    One panel for all settings, where they make no difference to any strategy that they were
    measured with.
    """
    under = findings.under(change)
    groups: _Groups = {
        s: {n: findings.group(n, change, s) for n in findings.strategies} for s in under
    }
    if len(under) > 1 and _constant(groups, measure):
        groups = {None: {n: _together(groups, n) for n in findings.strategies}}
    known = [each.estimate(measure.read) for of in groups.values() for each in of.values()]
    scale = _scale(measure, known)
    panels = tuple(
        _panel(*_heading(findings, setting), _rows(of, measure, scale), scale)
        for setting, of in groups.items()
    )
    return Chart(
        f"{change}-{measure.name}", f"{CHANGES[change].title}: {measure.title.lower()}",
        measure.unit, scale.logarithmic, LEADS, panels,
    )  # fmt: skip


def _panel(title: str, subtitle: str, rows: Iterable[Row], scale: Scale) -> Panel:
    """Rows from the least to the most, then those without a mark."""
    named = list(rows)
    there = [row for row in named if row.text != HOLE]
    there.sort(key=lambda row: row.marks[0].x if row.marks else math.inf)
    placed = tuple(replace(row, y=place * ROW) for place, row in enumerate(there))
    holes = tuple(row.label for row in named if row.text == HOLE)
    return Panel(title, subtitle, placed, _ticks(scale), holes)


def _heading(findings: Findings, setting: Setting | None) -> tuple[str, str]:
    if setting is None:
        return "all conditions", "as far as they were measured, they make no difference to it"
    return findings.labels[setting], link_text(setting.link)


def _constant(groups: _Groups, measure: Measure) -> bool:
    """Whether no strategy failed, and each took alike in all settings it was measured under."""
    by_strategy: dict[str, list[float]] = {}
    for of in groups.values():
        for name, group in of.items():
            found = group.estimate(measure.read)
            if group.failed:
                return False
            if found is not None:
                by_strategy.setdefault(name, []).append(found.median)
    return all(near(measure, min(each), max(each)) for each in by_strategy.values())


def _together(groups: _Groups, name: str) -> Group:
    return Group(done=tuple(run for of in groups.values() for run in of[name].done))


def answers_chart(findings: Findings, change: Change) -> Chart:
    """Seconds to the first answer after a change, cold and warm."""
    under = findings.under(change)
    groups = {(s, n): findings.group(n, change, s) for s in under for n in findings.strategies}
    known = [group.estimate(m.read) for group in groups.values() for m in (COLD, WARM)]
    scale = _scale(COLD, known)
    panels = tuple(
        _panel(
            findings.labels[setting],
            link_text(setting.link),
            (_pair(name, groups[setting, name], scale) for name in findings.strategies),
            scale,
        )
        for setting in under
    )
    kinds = {FIRST: "cold: nothing cached, as after a boot", SECOND: "warm: files cached in memory"}
    title = f"First answer after: {CHANGES[change].title.lower()}"
    return Chart("answers", title, COLD.unit, scale.logarithmic, kinds, panels)


def life_chart(findings: Findings, measure: Measure) -> Chart:
    """A measure through a device's life: a panel for each change, runs of all settings together."""
    found = {
        (change, strategy): _pooled(findings, strategy, change, measure)
        for change in findings.changes
        for strategy in findings.strategies
    }
    scale = _scale(measure, found.values())
    panels = tuple(
        _panel(
            f"after: {CHANGES[change].title.lower()}",
            "",
            (_row(n, found[change, n], measure, scale, OTHER) for n in findings.strategies),
            scale,
        )
        for change in findings.changes
    )
    return Chart(f"life-{measure.name}", measure.title, measure.unit, scale.logarithmic, {}, panels)


def _pooled(findings: Findings, strategy: str, change: Change, measure: Measure) -> Estimate | None:
    done = [
        run
        for setting in findings.settings
        for run in findings.group(strategy, change, setting).done
    ]
    values = [value for run in done if (value := measure.read(run)) is not None]
    return estimate(values) if values else None


def _scale(measure: Measure, found: Iterable[Estimate | None]) -> Scale:
    ends = [end for each in found if each for end in (each.low, each.high)]
    values = [_shown(end, measure) / measure.scale for end in ends]
    return Scale(values)


def _shown(value: float, measure: Measure) -> float:
    """What is written as less than `measure.least` stands there and not below it."""
    return max(value, measure.least) if value else value


def _ticks(scale: Scale) -> tuple[tuple[float, str], ...]:
    return tuple((scale.place(value), f"{value:,g}") for value in _thinned(scale.ticks))


def _thinned(ticks: Sequence[float]) -> Sequence[float]:
    """At most six labels fit under a panel."""
    return ticks[:: math.ceil(len(ticks) / 6)]


def _rows(groups: Mapping[str, Group], measure: Measure, scale: Scale) -> tuple[Row, ...]:
    found = {name: group.estimate(measure.read) for name, group in groups.items()}
    reliable = {n: each for n, each in found.items() if each and not groups[n].failed}
    led = rank(measure, reliable)
    leaders = led.stands_out if led else ()
    kinds = {name: BEST if len(leaders) == 1 else CLOSE for name in leaders}
    return tuple(
        _with_failures(_row(name, each, measure, scale, kinds.get(name, OTHER)), groups[name])
        for name, each in found.items()
    )


def _row(name: str, found: Estimate | None, measure: Measure, scale: Scale, kind: str) -> Row:
    if found is None:
        return Row(name, HOLE, ())
    text = measure.text(found.median)
    if kind == BEST:
        text = f"best, {text}"
    return Row(name, text, (_mark(found, measure, scale, kind),))


def _with_failures(row: Row, group: Group) -> Row:
    if not group.failed:
        return row
    of = f"{len(group.failed)} of {len(group.failed) + len(group.done)} failed"
    text = f"{of}, {row.text}" if row.marks else of
    return replace(row, text=text)


def _pair(name: str, group: Group, scale: Scale) -> Row:
    kinds = ((COLD, FIRST, "cold"), (WARM, SECOND, "warm"))
    found = [(m, kind, word, group.estimate(m.read)) for m, kind, word in kinds]
    marks = tuple(_mark(each, m, scale, kind) for m, kind, _, each in found if each)
    texts = [f"{word} {m.text(each.median)}" for m, _, word, each in found if each]
    row = Row(name, ", ".join(texts) or HOLE, marks)
    return _with_failures(row, group)


def _mark(of: Estimate, measure: Measure, scale: Scale, kind: str) -> Mark:
    low, middle, high = (
        scale.place(_shown(value, measure) / measure.scale)
        for value in (of.low, of.median, of.high)
    )
    return Mark(middle, low, high, kind)
