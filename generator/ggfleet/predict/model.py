"""The laws of all strategies, and what they say of a change: bytes, seconds, CPU seconds."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ggfleet.compare.matrix.cells import Cell, Payload
from ggfleet.errors import GgfleetError
from ggfleet.model import Json
from ggfleet.predict import terms
from ggfleet.predict.programs import PROGRAMS
from ggfleet.predict.terms import Shape
from ggfleet.system.files import write_json

VERSION = 1
SHIPPED = Path(__file__).parent / "model.json"
"""Made by `ggfleet calibrate --out` from a measured matrix."""
FIX = "make it anew: ggfleet calibrate RUNS.JSONL --out FILE"


@dataclass(frozen=True)
class Prediction:
    """Means of a change on one device, until it has ended well.

    `bytes`, `seconds` and `cpu_seconds` are those of a change that ends well at once; `calls` is
    how often it must be started over a link that breaks until it does, infinite for never, and
    `bytes_until_done` and `seconds_until_done` are all of that.
    """

    bytes: float
    seconds: float
    cpu_seconds: float
    calls: float
    bytes_until_done: float
    seconds_until_done: float


@dataclass(frozen=True)
class Law:
    """How one strategy behaves: the weights of the terms of each figure.

    Which terms the strategy's measurements did not need is missing.
    """

    shape: Shape
    bytes: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def predict(self, cell: Cell, payload: Payload) -> Prediction:
        """What a change does to a device."""
        expected = terms.moved(cell, payload, self.shape.retry)
        received = terms.weigh(self.bytes, terms.of_bytes(cell, payload, expected))
        cpu = terms.weigh(self.cpu, terms.of_cpu(cell, payload))
        seconds = terms.weigh(
            self.seconds,
            terms.of_seconds(cell, payload, received, cpu, expected.breaks, self.shape),
        )
        again = expected.bytes_until_whole / (expected.bytes_if_whole or 1) if payload.files else 1
        again = max(again, 1.0)
        return Prediction(
            bytes=received,
            seconds=seconds + expected.pauses,
            cpu_seconds=cpu,
            calls=expected.calls,
            bytes_until_done=received * again,
            seconds_until_done=(seconds + expected.pauses) * again,
        )


@dataclass(frozen=True)
class Model:
    """The laws by strategy, and `origin`: what they were fitted on, for people."""

    laws: Mapping[str, Law]
    origin: Mapping[str, Json]

    def predict(self, cell: Cell, payload: Payload) -> Prediction:
        """What a change does; `GgfleetError` when nobody measured its strategy."""
        law = self.laws.get(cell.strategy)
        if law is None:
            known = ", ".join(self.laws) or "none"
            raise GgfleetError(
                f"the model knows no strategy {cell.strategy}", fix=f"it has {known}"
            )
        return law.predict(cell, payload)


def write_model(path: Path, model: Model) -> None:
    """Write a model, whole."""
    write_json(path, to_json(model))


def to_json(model: Model) -> dict[str, Json]:
    """A model as JSON; terms and weights by their names."""
    laws: dict[str, Json] = {}
    for name, law in model.laws.items():
        shape = {**asdict(law.shape), "retry": law.shape.retry.name}
        laws[name] = {**shape, "bytes": law.bytes, "cpu": law.cpu, "seconds": law.seconds}
    return {"version": VERSION, "origin": dict(model.origin), "strategies": laws}


def read_model(path: Path) -> Model:
    """Read what `write_model` wrote; `GgfleetError` when it is something else."""
    try:
        content = json.loads(path.read_text())
        if content["version"] != VERSION:
            raise ValueError(f"its version is not {VERSION}")  # noqa: TRY301 - told with the others
        laws = {str(name): _law(each) for name, each in content["strategies"].items()}
        return Model(laws, dict(content["origin"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise GgfleetError(f"{path} is no model: {error!r}", fix=FIX) from error


def _law(content: Any) -> Law:
    shape = Shape(
        PROGRAMS[content["retry"]], float(content["streams"]), float(content["processors"])
    )
    return Law(shape, *(_weights(content[figure]) for figure in ("bytes", "cpu", "seconds")))


def _weights(content: Any) -> dict[str, float]:
    weights = {str(name): float(value) for name, value in content.items()}
    if any(not math.isfinite(value) or value < 0 for value in weights.values()):
        raise ValueError("a weight is negative or no number")
    return weights
