"""The figures as rows, for CSV and JSON: one for each cell of the matrix, or one for each run."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
from collections.abc import Iterable, Mapping

from ggfleet.compare.matrix.cells import Change, Observation
from ggfleet.compare.report.gather import Findings, Setting
from ggfleet.compare.report.terms import MEASURES
from ggfleet.model import Json


def cells(findings: Findings) -> list[dict[str, Json]]:
    """Every cell of strategies, changes and settings, in base units; null where nothing is known.

    Cells that were not measured are there with `done` and `failed` 0 and without figures.
    """
    return [
        _cell(findings, strategy, change, setting)
        for change, setting, strategy in itertools.product(
            findings.changes, findings.settings, findings.strategies
        )
    ]


def _cell(findings: Findings, strategy: str, change: Change, setting: Setting) -> dict[str, Json]:
    group = findings.group(strategy, change, setting)
    row: dict[str, Json] = {
        "strategy": strategy,
        "change": str(change),
        "link": setting.link.name,
        "storage": setting.storage.name,
        "processor": setting.processor.name,
        "done": len(group.done),
        "failed": len(group.failed),
    }
    for measure in MEASURES:
        found = group.estimate(measure.read)
        for part in ("median", "low", "high"):
            row[f"{measure.name}_{part}"] = getattr(found, part) if found else None
    seconds = group.estimate(lambda run: run.seconds)
    row["certainty"] = round(seconds.certainty, 4) if seconds else None
    return row


def runs(observations: Iterable[Observation]) -> list[dict[str, Json]]:
    """Every run, its parts beside each other: `link_mbit_s`, `payload_files`."""
    return [_flat(dataclasses.asdict(each)) for each in observations]


def _flat(item: Mapping[str, Json], prefix: str = "") -> dict[str, Json]:
    row: dict[str, Json] = {}
    for name, value in item.items():
        if isinstance(value, Mapping):
            row |= _flat(value, "" if name == "cell" else f"{name}_")
        else:
            row[f"{prefix}{name}"] = value
    return row


def to_csv(rows: list[dict[str, Json]]) -> str:
    """Rows of the same names as CSV (RFC 4180, but lines end as on Unix); null is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _plain(value: Json) -> Json:
    """`true` and `false` as in JSON."""
    return str(value).lower() if isinstance(value, bool) else value
