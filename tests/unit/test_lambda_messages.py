"""What the sample functions read and answer, without a core and without an ML runtime."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[2] / "lambda/digits_shared"))

from digits.messages import BadRequest, error, read_request, result

BLANK: list[list[Any]] = [[0] * 8 for _ in range(8)]


def with_pixel(value: Any) -> dict[str, Any]:
    image = [list(row) for row in BLANK]
    image[2][4] = value
    return {"id": "a", "image": image}


def refused(event: Any) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read_request(event)
    return caught.value


@pytest.mark.parametrize("value", [0, 16, 7.5, 16.0])
def test_a_request_keeps_its_id_and_its_numbers(value: float) -> None:
    request = read_request(with_pixel(value))
    assert request.id == "a"
    assert request.image[2][4] == value
    assert [len(row) for row in request.image] == [8] * 8


def test_a_function_with_binary_encoding_gets_bytes_and_reads_them_alike() -> None:
    event = with_pixel(3)
    assert read_request(json.dumps(event).encode()) == read_request(event)


def test_keys_that_are_not_known_are_left_alone() -> None:
    assert read_request({**with_pixel(1), "camera": 3}).id == "a"


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        (None, "message is null"),
        ([], "message is an array"),
        (3, "message is the number 3"),
        (True, "message is true"),
        ("hello", "message is the string 'hello'"),
        (b"{", "message is not JSON"),
        (b"", "message is not JSON"),
        (b"\xff\xfe{", "message is not JSON"),
        (b"[" * 100_000, "message is not JSON"),
        (b" " * 131_073, "message has 131073 bytes; expected at most 131072"),
        (b"1" * 5_000, "message is"),
    ],
)
def test_what_is_no_object_is_refused_without_an_id(event: Any, problem: str) -> None:
    bad = refused(event)
    assert str(bad).startswith(problem)
    assert "expected" in str(bad)
    assert bad.id is None


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ({}, "id is missing"),
        ({"id": None}, "id is null"),
        ({"id": 7}, "id is the number 7"),
        ({"id": {}}, "id is an object"),
        ({"id": ""}, "id has 0 characters"),
        ({"id": "x" * 129}, "id has 129 characters"),
    ],
)
def test_a_bad_id_is_not_echoed(event: Any, problem: str) -> None:
    bad = refused({**event, "image": BLANK})
    assert str(bad).startswith(problem)
    assert bad.id is None


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        (None, "image is null"),
        ("picture", "image is the string 'picture'"),
        ({}, "image is an object"),
        ([], "image has 0 rows"),
        (BLANK[:7], "image has 7 rows"),
        (BLANK * 100_000, "image has 800000 rows"),
        ([*BLANK[:7], 4], "image row 8 is the number 4"),
        ([*BLANK[:7], [0] * 9], "image row 8 has 9 numbers"),
        ([*BLANK[:7], []], "image row 8 has 0 numbers"),
    ],
)
def test_a_wrong_shape_is_told_with_the_place(image: Any, problem: str) -> None:
    bad = refused({"id": "a", "image": image})
    assert str(bad) == f"{problem}; expected 8 rows of 8 numbers from 0 to 16"
    assert bad.id == "a"


def test_a_missing_image_is_told() -> None:
    assert str(refused({"id": "a"})).startswith("image is missing; expected 8 rows")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (-1, "-1"),
        (17, "17"),
        (16.01, "16.01"),
        (float("nan"), "nan"),
        (float("inf"), "inf"),
        (float("-inf"), "-inf"),
        pytest.param(10**5000, "a number of 16610 bits", id="too long for str()"),
        (-(10**400), "a number of 1329 bits"),
        (True, "true"),
        ("5", "the string '5'"),
        (None, "null"),
        ([1], "an array"),
        ("x" * 10_000, "the string 'xxxxxxxxxxxx...xxxxxxxxxxxxx'"),
    ],
)
def test_a_value_that_is_no_ink_is_told_with_row_and_column(value: Any, written: str) -> None:
    expected = f"image row 3, column 5 is {written}; expected 8 rows of 8 numbers from 0 to 16"
    assert str(refused(with_pixel(value))) == expected


def test_nan_inside_json_text_is_refused_like_any_other_number() -> None:
    text = json.dumps(with_pixel(float("nan"))).encode()
    assert "NaN" in text.decode()
    assert "is nan;" in str(refused(text))


def test_an_answer_names_the_likeliest_digit_and_the_time() -> None:
    scores = [0.01, 0.02, 0.9, 0.07, 0, 0, 0, 0, 0, 0]
    assert result("a", "digits-edge", scores, seconds=0.0123456) == {
        "id": "a",
        "function": "digits-edge",
        "digit": 2,
        "confidence": 0.9,
        "milliseconds": 12.346,
    }


def test_an_error_answer_carries_the_id_when_there_is_one() -> None:
    assert error("f", BadRequest("bad", "a")) == {"id": "a", "function": "f", "error": "bad"}
    assert error("f", BadRequest("bad")) == {"id": None, "function": "f", "error": "bad"}
