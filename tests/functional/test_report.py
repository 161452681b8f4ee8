"""`ggfleet report`, as an owner calls it, on runs that nobody measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.ggfleet_command import ROOT, ggfleet

MADE_UP = ROOT / "tests/golden/report"
RUNS = MADE_UP / "made-up-runs.jsonl"


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    done = ggfleet("report", RUNS)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.startswith("3 strategies, 4 changes and 2 sets of conditions on 1 device")


def test_a_folder_gets_every_form_and_the_raw_data_byte_by_byte(tmp_path: Path) -> None:
    """And made again in the folder itself, as its README.md tells, it is the same."""
    machine = MADE_UP / "made-up-machine.json"
    done = ggfleet("report", RUNS, "--machine", machine, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, "")
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert set(written) == {
        *("README.md", "index.html", "report.md", "cells.csv", "runs.csv"),
        *("runs.jsonl", "machine.json"),
    }
    assert written["runs.jsonl"] == RUNS.read_bytes()
    (again,) = [
        line.strip("`").split("`")[0]
        for line in written["README.md"].decode().splitlines()
        if line.startswith("`ggfleet ")
    ]
    assert ggfleet(*again.split()[1:], cwd=tmp_path / "out").returncode == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == written


def test_json_holds_medians_failures_and_holes(tmp_path: Path) -> None:
    done = ggfleet("report", RUNS, "--json", "--here")
    document = json.loads(done.stdout)
    assert document["machine"]["cores"] >= 1
    assert {each["outcome"] for each in document["failures"]} == {"failed"}
    hole = [c for c in document["cells"] if not c["done"] and not c["failed"]]
    assert [(c["strategy"], c["change"], c["link"]) for c in hole] == [
        ("made-up-image", "model-only", "fast")
    ]
    assert {c["received_bytes_median"] for c in hole} == {None}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no observation"),
        (b"\xff\n", "is no text in UTF-8"),
        (b'{"version": 1}\n', "runs.jsonl:1: this is no observation"),
    ],
)
def test_what_is_no_raw_data_is_refused_and_nothing_is_written(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "runs.jsonl").write_bytes(content)
    done = ggfleet("report", "runs.jsonl", "--out", "out", cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "fix: " in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    """As where a measurement was killed while it wrote."""
    whole = RUNS.read_bytes()
    (tmp_path / "runs.jsonl").write_bytes(whole + whole[:500])
    done = ggfleet("report", "runs.jsonl", "--format", "csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ggfleet("report", RUNS, "--format", "csv").stdout
