"""One way through a whole fleet, and what several seeds say of it together."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ggfleet.model import Abort, Rollout
from ggfleet.simulate.links import MB, World
from ggfleet.simulate.rollout import Spread, by_forks, by_rollout
from ggfleet.simulate.transfer import Numbers, fetch
from ggfleet.simulate.ways import Way

T_95 = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}
"""Student's t for 95 % by the number of seeds; 1.96 for more."""


@dataclass(frozen=True)
class Plan:
    """How many cores there are, how they are connected, and how a change spreads."""

    cores: int
    world: World
    rollout: Rollout | None = None
    abort: Abort | None = None
    timeout: float = 0.0
    forks: int = 20


@dataclass(frozen=True)
class Outcome:
    """What came of it. Shares are of all cores, times in seconds (infinite: never), `dollars` all.

    `broken` are cores whose download or deployment failed, `untouched` those that an abort spared.
    """

    updated: float
    broken: float
    untouched: float
    half: float
    most: float
    nearly_all: float
    bytes_per_core: float
    dollars: float


def simulate(plan: Plan, way: Way, seed: int) -> Outcome:
    """Send one change through the fleet."""
    rng = np.random.default_rng([seed, plan.cores])
    cores = plan.world.draw(rng, plan.cores)
    got = fetch(rng, way.files, cores.speeds, cores.drops, way.retry)
    work = dict(plan.world.work_mb_s).get(way.strategy)
    lasted = got.seconds + (sum(way.files) / MB / work if work else 0.0) * got.whole
    whole = got.whole
    if plan.timeout and not way.pushed:
        whole = whole & (lasted <= plan.timeout)
        lasted = np.minimum(lasted, plan.timeout)
    if way.pushed:
        spread = by_forks(lasted, plan.forks)
    else:
        spread = by_rollout(lasted, whole, plan.rollout, plan.abort)
    return _outcome(spread, whole, got.bytes, cores.price)


def _outcome(spread: Spread, whole: np.ndarray, moved: Numbers, price: Numbers) -> Outcome:
    begun = np.isfinite(spread.ended)
    count = len(begun)
    ends = np.sort(spread.ended[begun & whole])
    return Outcome(
        updated=len(ends) / count,
        broken=float(np.count_nonzero(begun & ~whole)) / count,
        untouched=float(np.count_nonzero(~begun)) / count,
        half=_reached(ends, count, 0.5),
        most=_reached(ends, count, 0.95),
        nearly_all=_reached(ends, count, 0.99),
        bytes_per_core=float(moved[begun].sum()) / count,
        dollars=float((moved * price)[begun].sum()),
    )


def _reached(ends: Numbers, count: int, share: float) -> float:
    """When a share of all cores was updated."""
    needed = math.ceil(share * count)
    return float(ends[needed - 1]) if len(ends) >= needed else math.inf


@dataclass(frozen=True)
class Interval:
    """A mean over seeds, and half the width of its 95 % interval. Infinite: never in some seed."""

    mean: float
    half_width: float


def summarise(outcomes: Sequence[Outcome]) -> dict[str, Interval]:
    """Each figure of `Outcome` over its seeds."""
    return {
        each.name: _interval([getattr(outcome, each.name) for outcome in outcomes])
        for each in fields(Outcome)
    }


def _interval(values: Sequence[float]) -> Interval:
    if any(math.isinf(value) for value in values):
        return Interval(math.inf, 0.0)
    mean = statistics.fmean(values)
    if len(values) == 1:
        return Interval(mean, 0.0)
    error = statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, T_95.get(len(values), 1.96) * error)
