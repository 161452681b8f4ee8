"""Figures of a comparison: medians, and what a folder takes up."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from ggfleet.compare.disk import disk_use
from ggfleet.compare.result import Measured, OnDevice, medians, read_runs
from ggfleet.errors import CompareError


def measured(strategy: str, figure: float) -> Measured:
    return Measured(strategy, *([figure] * 8))


def test_medians_are_taken_by_strategy() -> None:
    runs = [measured(s, f) for f in (3.0, 100.0, 5.0) for s in ("a", "b")]
    runs[1] = measured("b", 50.0)
    found = medians(runs)
    assert list(found) == ["a", "b"]
    assert (found["a"].install_bytes, found["b"].install_bytes) == (5.0, 50.0)


def test_disk_use_counts_blocks_and_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/file").write_bytes(b"x" * 10_000)
    os.link(tmp_path / "sub/file", tmp_path / "again")
    (tmp_path / "link").symlink_to("/usr")
    found = disk_use(tmp_path)
    assert found.files == 1
    assert 10_000 <= found.allocated_bytes < 40_000


def on_device(host: str, figure: float) -> OnDevice:
    figures = {field.name: figure for field in fields(OnDevice) if field.type == "float"}
    return OnDevice(strategy="os-pip", host=host, **figures)


def test_runs_of_devices_are_read_and_their_medians_taken() -> None:
    """Blank lines are none; further figures than this machine's have a median too."""
    runs = [on_device("pi-01", 1.0), on_device("pi-02", 5.0), on_device("pi-03", 2.0)]
    text = "\n\n".join(json.dumps(asdict(run)) for run in runs)
    assert read_runs(text.splitlines(), "runs.jsonl") == runs
    assert medians(runs)["os-pip"].removal_seconds == 2.0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"host": None}, "runs.jsonl:2: host is None, not a str"),
        ({"disk_bytes": True}, "runs.jsonl:2: disk_bytes is True, not a float"),
        ({"more": 1}, "runs.jsonl:2: a run needs exactly strategy, install_bytes"),
    ],
)
def test_line_that_is_no_run_is_told_with_its_number(change: dict[str, object], told: str) -> None:
    good = asdict(on_device("pi-01", 1.0))
    lines = [json.dumps(good), json.dumps({**good, **change})]
    with pytest.raises(CompareError, match=told):
        read_runs(lines, "runs.jsonl")


@pytest.mark.parametrize(("lines", "told"), [([], "holds no run"), (["{"], "1: this is no JSON")])
def test_file_without_runs_is_told(lines: list[str], told: str) -> None:
    with pytest.raises(CompareError, match=told):
        read_runs(lines, "runs.jsonl")
