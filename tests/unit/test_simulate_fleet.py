"""Whole simulations: what they count, that they repeat, how certain they are."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest

from ggfleet.model import Rollout
from ggfleet.simulate.fleet import Outcome, Plan, simulate, summarise
from ggfleet.simulate.links import MB, WORLD, Link, World
from ggfleet.simulate.transfer import CLASSIC, LITE, PIP_BEFORE_25_1
from ggfleet.simulate.ways import Way

LOSSY = World((Link("lossy", share=1, mbit_s=20, drop_mb=100),), egress_per_gb=0.0)
RESOURCE = Way("ml-resource", LITE, (300 * MB,), pushed=False)


def test_a_fleet_without_luck_is_worked_out_by_hand() -> None:
    """2,000 cores at 8 Mbit/s fetch 60 MB in a minute and unpack them in 30 s: two batches."""
    world = World((Link("line", 1, 8, price_per_gb=1.0),), 0.5, (("ml-resource", 2.0),))
    way = Way("ml-resource", CLASSIC, (60 * MB,), pushed=False)
    found = simulate(Plan(2000, world), way, seed=1)
    assert (found.updated, found.broken, found.untouched) == (1, 0, 0)
    assert (found.half, found.most, found.nearly_all) == (90, 150, 150)
    assert found.bytes_per_core == 60 * MB
    assert found.dollars == pytest.approx(2000 * 0.06 * 1.5)


def test_a_deployment_ends_slow_cores_and_a_playbook_does_not() -> None:
    world = World((Link("line", 1, 8),))
    deployed = Way("ml-resource", CLASSIC, (60 * MB,), pushed=False)
    pushed = Way("os-pip", PIP_BEFORE_25_1, (60 * MB,), pushed=True)
    plan = Plan(10, world, timeout=50, forks=5)
    assert simulate(plan, deployed, 1).broken == 1
    found = simulate(plan, pushed, 1)
    assert (found.updated, found.half, found.most) == (1, 60, 120)


def test_seeds_agree_within_their_interval_and_with_the_closed_form() -> None:
    """Ten seeds, 20,000 cores: 300 MB, a drop every 100 MB, seven tries that start over."""
    found = summarise([simulate(Plan(20_000, LOSSY), RESOURCE, seed) for seed in range(10)])
    updated, expected = found["updated"], 1 - (1 - math.exp(-3)) ** 7
    assert abs(updated.mean - expected) <= 2 * updated.half_width
    assert 0 < updated.half_width < 0.01
    assert math.isinf(found["half"].mean)


def test_a_seed_repeats_and_another_differs() -> None:
    plan = Plan(5000, WORLD, Rollout(10, 1.5, 100))
    one, again, other = (simulate(plan, RESOURCE, seed) for seed in (7, 7, 8))
    assert one == again
    assert all(
        getattr(one, each.name) != getattr(other, each.name)
        for each in fields(Outcome)
        if each.name not in ("untouched", "most", "nearly_all")
    )


def test_links_are_shared_out_in_proportion() -> None:
    """Shares need not add up to one; speeds have their median."""
    world = World((Link("a", share=3, mbit_s=8, spread=0.7), Link("b", share=1, mbit_s=800)))
    drawn = world.draw(np.random.default_rng(1), 100_000)
    slow = drawn.speeds < 10 * MB
    assert abs(slow.mean() - 0.75) < 0.01
    assert abs(np.median(drawn.speeds[slow]) - 1 * MB) < 0.02 * MB


def test_one_seed_has_no_interval() -> None:
    found = summarise([simulate(Plan(100, LOSSY), RESOURCE, 1)])
    assert all(each.half_width == 0 for each in found.values())
