"""How well the figures can be predicted: what `ggfleet calibrate --judge --json` wrote."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ggfleet.compare.report.tables import HOLE, Cell, Column, Table
from ggfleet.compare.report.terms import figure
from ggfleet.errors import CompareError


@dataclass(frozen=True)
class Trial:
    """A model fitted to `fitted` cells and asked for `held_out` others.

    Errors are means, as shares of what was measured, None where there was nothing to miss.
    Of the `questions` which strategy takes the fewest seconds, `best` were answered with the one
    measured best or one too close to it to tell, and `nearly` with one that takes at most 5 % more.
    """

    name: str
    fitted: int
    held_out: int
    bytes_error: float | None
    seconds_error: float | None
    questions: int
    best: int
    nearly: int


@dataclass(frozen=True)
class Weight:
    """One number of the model: what a term adds to a figure of a strategy."""

    strategy: str
    figure: str
    term: str
    value: float


@dataclass(frozen=True)
class Judged:
    """The trials, and the numbers of the model that was fitted to all cells."""

    trials: tuple[Trial, ...]
    weights: tuple[Weight, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What a reader should know of the first trial."""
        first = self.trials[0]
        return (
            f"A model was fitted to {first.fitted} cells and asked for {first.held_out} others "
            f"that it had not seen. On average it missed the bytes by {_share(first.bytes_error)} "
            f"and the seconds by {_share(first.seconds_error)}.",
            f"Asked which strategy takes the fewest seconds, it named the one that was measured "
            f"best, or one too close to it to tell, in {first.best} of {first.questions} cases; in "
            f"{first.nearly} it took at most 5 % more than the best.",
        )

    @property
    def tables(self) -> tuple[Table, ...]:
        """All trials, and the model's numbers."""
        numbers = (
            "Fitted to",
            "Asked for",
            "Bytes missed by",
            "Seconds missed by",
            "Best named, as far as can be told",
        )
        columns = (Column("Cells held out"), *(Column(each, number=True) for each in numbers))
        trials = Table("The trials", columns, tuple(_trial(each) for each in self.trials))
        parts = (*map(Column, ("Strategy", "Figure", "Term")), Column("Weight", number=True))
        weights = tuple(
            (Cell(w.strategy), Cell(w.figure), Cell(w.term), Cell(figure(w.value), value=w.value))
            for w in self.weights
        )
        title = "The model's numbers: what each term adds to a figure"
        return (trials, Table(title, parts, weights, heads=3))


def _trial(of: Trial) -> tuple[Cell, ...]:
    return (
        Cell(of.name),
        Cell(f"{of.fitted} cells", value=of.fitted),
        Cell(f"{of.held_out} cells", value=of.held_out),
        *(
            Cell(_share(error), value=error, kind="" if error is not None else HOLE)
            for error in (of.bytes_error, of.seconds_error)
        ),
        Cell(f"{of.best} of {of.questions}", value=of.best / max(1, of.questions)),
    )


def _share(error: float | None) -> str:
    return "nothing to miss" if error is None else f"{100 * error:.1f} %"


def read_judged(text: str, name: str) -> Judged:
    """Read the judgement in the file `name`; raises `CompareError` when it is none."""
    try:
        item = json.loads(text)
        trials = tuple(_read_trial(str(key), each) for key, each in item["judged"].items())
        if not trials:
            raise ValueError("it was written without --judge")  # noqa: TRY301 - told with the others
        return Judged(trials, _read_weights(item["model"]["strategies"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CompareError(
            f"{name} is no judgement of a model: {type(error).__name__}: {error}",
            fix="let `ggfleet calibrate RUNS.JSONL --judge --json` write it",
        ) from error


def _read_trial(name: str, item: Any) -> Trial:
    choices = item["choices"]["seconds"]
    return Trial(
        name,
        fitted=int(item["fitted_on"]),
        held_out=int(item["held_out"]),
        bytes_error=_error(item["error_of_bytes"]),
        seconds_error=_error(item["error_of_seconds"]),
        questions=int(choices["questions"]),
        best=int(choices["best"]) + int(choices["too_close_to_tell"]),
        nearly=int(choices["nearly_best"]),
    )


def _error(value: Any) -> float | None:
    return None if value is None else _number(value)


def _read_weights(laws: Mapping[str, Any]) -> tuple[Weight, ...]:
    return tuple(
        Weight(strategy, kind, term, _number(value))
        for strategy, law in laws.items()
        for kind in ("bytes", "cpu", "seconds")
        for term, value in law[kind].items()
    )


def _number(value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise TypeError(f"{value!r} is no number")
    return float(value)
