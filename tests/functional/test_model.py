"""The trained model, how it takes the place of an older one, and the scoring of answers."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from functional.digits_sample import ROOT, samples, trained_model, training_python

SCORE = ROOT / "models/score.py"
REPLACE = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from replace import FolderError, replaced_folder
try:
    with replaced_folder(Path(sys.argv[2]), marker="metrics.json") as folder:
        (folder / "metrics.json").write_text("new")
        print("half way", flush=True)
        sys.stdin.read()
        (folder / "model").write_text("new")
except FolderError as problem:
    sys.exit(str(problem))
"""


def replace(folder: Path) -> subprocess.Popen[str]:
    """Start a process that replaces a folder and waits half way for its input to end."""
    command: list[str | Path] = [sys.executable, "-c", REPLACE, ROOT / "models", folder]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def content(folder: Path) -> dict[str, str]:
    return {file.name: file.read_text() for file in folder.iterdir()}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "digits"
    folder.mkdir()
    (folder / "metrics.json").write_text("old")
    (folder / "gone").write_text("old")
    return folder


def test_a_replaced_folder_holds_nothing_of_the_old_one(old: Path) -> None:
    out, errors = replace(old).communicate(timeout=60)
    assert (out, errors) == ("half way\n", "")
    assert content(old) == {"metrics.json": "new", "model": "new"}


def test_a_folder_that_is_not_there_yet_is_made(tmp_path: Path) -> None:
    replace(tmp_path / "a/b").communicate(timeout=60)
    assert content(tmp_path / "a/b") == {"metrics.json": "new", "model": "new"}


def test_a_killed_process_leaves_the_old_content_and_the_next_one_clears_up(old: Path) -> None:
    with replace(old) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "half way\n"
        os.kill(process.pid, signal.SIGKILL)
    assert content(old) == {"metrics.json": "old", "gone": "old"}
    replace(old).communicate(timeout=60)
    assert content(old) == {"metrics.json": "new", "model": "new"}
    assert sorted(p.name for p in old.parent.iterdir()) == [".digits.lock", "digits"]


def test_a_second_process_waits_for_the_first(old: Path) -> None:
    with replace(old) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "half way\n"
        with replace(old) as second:
            with pytest.raises(subprocess.TimeoutExpired):
                second.wait(timeout=1)
            assert second.stdout is not None
            assert select.select([second.stdout], [], [], 0)[0] == []
            first.communicate(timeout=60)
            out, errors = second.communicate(timeout=60)
    assert (out, errors) == ("half way\n", "")
    assert content(old) == {"metrics.json": "new", "model": "new"}


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    process = replace(tmp_path)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "holds other files and no metrics.json; name another folder" in errors
    assert content(tmp_path) == {"thesis.txt": "years of work"}


@pytest.mark.ml
def test_the_trained_model_is_as_accurate_in_every_form() -> None:
    metrics = json.loads((trained_model() / "metrics.json").read_text())
    assert metrics["samples"] == {"train": 1347, "test": 450}
    assert set(metrics["accuracy"]) == {"keras", "saved_model", "tflite"}
    assert min(metrics["accuracy"].values()) >= 0.95


@pytest.mark.ml
def test_the_result_holds_what_fleet_yml_names_and_no_more() -> None:
    model = trained_model()
    names = {"saved_model", "digits.tflite", "metrics.json", "samples.jsonl"}
    assert {path.name for path in model.iterdir()} == names
    assert (model / "saved_model/saved_model.pb").is_file()
    sizes = json.loads((model / "metrics.json").read_text())["bytes"]
    assert sizes["digits.tflite"] == (model / "digits.tflite").stat().st_size


@pytest.mark.ml
def test_samples_are_requests_with_digits_of_all_kinds() -> None:
    lines = samples()
    assert [line["payload"]["id"] for line in lines] == [f"digit-{n:04}" for n in range(1, 451)]
    assert {line["topic"] for line in lines} == {"digits/request"}
    counts = [sum(line["label"] == digit for line in lines) for digit in range(10)]
    assert min(counts) >= 40
    inks = {ink for line in lines for row in line["payload"]["image"] for ink in row}
    assert inks == set(range(17))


@pytest.mark.ml
def test_a_poor_model_replaces_nothing(old: Path) -> None:
    command: list[str | Path] = [
        training_python(),
        ROOT / "models/train.py",
        "--epochs",
        "1",
        "--out",
        old,
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    assert "is below 0.95: nothing was replaced" in done.stderr
    assert "Traceback" not in done.stderr
    assert content(old) == {"metrics.json": "old", "gone": "old"}


def sample(number: int, label: int) -> dict[str, Any]:
    payload = {"id": f"digit-{number}", "image": [[number % 17] * 8] * 8}
    return {"topic": "digits/request", "payload": payload, "label": label}


def answer(number: int, digit: int, function: str = "f", milliseconds: float = 2) -> dict[str, Any]:
    payload = {"id": f"digit-{number}", "function": function, "digit": digit,
               "confidence": 0.987, "milliseconds": milliseconds}  # fmt: skip
    return {"topic": "digits/result", "payload": payload}


SAMPLES = [sample(n, label=n % 10) for n in range(20)]
RIGHT = [answer(n, n % 10, milliseconds=n) for n in range(20)]
ERROR = {"topic": "digits/error", "payload": {"id": None, "function": "f", "error": "bad"}}


def run_score(
    folder: Path, answers: Iterable[Any], *options: str, **environ: str
) -> subprocess.CompletedProcess[str]:
    for name, lines in (("samples", SAMPLES), ("answers", answers)):
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / f"{name}.jsonl").write_text(text)
    command: list[str | Path] = [
        sys.executable,
        SCORE,
        folder / "samples.jsonl",
        folder / "answers.jsonl",
        *options,
    ]
    return subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environ},
    )


def test_all_right_scores_full_marks(tmp_path: Path) -> None:
    done = run_score(tmp_path, RIGHT, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "passed": True,
        "at_least": 0.95,
        "other_messages": 0,
        "functions": [
            {
                "function": "f",
                "samples": 20,
                "answered": 20,
                "correct": 20,
                "accuracy": 1.0,
                "median_milliseconds": 9.5,
            }
        ],
    }


@pytest.mark.parametrize(("wrong", "code"), [(0, 0), (1, 0), (2, 1)])
def test_the_limit_is_met_at_95_percent_and_missed_below(
    tmp_path: Path, wrong: int, code: int
) -> None:
    answers = [answer(n, n % 10 if n >= wrong else (n + 1) % 10) for n in range(20)]
    done = run_score(tmp_path, answers)
    assert done.returncode == code
    assert f"{(20 - wrong) / 20:.2%}" in done.stdout


def test_an_unanswered_digit_fails_and_is_told(tmp_path: Path) -> None:
    done = run_score(tmp_path, [*RIGHT[:-1], ERROR])
    assert done.returncode == 1
    assert "f answered 19 of 20" in done.stderr
    assert "1 messages were no answers to a digit" in done.stdout


def test_a_silent_function_fails_when_it_was_expected(tmp_path: Path) -> None:
    done = run_score(tmp_path, RIGHT, "--function", "f", "--function", "g")
    assert done.returncode == 1
    assert "g answered 0 of 20" in done.stderr
    assert run_score(tmp_path, []).returncode == 1


def test_functions_are_scored_apart(tmp_path: Path) -> None:
    bad = [answer(n, (n + 1) % 10, function="g") for n in range(20)]
    done = run_score(tmp_path, [*RIGHT, *bad])
    assert done.returncode == 1
    assert "g answered 20 of 20, accuracy 0.0000" in done.stderr
    assert "f answered" not in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_shown_digits_fit_80_columns_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    long = [answer(n, n % 10, function="digits-container") for n in range(20)]
    done = run_score(tmp_path, [*RIGHT, *long], "--show", "6", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    assert any("digit-5: 5" in line for line in lines)
    assert "  3  98.7%" in done.stdout
    assert "wrong" not in done.stdout


def test_a_misread_digit_is_marked_where_it_is_shown(tmp_path: Path) -> None:
    done = run_score(tmp_path, [answer(0, 5), *RIGHT[1:]], "--show", "2")
    assert done.stdout.count("wrong") == 1
    assert "  5  98.7% wrong      1  98.7%" in done.stdout


@pytest.mark.parametrize("line", ["[1", "[]", "{}", "7", '{"payload": 3}'])
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    run_score(tmp_path, RIGHT)
    with (tmp_path / "answers.jsonl").open("a") as stream:
        stream.write(line + "\n")
    command: list[str | Path] = [
        sys.executable,
        SCORE,
        tmp_path / "samples.jsonl",
        tmp_path / "answers.jsonl",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "answers.jsonl:21: " in done.stderr
    assert "Traceback" not in done.stderr
