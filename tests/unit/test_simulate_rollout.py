"""When cores start: rollouts minute by minute, aborts, forks."""

from __future__ import annotations

import numpy as np
import pytest

from ggfleet.model import Abort, Rollout
from ggfleet.simulate.rollout import by_forks, by_rollout


def minutes(count: int, *, lasting: float, rollout: Rollout | None) -> list[int]:
    """How many cores start in each minute, when each takes `lasting` seconds and succeeds."""
    spread = by_rollout(np.full(count, lasting), np.ones(count, dtype=bool), rollout, None)
    return [int(each) for each in np.bincount(((spread.ended - lasting) / 60).astype(int))]


def test_without_a_rollout_a_thousand_start_each_minute() -> None:
    assert minutes(2500, lasting=1, rollout=None) == [1000, 1000, 500]


def test_the_rate_grows_with_successes() -> None:
    """Ten a minute; each ten successes double it, up to a thousand."""
    started = minutes(2000, lasting=30, rollout=Rollout(start=10, factor=2.0, after=10))
    # 10 have ended after one minute, 30 after two: 20, then two steps at once
    assert started[:3] == [10, 20, 80]
    assert max(started) == 1000


def test_successes_that_take_long_hold_the_rate() -> None:
    """Ten minutes pass before the first core tells of success."""
    started = minutes(500, lasting=590, rollout=Rollout(start=10, factor=2.0, after=10))
    assert started[:12] == [10] * 10 + [20, 40]


@pytest.mark.parametrize(("percent", "spared"), [(50, 90), (51, 0)])
def test_an_abort_spares_the_rest(percent: float, spared: int) -> None:
    """Every second core fails; after ten it is judged, before the second minute begins."""
    whole = np.arange(100) % 2 == 0
    rollout = Rollout(start=10, factor=1.0, after=1)
    spread = by_rollout(np.full(100, 30.0), whole, rollout, Abort(percent, 10))
    assert spread.aborted == (spared > 0)
    assert int(np.isinf(spread.ended).sum()) == spared


def test_an_abort_waits_for_enough_cores() -> None:
    """All fail, but it is to judge after 25: three minutes of ten have begun by then."""
    rollout = Rollout(start=10, factor=1.0, after=1)
    spread = by_rollout(np.full(100, 30.0), np.zeros(100, dtype=bool), rollout, Abort(1, 25))
    assert int(np.isfinite(spread.ended).sum()) == 30


def test_forks_take_the_next_core_when_one_is_free() -> None:
    """Two forks and cores of 3, 1, 1, 1 seconds: one fork takes the three short ones."""
    assert by_forks(np.array([3.0, 1.0, 1.0, 1.0]), 2).ended.tolist() == [3, 1, 2, 3]
    assert by_forks(np.array([3.0, 1.0]), 20).ended.tolist() == [3, 1]
