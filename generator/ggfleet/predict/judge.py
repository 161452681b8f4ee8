"""How good the laws are: fitted on some cells, asked about others.

Cells are held out by questions. A question is a change under one condition; its cells are those of
all strategies. What is asked about was never seen in part.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ggfleet.compare.report.terms import BYTES, SECONDS, Measure
from ggfleet.compare.report.verdict import rank
from ggfleet.errors import CompareError
from ggfleet.predict.fit import LEAST_BYTES, LEAST_SECONDS, Measured, fit, off
from ggfleet.predict.model import Model, Prediction

FIGURES: Mapping[str, Callable[[Prediction | Measured], float]] = {
    "bytes": lambda found: found.bytes,
    "seconds": lambda found: found.seconds,
}
MEASURES: Mapping[str, Measure] = {"bytes": BYTES, "seconds": SECONDS}


@dataclass(frozen=True)
class Miss:
    """One cell that was held out: relative errors of its bytes and its seconds."""

    cell: Measured
    bytes: float
    seconds: float


@dataclass(frozen=True)
class Choice:
    """One question by one figure: what was chosen, what was truly best, and the regret.

    `regret` is how much more the chosen one takes than the best, as a share; infinite when it
    failed. `leaders` are the best, and those that the runs cannot tell from it.
    """

    figure: str
    question: str
    chosen: str
    best: str
    regret: float
    leaders: tuple[str, ...]

    @property
    def leads(self) -> bool:
        """Whether the chosen one was best as far as the runs can tell."""
        return self.chosen in self.leaders

    @property
    def right(self) -> bool:
        """Whether the chosen one was truly best."""
        return self.regret == 0


@dataclass(frozen=True)
class Judgement:
    """What came of it: every cell and choice that was held out, and on how many cells was fitted.

    `unknown` are the cells of strategies that were held out whole.
    """

    fitted: int
    misses: tuple[Miss, ...]
    choices: tuple[Choice, ...]
    unknown: int = 0

    def mean(self, figure: str) -> float:
        """The mean relative error of `bytes` or `seconds`; NaN where there is none.

        Where a change fetches nothing, that it moves nothing is no feat: bytes are not counted.
        """
        found = [getattr(miss, figure) for miss in self.counted(figure)]
        return statistics.fmean(found) if found else math.nan

    def counted(self, figure: str) -> list[Miss]:
        """The cells whose errors count for a figure."""
        return [e for e in self.misses if figure != "bytes" or e.cell.payload.fetched_bytes]

    def right(self, figure: str, tie: float = 0.0) -> float:
        """The share of choices by a figure that were truly best, or worse by `tie` at most."""
        own = [each for each in self.choices if each.figure == figure]
        return sum(each.regret <= tie for each in own) / len(own) if own else math.nan

    def leading(self, figure: str) -> float:
        """The share of choices that were best, or could not be told from it."""
        own = [each for each in self.choices if each.figure == figure]
        return sum(each.leads for each in own) / len(own) if own else math.nan

    def by_strategy(self, figure: str) -> dict[str, float]:
        """The mean relative errors of each strategy."""
        found: dict[str, list[float]] = {}
        for miss in self.counted(figure):
            found.setdefault(miss.cell.cell.strategy, []).append(getattr(miss, figure))
        return {name: statistics.fmean(own) for name, own in found.items()}


def questions(cells: Iterable[Measured]) -> dict[str, list[Measured]]:
    """The cells by change and condition, in order of appearance."""
    found: dict[str, list[Measured]] = {}
    for each in cells:
        found.setdefault(each.cell.key.removeprefix(f"{each.cell.strategy}/"), []).append(each)
    return found


def hold_out(cells: Sequence[Measured], share: float, seed: int) -> Judgement:
    """Fit on all questions but a share of them, and ask about that share."""
    parts = _shuffled(cells, seed)
    count = max(round(share * len(parts)), 1)
    if len(parts) - count < 1:
        raise CompareError("too few cells to hold any out", fix="measure more of the matrix")
    return _judged(parts[count:], parts[:count])


def in_turn(cells: Sequence[Measured], folds: int, seed: int) -> Judgement:
    """Every question is held out once, with those of its fold."""
    parts = _shuffled(cells, seed)
    if len(parts) < folds:
        fix = "measure more of the matrix"
        raise CompareError(f"{len(parts)} questions are too few for {folds} folds", fix=fix)
    split = [parts[fold::folds] for fold in range(folds)]
    return _together(split)


def by_link(cells: Sequence[Measured]) -> Judgement:
    """Every link is held out once, whole: what the laws say of links that nobody measured."""
    parts = questions(cells)
    links = dict.fromkeys(each.cell.link.name for each in cells)
    split = [[own for own in parts.values() if own[0].cell.link.name == name] for name in links]
    if len(split) == 1:
        raise CompareError("all cells have the same link", fix="measure over another one too")
    return _together(split)


def _shuffled(cells: Sequence[Measured], seed: int) -> list[list[Measured]]:
    parts = list(questions(cells).values())
    order = np.random.default_rng(seed).permutation(len(parts))
    return [parts[index] for index in order]


def _together(split: Sequence[Sequence[list[Measured]]]) -> Judgement:
    found = []
    for index, asked in enumerate(split):
        others = [part for number, own in enumerate(split) if number != index for part in own]
        found.append(_judged(others, asked))
    return Judgement(
        fitted=round(statistics.fmean(each.fitted for each in found)),
        misses=tuple(miss for each in found for miss in each.misses),
        choices=tuple(choice for each in found for choice in each.choices),
        unknown=sum(each.unknown for each in found),
    )


def _judged(known: Sequence[list[Measured]], asked: Sequence[list[Measured]]) -> Judgement:
    learnt = [each for part in known for each in part]
    model = fit(learnt)
    held = [each for part in asked for each in part]
    told = [each for each in held if each.cell.strategy in model.laws]
    choices = [choice for part in asked for choice in _choices(model, part)]
    return Judgement(
        fitted=sum(each.done for each in learnt),
        misses=tuple(_miss(model, each) for each in told if each.done),
        choices=tuple(choices),
        unknown=len(held) - len(told),
    )


def _miss(model: Model, found: Measured) -> Miss:
    told = model.predict(found.cell, found.payload)
    return Miss(
        found,
        off(told.bytes, found.bytes, LEAST_BYTES),
        off(told.seconds, found.seconds, LEAST_SECONDS),
    )


def _choices(model: Model, part: Sequence[Measured]) -> list[Choice]:
    """What the model would choose among the strategies that were measured, by each figure."""
    known = [each for each in part if each.cell.strategy in model.laws]
    if len(known) < 2 or not any(each.done for each in known):  # noqa: PLR2004
        return []
    name = known[0].cell.key.removeprefix(f"{known[0].cell.strategy}/")
    told = {each.cell.strategy: model.predict(each.cell, each.payload) for each in known}
    found = []
    for figure, of in FIGURES.items():
        if figure == "bytes" and not any(each.payload.fetched_bytes for each in known):
            continue
        truth = {e.cell.strategy: of(e) if e.done else math.inf for e in known}
        chosen = min(told, key=lambda each: (round(told[each].calls, 6), of(told[each])))
        best = min(truth, key=truth.__getitem__)
        floor = {"bytes": LEAST_BYTES, "seconds": LEAST_SECONDS}[figure]
        regret = (truth[chosen] - truth[best]) / max(truth[best], floor)
        found.append(Choice(figure, name, chosen, best, regret, _leaders(figure, known)))
    return found


def _leaders(figure: str, cells: Sequence[Measured]) -> tuple[str, ...]:
    """As the report judges: who failed even once is not best."""
    steady = {each.cell.strategy: each.estimates[figure] for each in cells if not each.failed}
    found = rank(MEASURES[figure], steady)
    return found.leaders if found else ()
