"""The three sample functions, each in a process of its own with its real ML runtime.

They get the 450 test digits and, among them, messages that are no requests.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functional.digits_sample import (
    ARN,
    ROOT,
    Run,
    installed,
    make_package,
    run_function,
    samples,
    tensorflow_folder,
    trained_model,
)

pytestmark = pytest.mark.ml
NAMES = ["container", "process", "edge"]
BLANK: list[list[Any]] = [[0] * 8 for _ in range(8)]
PIXEL = "image row 1, column 1 is"
TOPICS = {"RESULT_TOPIC": "digits/result", "ERROR_TOPIC": "digits/error"}
MALFORMED: list[tuple[dict[str, Any], str | None, str]] = [
    ({"json": "hello"}, None, "message is the string 'hello'"),
    ({"text": "{not json"}, None, "message is not JSON"),
    ({"json": {"id": "m-1"}}, "m-1", "image is missing"),
    ({"json": {"id": "m-2", "image": BLANK[1:]}}, "m-2", "image has 7 rows"),
    ({"json": {"id": "m-3", "image": [[float("nan")] * 8] * 8}}, "m-3", f"{PIXEL} nan"),
    ({"json": {"id": "m-4", "image": [["5"] * 8] * 8}}, "m-4", f"{PIXEL} the string '5'"),
    ({"json": {"id": "m-5", "image": [[99] * 8] * 8}}, "m-5", f"{PIXEL} 99"),
    ({"json": {"id": "m-6", "image": BLANK * 5000}}, "m-6", "image has 40000 rows"),
]


class Device:
    """Lays out what a core provides for each function, and runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def layout(self, name: str) -> tuple[Path, dict[str, str]]:
        """Make a function's package and resources. Returns the package and the variables."""
        libraries = ["greengrass-sdk", *(["edge-runtime"] if name == "edge" else [])]
        package = make_package(self.folder / name / "package", name, *libraries)
        provide = {"container": self._container, "process": self._process, "edge": self._edge}
        return package, {**TOPICS, **provide[name](self.folder / name / "resources")}

    def _container(self, resources: Path) -> dict[str, str]:
        """Prefix "/": the destination path is where the resource is."""
        link(resources / "models/digits", trained_model() / "saved_model")
        paths = {"MODEL": str(resources / "models/digits"), "PYTHONPATH": str(tensorflow_folder())}
        return {"AWS_GG_RESOURCE_PREFIX": "/", **paths}

    def _process(self, resources: Path) -> dict[str, str]:
        """A prefix of the function's own, with links at the destination paths."""
        link(resources / "models/digits", trained_model() / "saved_model")
        link(resources / "mllibs", tensorflow_folder())
        paths = {"MODEL": "/models/digits", "LIBRARIES": "/mllibs"}
        return {"AWS_GG_RESOURCE_PREFIX": str(resources), **paths}

    def _edge(self, resources: Path) -> dict[str, str]:
        link(resources / "models/digits-edge/digits.tflite", trained_model() / "digits.tflite")
        return {"AWS_GG_RESOURCE_PREFIX": "/", "MODEL": str(resources / "models/digits-edge")}

    def run(self, name: str, events: list[dict[str, Any]], **changes: str | None) -> Run:
        """Run a function with its variables, changed or (None) removed."""
        package, variables = self.layout(name)
        scratch = self.folder / name / "core"
        scratch.mkdir()
        changed = {**variables, **changes}
        present = {key: value for key, value in changed.items() if value is not None}
        return run_function(package, scratch, present, events)


def link(place: Path, target: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(target)


@pytest.fixture
def device(tmp_path: Path) -> Device:
    return Device(tmp_path)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """Each function's run over all digits, with the malformed messages after the first ten."""
    events = [{"json": sample["payload"]} for sample in samples()]
    mixed = events[:10] + [event for event, _, _ in MALFORMED] + events[10:]
    device = Device(tmp_path_factory.mktemp("device"))
    return {name: device.run(name, mixed) for name in NAMES}


@pytest.fixture(params=NAMES)
def run(request: pytest.FixtureRequest, runs: dict[str, Run]) -> Run:
    done = runs[request.param]
    assert done.code == 0, done.errors
    return done


def predictions(run: Run) -> dict[str, int]:
    return {answer["id"]: answer["digit"] for answer in run.on("digits/result")}


def test_every_digit_is_answered_once_and_as_well_as_measured_in_training(run: Run) -> None:
    labels = {sample["payload"]["id"]: sample["label"] for sample in samples()}
    answers = predictions(run)
    assert len(run.on("digits/result")) == len(labels) == 450
    share = sum(answers[key] == label for key, label in labels.items()) / len(labels)
    metrics = json.loads((trained_model() / "metrics.json").read_text())
    assert share == metrics["accuracy"]["saved_model"] >= 0.95


def test_the_three_functions_see_the_same_digits(runs: dict[str, Run]) -> None:
    first, *others = [predictions(runs[name]) for name in NAMES]
    assert len(first) == 450
    assert others == [first, first]


def test_an_answer_says_who_how_sure_and_how_long(runs: dict[str, Run]) -> None:
    answers = [(name, answer) for name in NAMES for answer in runs[name].on("digits/result")]
    assert len(answers) == 3 * 450
    for name, answer in answers:
        assert set(answer) == {"id", "function", "digit", "confidence", "milliseconds"}
        assert answer["function"] == f"digits-{name}"
        assert 0.1 <= answer["confidence"] <= 1
        assert answer["milliseconds"] > 0


def test_malformed_messages_get_an_error_answer_and_the_function_goes_on(run: Run) -> None:
    answers = run.on("digits/error")
    assert [answer["id"] for answer in answers] == [key for _, key, _ in MALFORMED]
    for answer, (_, _, problem) in zip(answers, MALFORMED, strict=True):
        assert answer["error"].startswith(problem)
        assert "; expected " in answer["error"]
        assert len(answer["error"]) < 300
    last = run.published[-1]["payload"]["id"]
    assert last == "digit-0450"


def test_answers_leave_through_the_router_in_the_functions_name(run: Run) -> None:
    assert {(m["to"], m["type"], m["source"]) for m in run.published} == {
        ("arn:aws:lambda:::function:GGRouter", "Event", ARN)
    }


def test_the_model_is_loaded_once_before_the_first_message(run: Run) -> None:
    assert run.log.count(" ready after ") == 1
    assert len(run.log.splitlines()) == 2


def test_each_function_finds_its_runtime_where_it_should(runs: dict[str, Run]) -> None:
    assert f"from {tensorflow_folder()}/tensorflow" in runs["container"].log
    assert "/process/resources/mllibs/tensorflow\n" in runs["process"].log
    assert "/edge/package/ai_edge_litert\n" in runs["edge"].log


@pytest.mark.parametrize("name", NAMES)
def test_a_model_that_is_not_attached_stops_the_start_and_is_named(
    device: Device, name: str
) -> None:
    run = device.run(name, [], MODEL="/nowhere/digits")
    assert run.code == 1
    assert "/nowhere/digits/" in run.errors
    assert "no ML resource with the destination path /nowhere/digits (MODEL)" in run.errors


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "variable", ["AWS_GG_RESOURCE_PREFIX", "MODEL", "RESULT_TOPIC", "ERROR_TOPIC"]
)
def test_a_variable_that_is_missing_stops_the_start_and_is_named(
    device: Device, name: str, variable: str
) -> None:
    run = device.run(name, [], **{variable: None})
    assert run.code == 1
    assert f"{variable} is not set" in run.errors


def test_libraries_that_are_not_attached_are_told_before_the_import_fails(device: Device) -> None:
    run = device.run("process", [], LIBRARIES="/nowhere")
    assert run.code == 1
    assert "digits-process: no libraries at " in run.log
    assert "/process/resources/nowhere (LIBRARIES)" in run.log
    assert "No module named 'tensorflow'" in run.errors


def test_without_libraries_as_a_resource_the_hosts_own_tensorflow_serves(device: Device) -> None:
    host = str(tensorflow_folder())
    digit = samples()[0]
    run = device.run("process", [{"json": digit["payload"]}], LIBRARIES=None, PYTHONPATH=host)
    assert run.code == 0, run.errors
    assert predictions(run) == {"digit-0001": digit["label"]}


def test_the_edge_package_fits_the_limits_of_lambda() -> None:
    """250 MB unpacked; the 50 MB of the zip are for the bundler, which makes it."""
    folders = [installed("edge-runtime"), installed("greengrass-sdk")]
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 250e6


def test_the_score_of_the_answers_passes_and_fits_the_terminal(
    runs: dict[str, Run], tmp_path: Path
) -> None:
    answers = tmp_path / "answers.jsonl"
    published = [message for name in NAMES for message in runs[name].published]
    answers.write_text("".join(json.dumps(message) + "\n" for message in published))
    command: list[str | Path] = [
        sys.executable,
        ROOT / "models/score.py",
        trained_model() / "samples.jsonl",
        answers,
    ]
    options = ["--show", "3", *[f"--function=digits-{name}" for name in NAMES]]
    done = subprocess.run(
        [*command, *options], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("450/450") == 3
    assert max(len(line) for line in done.stdout.splitlines()) <= 80
