"""The service of a sample function, its paths, and the syntax that the functions keep to."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "lambda/digits_shared"))

from digits.messages import Image
from digits.resources import ResourceError, model_path, resource_path, variable
from digits.service import DigitService, Topics

LAMBDA = Path(__file__).parents[2] / "lambda"
BLANK = [[0] * 8 for _ in range(8)]


class Core:
    """Keeps what is published, as (topic, payload)."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Any]] = []

    def publish(self, *, topic: str, payload: bytes) -> None:
        self.published.append((topic, json.loads(payload)))


def ink(image: Image) -> list[float]:
    """Predict the number of inked pixels."""
    inked = sum(value > 0 for row in image for value in row)
    return [float(digit == inked) for digit in range(10)]


def service(core: Core, predict: Any = ink) -> DigitService:
    ticks = iter([10.0, 10.002] * 10)
    topics = Topics("digits/result", "digits/error")
    return DigitService("digits-edge", predict, core.publish, topics, clock=lambda: next(ticks))


def test_a_request_is_answered_on_the_result_topic() -> None:
    core = Core()
    service(core).answer({"id": "a", "image": [[1, 2, 3, *[0] * 5], *BLANK[:7]]})
    assert core.published == [
        (
            "digits/result",
            {
                "id": "a",
                "function": "digits-edge",
                "digit": 3,
                "confidence": 1.0,
                "milliseconds": 2.0,
            },
        )
    ]


def test_a_malformed_message_is_answered_on_the_error_topic_and_the_next_as_usual() -> None:
    core = Core()
    digits = service(core)
    digits.answer("hello")
    digits.answer({"id": "b", "image": BLANK})
    (error_topic, problem), (result_topic, answer) = core.published
    assert (error_topic, result_topic) == ("digits/error", "digits/result")
    assert problem["id"] is None
    assert problem["error"].startswith("message is the string 'hello'; expected a JSON object")
    assert (answer["id"], answer["digit"]) == ("b", 0)


def test_an_id_that_is_no_valid_text_still_makes_a_valid_answer() -> None:
    core = Core()
    service(core).answer({"id": "\ud800", "image": BLANK})
    assert core.published[0][1]["id"] == "\ud800"


def test_a_fault_of_the_model_is_not_passed_off_as_the_senders() -> None:
    def broken(_image: Image) -> list[float]:
        raise RuntimeError("the interpreter is gone")

    core = Core()
    with pytest.raises(RuntimeError, match="interpreter is gone"):
        service(core, broken).answer({"id": "a", "image": BLANK})
    assert core.published == []


def test_an_answer_is_json_as_others_read_it_or_none() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        service(Core(), lambda _: [float("nan")] * 10).answer({"id": "a", "image": BLANK})


@pytest.mark.parametrize(
    ("prefix", "destination", "path"),
    [
        ("/", "/models/digits", "/models/digits"),
        ("", "/models/digits", "/models/digits"),
        ("/", "models/digits", "/models/digits"),
        ("/run/f1", "/models/digits", "/run/f1/models/digits"),
        ("/run/f1/", "/models/digits/", "/run/f1/models/digits"),
        ("/run/f1", "models/digits", "/run/f1/models/digits"),
        ("/run/f1", "//models/digits", "/run/f1/models/digits"),
    ],
)
def test_a_resource_lies_below_the_prefix(prefix: str, destination: str, path: str) -> None:
    found = resource_path({"AWS_GG_RESOURCE_PREFIX": prefix}, destination)
    assert str(found) == path


def test_without_a_core_the_prefix_is_asked_for() -> None:
    with pytest.raises(ResourceError, match="AWS_GG_RESOURCE_PREFIX is not set; a Greengrass core"):
        resource_path({}, "/models/digits")


@pytest.mark.parametrize("environ", [{}, {"MODEL": ""}])
def test_a_variable_that_is_missing_or_empty_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ResourceError, match="MODEL is not set"):
        variable(environ, "MODEL")


def test_a_model_is_found_by_its_file(tmp_path: Path) -> None:
    folder = tmp_path / "models/digits"
    folder.mkdir(parents=True)
    (folder / "digits.tflite").touch()
    environ = {"AWS_GG_RESOURCE_PREFIX": str(tmp_path), "MODEL": "/models/digits"}
    assert model_path(environ, "digits.tflite") == folder


def test_a_missing_model_names_the_file_and_the_destination_path(tmp_path: Path) -> None:
    environ = {"AWS_GG_RESOURCE_PREFIX": str(tmp_path), "MODEL": "/models/digits"}
    with pytest.raises(ResourceError) as caught:
        model_path(environ, "saved_model.pb")
    assert str(tmp_path / "models/digits/saved_model.pb") in str(caught.value)
    assert "destination path /models/digits (MODEL)" in str(caught.value)


@pytest.mark.parametrize("file", sorted(LAMBDA.rglob("*.py")), ids=lambda f: f.parent.name + f.stem)
def test_functions_keep_to_the_syntax_of_the_last_python_on_v1_cores(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 8))
