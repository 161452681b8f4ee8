"""The report of a few runs that nobody measured, word by word, in each form that is text.

`GGFLEET_REWRITE_GOLDEN=1` writes what is said now: look at the difference before you keep it.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from ggfleet.cli.report import command
from ggfleet.compare.matrix.cells import Change, to_line
from golden.test_golden_group_v1 import REWRITE
from made_up_runs import FAST, LOSSY, Matrix, made_up

FOLDER = Path(__file__).parent / "report"
RUNS = FOLDER / "made-up-runs.jsonl"
JUDGED = FOLDER / "made-up-judged.json"
DRIFT = FOLDER / "made-up-drift.json"
MACHINE = FOLDER / "made-up-machine.json"
SMALL = Matrix(
    strategies=("made-up-pip", "made-up-resource", "made-up-image"),
    changes=(Change.FIRST_INSTALL, Change.MODEL_ONLY, Change.ROLL_BACK, Change.REMOVE),
    links=(FAST, LOSSY),
    holes=frozenset({("made-up-image", Change.MODEL_ONLY, "fast")}),
    failures=frozenset({("made-up-pip", Change.FIRST_INSTALL, "lossy")}),
)


def test_the_runs_are_those_that_were_made_up() -> None:
    """So that nobody takes them for measurements, and everybody can make them again."""
    text = "".join(f"{to_line(each)}\n" for each in made_up(SMALL))
    if REWRITE:
        RUNS.write_text(text)
    assert text == RUNS.read_text()


@pytest.mark.parametrize(
    ("form", "name"), [("text", "report.txt"), ("markdown", "report.md"), ("csv", "cells.csv")]
)
def test_each_form_is_as_expected(form: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(FOLDER)
    arguments = ["--format", form, "--judged", JUDGED.name, "--machine", MACHINE.name]
    arguments += ["--drift", DRIFT.name]
    done = CliRunner().invoke(command, [RUNS.name, *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    if REWRITE:
        (FOLDER / name).write_text(done.stdout)
    assert done.stdout == (FOLDER / name).read_text()
