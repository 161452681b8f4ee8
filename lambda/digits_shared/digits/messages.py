"""Requests to recognise a digit, and the answers to them.

Request: `{"id": "digit-0001", "image": [[0, 3, ...], ...]}`, an image being 8 rows of 8 numbers
from 0 (paper) to 16 (ink), as in the handwritten digits of scikit-learn.
"""

from __future__ import annotations

import json
from reprlib import repr as shortened
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

SIDE = 8
INK = 16
MAX_ID = 128
MAX_BYTES = 128 * 1024  # a core passes on no larger message
MAX_WRITTEN = 2**53  # beyond 4,300 digits Python refuses to write an integer

Image = List[List[float]]

EXPECTED_IMAGE = f"expected {SIDE} rows of {SIDE} numbers from 0 to {INK}"
EXPECTED_MESSAGE = 'expected a JSON object {"id": ..., "image": ...}'


class Request(NamedTuple):
    """One digit to recognise. `image`: 8 rows of 8 floats, 0 to 16."""

    id: str
    image: Image


class BadRequest(Exception):  # noqa: N818 - HTTP's word for it
    """A message that is no request. Says what is wrong and what is expected.

    `id` is the message's own, None when it has none that can be read.
    """

    def __init__(self, problem: str, request_id: Optional[str] = None) -> None:
        super().__init__(problem)
        self.id = request_id


def read_request(event: Any) -> Request:
    """Read what the runtime hands over: decoded JSON, or bytes when the encoding type is binary.

    Raises BadRequest for everything else that can arrive from a topic.
    """
    message = _decoded(bytes(event)) if isinstance(event, (bytes, bytearray)) else event
    if not isinstance(message, dict):
        raise BadRequest(f"message is {_kind(message)}; {EXPECTED_MESSAGE}")
    request_id = _read_id(message)
    try:
        return Request(request_id, _read_image(message))
    except BadRequest as problem:
        raise BadRequest(str(problem), request_id) from None


def result(
    request_id: str, function: str, scores: Sequence[float], seconds: float
) -> Dict[str, Any]:
    """Make the answer to a request from the ten probabilities and the time the prediction took."""
    digit = max(range(len(scores)), key=scores.__getitem__)
    return {
        "id": request_id,
        "function": function,
        "digit": digit,
        "confidence": round(float(scores[digit]), 6),
        "milliseconds": round(seconds * 1000, 3),
    }


def error(function: str, problem: BadRequest) -> Dict[str, Any]:
    """Make the answer to a message that is no request."""
    return {"id": problem.id, "function": function, "error": str(problem)}


def _decoded(text: bytes) -> Any:
    if len(text) > MAX_BYTES:
        raise BadRequest(f"message has {len(text)} bytes; expected at most {MAX_BYTES}")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"message is not JSON ({problem}); {EXPECTED_MESSAGE}") from None


def _read_id(message: Dict[str, Any]) -> str:
    expected = f'expected a string of 1 to {MAX_ID} characters, such as "digit-0001"'
    if "id" not in message:
        raise BadRequest(f"id is missing; {expected}")
    value = message["id"]
    if not isinstance(value, str):
        raise BadRequest(f"id is {_kind(value)}; {expected}")
    if not 1 <= len(value) <= MAX_ID:
        raise BadRequest(f"id has {len(value)} characters; {expected}")
    return value


def _read_image(message: Dict[str, Any]) -> Image:
    if "image" not in message:
        raise BadRequest(f"image is missing; {EXPECTED_IMAGE}")
    rows = _eight("image", "rows", message["image"])
    return [_read_row(number, row) for number, row in enumerate(rows, start=1)]


def _read_row(number: int, row: Any) -> List[float]:
    where = f"image row {number}"
    values = _eight(where, "numbers", row)
    return [_read_ink(f"{where}, column {column}", v) for column, v in enumerate(values, start=1)]


def _eight(where: str, what: str, value: Any) -> List[Any]:
    if not isinstance(value, list):
        raise BadRequest(f"{where} is {_kind(value)}; {EXPECTED_IMAGE}")
    if len(value) != SIDE:
        raise BadRequest(f"{where} has {len(value)} {what}; {EXPECTED_IMAGE}")
    return value


def _read_ink(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"{where} is {_kind(value)}; {EXPECTED_IMAGE}")
    if not 0 <= value <= INK:  # refuses NaN too, which compares false
        raise BadRequest(f"{where} is {_written(value)}; {EXPECTED_IMAGE}")
    return float(value)


def _written(value: float) -> str:
    if isinstance(value, int) and abs(value) > MAX_WRITTEN:
        return f"a number of {value.bit_length()} bits"
    return str(value)


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {_written(value)}"
    if isinstance(value, str):
        return f"the string {shortened(value)}"
    return "an array" if isinstance(value, list) else "an object"
