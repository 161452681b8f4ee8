"""Links, breaks and costs: how predictions depend on what they are made of."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from ggfleet.compare.matrix.cells import Link
from ggfleet.predict.costs import cost
from ggfleet.predict.fit import cells_of, fit
from ggfleet.predict.model import Prediction
from ggfleet.predict.programs import PROGRAMS
from ggfleet.predict.transport import FIRST_WINDOW, SEGMENT, link_seconds, throughput
from ggfleet.simulate.expected import expect
from ggfleet.simulate.links import WORLD
from ggfleet.simulate.links import Link as LinkClass
from ggfleet.simulate.transfer import Retry, fetch
from unit.measured_matrix import observations, tcp_seconds

LINK = Link("line", 10, 50)
SIZES = (1.0, 1e3, 1e4, 1e5, 1e6, 1e7, 3e8)
COUNT = 200_000


def rising(values: list[float]) -> bool:
    return all(a <= b * (1 + 1e-12) for a, b in itertools.pairwise(values))


def test_a_link_takes_its_time() -> None:
    """Units: 10 Mbit/s are 1.25 MB a second; without a shape nothing takes time."""
    assert link_seconds(12.5e6, Link("line", 10)) == pytest.approx(10)
    assert link_seconds(1e9, Link("open", 0)) == 0


def test_loss_bounds_what_one_connection_carries() -> None:
    """Mathis: 1448 bytes each 100 ms, times sqrt(1.5 / 0.01)."""
    lossy = Link("lossy", 1000, 100, loss=0.01)
    assert throughput(lossy) == pytest.approx(SEGMENT / 0.1 * math.sqrt(1.5 / 0.01))
    assert throughput(lossy, streams=4) == pytest.approx(4 * throughput(lossy))


@pytest.mark.parametrize("trip", [0, 5, 20, 300])
def test_more_bytes_loss_or_delay_never_take_less(trip: float) -> None:
    for rate, loss in itertools.product((0, 1, 5, 50, 500), (0, 1e-4, 1e-2)):
        link = Link("line", rate, trip, loss)
        assert rising([link_seconds(size, link) for size in SIZES])
    for size in SIZES:
        rates = (1000, 500, 200, 50, 20, 5, 1, 0.1)
        assert rising([link_seconds(size, Link("line", rate, trip)) for rate in rates])
        losses = (0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1)
        assert rising([link_seconds(size, Link("line", 50, trip, loss)) for loss in losses])
        delays = (0, 1, 10, 30, 100, 300)
        assert rising([link_seconds(size, replace(LINK, round_trip_ms=each)) for each in delays])


def test_tcp_starts_slowly() -> None:
    """Near what doubling round trip by round trip gives; never below the link's own rate."""
    for size, trip in itertools.product((1e5, 1e6, 3e7), (20, 150)):
        link = Link("line", 50, trip)
        took = link_seconds(size, link)
        assert took >= size / (50e6 / 8)
        assert took == pytest.approx(tcp_seconds(size, link), abs=2.5 * trip / 1000)
    assert link_seconds(FIRST_WINDOW / 2, Link("line", 50, 150)) < 0.15


@pytest.mark.parametrize("retry", PROGRAMS.values(), ids=lambda each: each.name)
@pytest.mark.parametrize("files", [(40e6,), (10e6, 5e6, 30e6)], ids=["one", "three"])
def test_means_on_paper_are_those_of_the_simulation(retry: Retry, files: tuple[float, ...]) -> None:
    """Chance, bytes, pauses; and the bytes of those that arrived: within five standard errors."""
    speed, drop = 1e6, 20e6
    got = fetch(np.random.default_rng(3), files, np.full(COUNT, speed), np.full(COUNT, drop), retry)
    told = expect(files, drop, retry)
    waited = got.seconds - got.bytes / speed
    for simulated, mean in (
        (got.whole.astype(float), told.chance),
        (got.bytes, told.bytes),
        (got.bytes[got.whole], told.bytes_if_whole),
        (waited, told.pauses),
    ):
        error = simulated.std() / math.sqrt(len(simulated))
        assert abs(simulated.mean() - mean) <= 5 * error + 1e-6 * mean


def test_the_case_of_the_lossy_link_has_its_closed_form() -> None:
    """300 MB, a break every 100 MB, seven tries that start over: 1 - (1 - e**-3)**7."""
    told = expect([300e6], 100e6, PROGRAMS["lite"])
    assert told.chance == pytest.approx(1 - (1 - math.exp(-3)) ** 7)
    assert told.calls == pytest.approx(1 / told.chance)
    assert expect([300e6], 0, PROGRAMS["lite"]).bytes == 300e6
    assert expect([300e6], 1e6, PROGRAMS["lite"]).calls == math.inf


def test_predictions_rise_with_what_makes_them() -> None:
    """Bytes, rate, loss, processors, storage: each alone."""
    cells = cells_of(observations())
    model = fit(cells)
    for one in cells:
        law, payload = model.laws[one.cell.strategy], one.payload

        more = replace(payload, fetched_bytes=payload.fetched_bytes * 2)
        for figure in ("bytes", "seconds"):
            figures = [getattr(law.predict(one.cell, each), figure) for each in (payload, more)]
            assert rising(figures)
        for rates in ((500, 50, 5, 0.5),):
            links = [replace(one.cell.link, mbit_s=rate) for rate in rates]
            cases = [replace(one.cell, link=link) for link in links]
            assert rising([law.predict(case, payload).seconds for case in cases])
        losses = [replace(one.cell.link, loss=loss) for loss in (0, 1e-4, 1e-2)]
        cases = [replace(one.cell, link=link) for link in losses]
        assert rising([law.predict(case, payload).seconds for case in cases])


def test_costs_have_their_units() -> None:
    """A GB at $4 and $0.09, an hour of a device, a processor for an hour at 0.925 W."""
    link = LinkClass("lte", 1, 8, price_per_gb=4)
    found = Prediction(1e9, 3600, 3600, 1, 1e9, 3600)
    told = cost(found, link, WORLD, Link("lte", 8))
    assert told.for_bytes == pytest.approx(4.09)
    assert told.for_time == pytest.approx(0.10)
    assert told.joules == pytest.approx(0.925 * 3600)
    assert told.for_energy == pytest.approx(0.925 / 1000 * 0.20)
    radio = replace(link, radio_watts=1.5, radio_joules_per_mb=0.5)
    heard = cost(found, radio, WORLD, Link("lte", 8)).joules - told.joules
    assert heard == pytest.approx(1.5 * 1000 + 0.5 * 1000)
