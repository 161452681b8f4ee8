"""When each core starts: by a deployment's rollout (AWS IoT jobs), or by a playbook's forks.

Source of the rollout: AWS IoT's `jobExecutionsRolloutConfig` and `abortConfig`, as the deployment
of Greengrass V2 takes them. A minute is the finest step that they know.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np

from ggfleet.model import Abort, Rollout
from ggfleet.simulate.transfer import Flags, Numbers

FASTEST = 1000
"""Cores a minute: the most that a rollout may name, taken where the spec names none."""
MINUTE = 60.0


@dataclass(frozen=True)
class Spread:
    """When each core ended, in seconds from the start; infinite for those that never began."""

    ended: Numbers
    aborted: bool


def by_rollout(
    lasted: Numbers, whole: Flags, rollout: Rollout | None, abort: Abort | None
) -> Spread:
    """Start cores minute by minute.

    `lasted` are seconds that each core takes, `whole` whether it ends well. The rate grows with
    each `rollout.after` successes; `abort` ends it when too many have failed, as soon as a minute
    begins. Cores that work already go on.
    """
    count = len(lasted)
    ended = np.full(count, np.inf)
    good, bad = _Counter(), _Counter()
    rate, started, minute, steps = _first_rate(rollout), 0, 0, 0
    while started < count:
        succeeded, failed = good.until(minute), bad.until(minute)
        if abort and _is_too_bad(abort, succeeded, failed):
            return Spread(ended, aborted=True)
        if rollout and succeeded // rollout.after > steps:
            grown = rate * rollout.factor ** (succeeded // rollout.after - steps)
            rate, steps = min(grown, float(FASTEST)), succeeded // rollout.after
        batch = slice(started, min(started + max(int(rate), 1), count))
        ended[batch] = minute * MINUTE + lasted[batch]
        good.add(ended[batch][whole[batch]])
        bad.add(ended[batch][~whole[batch]])
        started, minute = batch.stop, minute + 1
    return Spread(ended, aborted=False)


def by_forks(lasted: Numbers, forks: int) -> Spread:
    """Start a core whenever one of `forks` is free, in order: a playbook with strategy free."""
    free = [0.0] * min(forks, len(lasted))
    ended = np.empty(len(lasted))
    for index, seconds in enumerate(lasted.tolist()):
        done = free[0] + seconds
        heapq.heapreplace(free, done)
        ended[index] = done
    return Spread(ended, aborted=False)


class _Counter:
    """How many have ended until a minute begins; asked for minutes in order."""

    def __init__(self) -> None:
        self._per_minute = np.zeros(1024, dtype=np.int64)
        self._until, self._sum = 0, 0

    def add(self, ended: Numbers) -> None:
        """Take ends, none before the minute that was asked for last."""
        if not len(ended):
            return
        minutes = np.ceil(ended / MINUTE).astype(np.int64)
        needed = int(minutes.max()) + 1
        if needed > len(self._per_minute):
            self._per_minute = np.concatenate(
                [self._per_minute, np.zeros(2 * needed - len(self._per_minute), dtype=np.int64)]
            )
        self._per_minute[:needed] += np.bincount(minutes, minlength=needed)

    def until(self, minute: int) -> int:
        """Those that ended up to the beginning of a minute."""
        while self._until <= minute:
            if self._until < len(self._per_minute):
                self._sum += int(self._per_minute[self._until])
            self._until += 1
        return self._sum


def _first_rate(rollout: Rollout | None) -> float:
    return float(min(rollout.start, FASTEST)) if rollout else float(FASTEST)


def _is_too_bad(abort: Abort, succeeded: int, failed: int) -> bool:
    executed = succeeded + failed
    return executed >= abort.after and 100 * failed >= abort.percent * executed
