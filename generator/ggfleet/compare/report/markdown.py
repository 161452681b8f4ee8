"""The report as Markdown (GitHub's tables)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from ggfleet.compare.report import tables
from ggfleet.compare.report.content import LEAD, METHOD, RULES, TITLE, Report
from ggfleet.compare.report.tables import Cell, Table
from ggfleet.compare.report.terms import CHANGES, MEASURES

_SPECIAL = re.compile(r"([\\`*_\[\]<>|&])")


def to_markdown(report: Report) -> str:
    """Render the report; every text of the data is escaped."""
    return "\n\n".join(filter(None, _blocks(report))) + "\n"


def to_readme(report: Report, files: Mapping[str, str]) -> str:
    """The beginning, and what each of the `files` of the folder is."""
    links = "\n".join(f"- [{name}]({name}): {meaning}" for name, meaning in files.items())
    again = "ggfleet report runs.jsonl --out ."
    if report.machine:
        again += " --machine machine.json"
    if report.drifted:
        again += " --drift drift.json"
    blocks = (
        f"# {TITLE}",
        LEAD,
        f"{report.scope}.",
        _items(report.overall),
        _table(report.answers),
        report.certain,
        RULES,
        "## What lies here",
        links,
        f"`{again}` in this folder writes all of it again from the raw data.",
    )
    return "\n\n".join(blocks) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    findings = report.findings
    yield f"# {TITLE}"
    yield LEAD
    yield f"{report.scope}."
    yield "## The answer"
    yield _items(report.overall)
    yield _table(report.answers)
    yield "## Strategy by change"
    for each in report.overviews:
        yield f"{_plain(each.name)}: {_plain(each.meaning)}."
        yield from map(_table, each.tables)
    yield from map(_table, report.best)
    yield "## How certain it is"
    yield report.certain
    yield RULES
    yield "## What the names mean"
    yield _items(f"{name}: {meaning}" for name, meaning in report.strategies)
    yield _items(f"{CHANGES[c].title}: {CHANGES[c].meaning}." for c in findings.changes)
    yield "Of each measure, lower is better:"
    yield _items(f"{m.title}: {m.meaning}." for m in MEASURES)
    yield _table(tables.conditions_table(findings))
    for section in report.sections:
        yield f"## {section.title}"
        yield section.meaning
        yield from (_table(each, explained=False) for each in section.figures)
    yield "## What remains, and what was not measured"
    yield _table(tables.remains_table(findings))
    yield _table(tables.failures_table(findings)) if findings.failures else ""
    yield _table(tables.coverage_table(findings))
    if report.drifted:
        yield "## How far hosts drift apart"
        yield from map(_plain, report.drifted.sentences)
        yield from map(_table, report.drifted.tables)
    if report.judged:
        yield "## How well it can be predicted"
        yield from map(_plain, report.judged.sentences)
        yield from map(_table, report.judged.tables)
    yield "## Method"
    yield from METHOD
    yield "### The machine" if report.machine else ""
    yield _items(f"{name}: {value}" for name, value in report.about_machine.items())


def _items(texts: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(text)}" for text in texts)


def _table(of: Table, *, explained: bool = True) -> str:
    titles = [_plain(column.title) for column in of.columns]
    rules = ["---:" if column.number else "---" for column in of.columns]
    lines = [titles, rules, *([_cell(cell) for cell in row] for row in of.rows)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"### {_plain(of.title)}\n\n{text}{_meanings(of) if explained else ''}"


def _meanings(of: Table) -> str:
    explained = [f"{c.title}: {c.meaning}" for c in of.columns if c.meaning]
    return f"\n\n{_plain('. '.join(explained))}." if explained else ""


def _cell(cell: Cell) -> str:
    text = _plain(cell.text)
    if cell.kind == tables.BEST:
        text = f"**{text}**"
    elif cell.kind in (tables.HOLE, tables.FAILED):
        text = f"*{text}*"
    return f"{text} ({_plain(cell.note)})" if cell.note else text


def _plain(text: str) -> str:
    """Nothing of it is markup, and it is one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
