"""Least squares with coefficients that are not negative, little moved by outliers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from ggfleet.simulate.transfer import Flags, Numbers

TURNS = 15
"""Turns of reweighting."""
STILL = 1e-10
NEAR = 0.01
"""Relative errors below this count as this: else a single exact cell would take all weight."""
SHY = 1e-3
"""What a shy term pays for the square of its share: it is used where it saves 3 % of error."""


def fit_relative(
    rows: Sequence[Mapping[str, float]],
    found: Sequence[float],
    least: float,
    shy: str = "\0",
    floors: Mapping[str, float] = MappingProxyType({}),
) -> dict[str, float]:
    """Coefficients of named terms, so that relative errors are small.

    `rows` are the terms of each cell, `found` what was measured there; errors are relative to that,
    or to `least` where it is smaller. Squares first, then reweighted towards absolute errors. Terms
    whose names begin with `shy` are used only where the others do not explain the same. Those in
    `floors` get that coefficient at least, and shyly more. Terms that get 0 are left out.
    """
    names = sorted({name for row in rows for name in row})
    scale = np.maximum(np.asarray(found, dtype=np.float64), least)
    terms = np.array([[row.get(name, 0.0) for name in names] for row in rows]) / scale[:, None]
    given = np.array([floors.get(name, 0.0) for name in names])
    wanted = np.asarray(found, dtype=np.float64) / scale - terms @ given
    fined = [name.startswith(shy) or name in floors for name in names]
    fines = np.diag(math.sqrt(SHY) * np.array(fined, dtype=np.float64))
    fines *= np.sqrt((terms**2).sum(axis=0))
    weights = np.ones(len(found))
    solution = np.zeros(len(names))
    for _ in range(TURNS):
        solution = non_negative(
            np.vstack([terms * weights[:, None], fines]),
            np.concatenate([wanted * weights, np.zeros(len(names))]),
        )
        weights = 1 / np.sqrt(np.maximum(np.abs(terms @ solution - wanted), NEAR))
    weighed = zip(names, solution + given, strict=True)
    return {name: float(value) for name, value in weighed if value > 0}


def non_negative(terms: Numbers, wanted: Numbers) -> Numbers:
    """The x >= 0 with the least |terms @ x - wanted|: the active-set method of Lawson and Hanson.

    Solving Least Squares Problems (1974), chapter 23.
    """
    lengths = np.sqrt((terms**2).sum(axis=0))
    lengths[lengths == 0] = 1.0
    unit = terms / lengths
    solution = np.zeros(terms.shape[1])
    free = np.zeros(terms.shape[1], dtype=np.bool_)
    for _ in range(3 * terms.shape[1]):
        pull = np.where(free, -np.inf, unit.T @ (wanted - unit @ solution))
        if pull.max(initial=-np.inf) <= STILL:
            break
        free[int(pull.argmax())] = True
        solution, free = _inside(unit, wanted, solution, free)
    found: Numbers = solution / lengths
    return found


def _inside(
    unit: Numbers, wanted: Numbers, solution: Numbers, free: Flags
) -> tuple[Numbers, Flags]:
    """Go towards the least squares of the free coefficients, and fix those that would leave."""
    while free.any():
        best = np.zeros(len(free))
        best[free] = np.linalg.lstsq(unit[:, free], wanted, rcond=None)[0]
        leaving = free & (best <= STILL)
        if not leaving.any():
            return best, free
        gap = solution[leaving] - best[leaving]
        step = np.min(np.divide(solution[leaving], gap, out=np.zeros_like(gap), where=gap > 0))
        solution = solution + step * (best - solution)
        free = free & (solution > STILL)
        solution = np.where(free, solution, 0.0)
    return np.zeros(len(free)), free
