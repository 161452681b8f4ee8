"""Raw data of the matrix: what is written is read, and what is none is refused."""

from __future__ import annotations

import dataclasses
import json

import pytest

from ggfleet.compare.matrix.cells import (
    Cell,
    Change,
    Link,
    Observation,
    Outcome,
    Payload,
    Processor,
    Storage,
    read_lines,
    to_line,
)
from ggfleet.errors import CompareError

OBSERVATION = Observation(
    cell=Cell(
        "ml-resource-zip",
        Change.ROLL_BACK,
        Link("lte", 5, 150, 0.01, 100),
        Storage("sd", 40, 10),
        Processor("half", 0.5),
    ),
    run=2,
    host="core-1",
    payload=Payload(301_800_000, 1, 933_000_000, 9000),
    control="deployment",
    outcome=Outcome.DONE,
    message="",
    received_bytes=310_000_000,
    seconds=512.5,
    cpu_seconds=12.25,
    peak_memory_bytes=48_000_000,
    written_bytes=940_000_000,
    disk_bytes=941_000_000,
    files=9001,
    left_behind_bytes=0,
    serving="1.0.0",
    restored=True,
    cold_inference_seconds=3,
)


def test_what_is_written_is_read() -> None:
    assert read_lines([to_line(OBSERVATION) + "\n"], "runs") == [OBSERVATION]
    assert OBSERVATION.key == ("ml-resource-zip/roll-back/lte/sd/half", 2)


def test_torn_last_line_is_measured_again() -> None:
    line = to_line(OBSERVATION)
    assert read_lines([line + "\n", line[:90]], "runs") == [OBSERVATION]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"run": "two"}, "'two' is no"),
        ({"run": True}, "True is no"),
        ({"outcome": "perhaps"}, "perhaps"),
        ({"version": 7}, "version is not 1"),
        ({"payload": {"files": 1}}, "needs exactly fetched_bytes"),
        ({"surplus": 1}, "needs exactly cell"),
    ],
)
def test_line_that_is_none_is_named(changes: dict[str, object], why: str) -> None:
    spoilt = {**json.loads(to_line(OBSERVATION)), **changes}
    lines = [to_line(dataclasses.replace(OBSERVATION, run=1)) + "\n", json.dumps(spoilt) + "\n"]
    with pytest.raises(CompareError, match=rf"runs.jsonl:2: .*{why}"):
        read_lines(lines, "runs.jsonl")
