"""The report as a folder of files, and as one JSON document."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ggfleet.compare.report import rows
from ggfleet.compare.report.content import Report
from ggfleet.compare.report.markdown import to_markdown, to_readme
from ggfleet.compare.report.page import to_html
from ggfleet.model import Json
from ggfleet.system.files import atomic_file
from ggfleet.system.files import to_json as json_bytes

VERSION = 1

FILES = {
    "index.html": "the report as a page, with charts and the raw data in it; needs no network",
    "report.md": "the same as text",
    "cells.csv": "medians and their intervals, a row for each cell of the matrix",
    "runs.csv": "every run as a row",
    "runs.jsonl": "the raw data: every run as a JSON document on a line of its own",
    "drift.json": "what two hosts had after one command without versions, and with a lock",
    "machine.json": "what was measured on",
}


def write_folder(report: Report, folder: Path) -> list[Path]:
    """Write page, Markdown, tables and raw data, each whole; returns their paths."""
    findings = report.findings
    contents = {
        "index.html": to_html(report).encode(),
        "report.md": to_markdown(report).encode(),
        "cells.csv": rows.to_csv(rows.cells(findings)).encode(),
        "runs.csv": rows.to_csv(rows.runs(findings.observations)).encode(),
        "runs.jsonl": report.raw,
    }
    if report.drifted:
        contents["drift.json"] = json_bytes(asdict(report.drifted))
    if report.machine:
        contents["machine.json"] = json_bytes(dict(report.machine))
    readme = to_readme(report, {name: FILES[name] for name in contents})
    contents["README.md"] = readme.encode()
    for name, content in contents.items():
        with atomic_file(folder / name) as stream:
            stream.write(content)
    return [folder / name for name in contents]


def to_json(report: Report) -> Json:
    """The same as a document: sentences, medians with intervals, failures."""
    return {
        "version": VERSION,
        "scope": report.scope,
        "summary": list(report.overall),
        "changes": {str(s.change): list(s.sentences) for s in report.sections},
        "cells": rows.cells(report.findings),
        "failures": rows.runs(report.findings.failures),
        "machine": dict(report.machine),
        "drift": asdict(report.drifted) if report.drifted else None,
        "prediction": asdict(report.judged) if report.judged else None,
    }
