"""How well the figures can be predicted, as far as a file says it.

The file is one JSON document:

    {"version": 1, "fitted_cells": 40, "judged_cells": 20,
     "mean_error": {"received_bytes": 0.031, "seconds": 0.12},
     "best_choices": 0.95,
     "parameters": [{"name": "...", "value": 1.5, "unit": "s", "meaning": "..."}]}

Shares are between 0 and 1 (an error may be more); `mean_error` names measures of an observation.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ggfleet.compare.report.tables import Cell, Column, Table
from ggfleet.compare.report.terms import MEASURES, figure
from ggfleet.errors import CompareError

TITLES = {measure.name: measure.title.lower() for measure in MEASURES}


@dataclass(frozen=True)
class Parameter:
    """One number of the model."""

    name: str
    value: float
    unit: str
    meaning: str


@dataclass(frozen=True)
class Judged:
    """A model that was fitted to some cells, held against others that it did not see."""

    fitted_cells: int
    judged_cells: int
    mean_error: Mapping[str, float]
    best_choices: float
    parameters: tuple[Parameter, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader should know of it."""
        errors = ", ".join(f"{TITLES[n]} by {_percent(e)}" for n, e in self.mean_error.items())
        return (
            f"A model was fitted to {self.fitted_cells} cells of the matrix and then asked for "
            f"{self.judged_cells} others that it had not seen. On average it missed {errors}.",
            f"In {_percent(self.best_choices)} of its choices the strategy that it called best "
            "was the best that was measured.",
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """The model's numbers, where the file has them."""
        if not self.parameters:
            return ()
        columns = (Column("Parameter"), Column("Value", number=True), Column("What it is"))
        rows = tuple(
            (
                Cell(p.name),
                Cell(f"{figure(p.value)} {p.unit}".rstrip(), value=p.value),
                Cell(p.meaning),
            )
            for p in self.parameters
        )
        return (Table("The model's parameters", columns, rows),)


def read_judged(text: str, name: str) -> Judged:
    """Read the judgement in the file `name`; raises `CompareError` when it is none."""
    try:
        return _judged(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CompareError(
            f"{name} is no judgement of a model: {type(error).__name__}: {error}",
            fix="let `ggfleet calibrate --judge --json` write it",
        ) from error


def _judged(item: Any) -> Judged:
    if item["version"] != 1:
        raise ValueError("its version is not 1")
    errors = {name: _number(value) for name, value in item["mean_error"].items()}
    if unknown := sorted(errors.keys() - TITLES.keys()):
        raise ValueError(f"mean_error: {unknown[0]} is no measure")
    return Judged(
        int(item["fitted_cells"]),
        int(item["judged_cells"]),
        errors,
        _number(item["best_choices"]),
        tuple(
            Parameter(str(p["name"]), _number(p["value"]), str(p["unit"]), str(p["meaning"]))
            for p in item.get("parameters", ())
        ),
    )


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
