"""Downloads over links that drop, held against what can be worked out on paper."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ggfleet.simulate.links import MB, NEVER
from ggfleet.simulate.transfer import CLASSIC, LITE, PIP, PIP_BEFORE_25_1, Fetched, Retry, fetch

COUNT = 200_000
SPEED = 2.5 * MB


def fetched(retry: Retry, *files: float, drop: float = 100 * MB, seed: int = 1) -> Fetched:
    """All cores have the same link."""
    rng = np.random.default_rng(seed)
    return fetch(rng, files, np.full(COUNT, SPEED), np.full(COUNT, drop), retry)


def close(share: float, expected: float) -> bool:
    """Within four standard errors of a share of `COUNT`."""
    return abs(share - expected) <= 4 * math.sqrt(expected * (1 - expected) / COUNT) + 1e-9


@pytest.mark.parametrize("retry", [CLASSIC, LITE, PIP, PIP_BEFORE_25_1], ids=lambda each: each.name)
def test_a_link_that_holds_moves_every_byte_once(retry: Retry) -> None:
    found = fetched(retry, 100 * MB, 25 * MB, drop=NEVER)
    assert found.whole.all()
    assert (found.bytes == 125 * MB).all()
    assert np.allclose(found.seconds, 50)


def test_tries_that_start_over_have_their_closed_form() -> None:
    """300 MB, a drop every 100 MB, seven tries: 1 - (1 - e**-3)**7, which is 30 %."""
    found = fetched(LITE, 300 * MB)
    assert close(found.whole.mean(), 1 - (1 - math.exp(-3)) ** 7)


def test_what_tries_that_start_over_move_has_its_closed_form() -> None:
    """A try moves 100 MB * (1 - e**-3) on average; tries end with the first that succeeds."""
    one = 100 * MB * (1 - math.exp(-3))
    tries = sum((1 - math.exp(-3)) ** n for n in range(7))
    moved = fetched(LITE, 300 * MB).bytes
    assert abs(moved.mean() - one * tries) < 4 * moved.std() / math.sqrt(COUNT)


def test_without_a_second_try_every_file_must_hold() -> None:
    """Forty wheels of 5 MB are as likely to arrive as one file of 200 MB: e**-2."""
    assert close(fetched(PIP_BEFORE_25_1, *[5 * MB] * 40).whole.mean(), math.exp(-2))
    assert close(fetched(PIP_BEFORE_25_1, 200 * MB).whole.mean(), math.exp(-2))


def test_five_resumptions_carry_past_five_drops() -> None:
    """Six tries fail with the sixth drop: a Poisson sum; what arrived was moved once."""
    found = fetched(PIP, 300 * MB)
    expected = sum(math.exp(-3) * 3**n / math.factorial(n) for n in range(6))
    assert close(found.whole.mean(), expected)
    assert (found.bytes[found.whole] == 300 * MB).all()


def test_a_failed_resumption_ends_where_the_last_try_was_cut_off() -> None:
    """The sixth of k drops that lie at random in a file: on average 6/(k+1) of it."""
    found = fetched(PIP, 300 * MB)
    failed = found.bytes[~found.whole]
    chances = {k: math.exp(-3) * 3**k / math.factorial(k) for k in range(6, 40)}
    mean = sum(6 / (k + 1) * chance for k, chance in chances.items()) / sum(chances.values())
    assert abs(failed.mean() - mean * 300 * MB) < 4 * failed.std() / math.sqrt(len(failed))


def test_the_classic_nucleus_never_gives_up() -> None:
    found = fetched(CLASSIC, 2000 * MB)
    assert found.whole.all()
    assert (found.bytes == 2000 * MB).all()


def test_pauses_double_up_to_the_longest() -> None:
    """With full jitter: half of 1, 2, 4, ... on average, half of 64 from the eighth try on."""
    rng = np.random.default_rng(1)
    means = [LITE.waits(rng, COUNT, attempt).mean() for attempt in (1, 2, 3, 7, 12)]
    assert np.allclose(means, [0, 0.5, 1, 16, 32], rtol=0.02)


def test_pauses_are_in_the_seconds() -> None:
    """A core that was cut off waits once before each further try."""
    patient = Retry("patient", tries=2, resumes=True, pause=1000, longest=1000)
    found = fetched(patient, 100 * MB)
    waited = found.seconds - found.bytes / SPEED
    assert abs(waited[waited > 0].mean() - 500) < 10
    assert close(float((waited > 0).mean()), 1 - math.exp(-1))
