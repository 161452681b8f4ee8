"""The laws of changes, held against a made-up device that shares no code with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ggfleet.compare.matrix.cells import Outcome
from ggfleet.errors import CompareError, GgfleetError
from ggfleet.predict.fit import cells_of, fit
from ggfleet.predict.judge import by_link, hold_out, in_turn, questions
from ggfleet.predict.model import SHIPPED, read_model, write_model
from ggfleet.predict.solve import fit_relative, non_negative
from ggfleet.simulate.transfer import LITE, PIP_BEFORE_25_1, Retry, fetch
from unit.measured_matrix import TRUTHS, observations

CELLS = cells_of(observations())
MODEL = fit(CELLS)
FEW = [each for each in CELLS if each.cell.strategy in ("image", "ml-resource-zip")]


def test_a_fit_finds_what_the_device_was_told() -> None:
    """Overhead, round trips of each file, waiting: within what 1 % of noise leaves open."""
    laws = MODEL.laws
    assert laws["ml-resource-zip"].bytes["payload"] == pytest.approx(1.03, abs=0.005)
    assert laws["image"].seconds["change"] == pytest.approx(0.6, abs=0.05)
    trips = laws["os-pip"].seconds
    assert trips["round_trip_file"] == pytest.approx(TRUTHS["os-pip"].per_file_trips, rel=0.1)
    assert all(law.seconds["link"] == pytest.approx(1, abs=0.02) for law in laws.values())


def test_cells_that_were_held_out_are_foretold() -> None:
    """Three times the noise at most; the choice by seconds is right, as strategies differ."""
    for judged in (hold_out(CELLS, 0.25, seed=1), in_turn(CELLS, 5, seed=1)):
        assert judged.mean("bytes") < 0.006
        assert judged.mean("seconds") < 0.03
        assert judged.right("seconds") == 1
    assert by_link(CELLS).mean("seconds") < 0.1


def test_a_question_is_held_out_with_all_its_strategies() -> None:
    """And the same seed holds out the same."""
    first, again = (hold_out(FEW, 0.25, seed=7) for _ in range(2))
    assert first == again
    asked = [
        {miss.cell.cell.strategy for miss in first.misses if miss.cell in own}
        for own in questions(FEW).values()
    ]
    assert {len(each) for each in asked} == {0, 2}
    assert first.fitted + len(first.misses) == len(FEW)
    assert hold_out(FEW, 0.25, seed=8) != first


def test_runs_of_one_cell_are_one_median() -> None:
    """A run that took ten times as long does not move it; one that failed is not in it."""
    runs = list(observations(runs=3))[:3]
    odd = replace(runs[0], seconds=runs[0].seconds * 10)
    (cell,) = cells_of([odd, *runs[1:]])
    assert cell.seconds == sorted([odd.seconds, runs[1].seconds, runs[2].seconds])[1]
    failed = replace(runs[0], outcome=Outcome.FAILED, seconds=1e9)
    (cell,) = cells_of([failed, *runs[1:]])
    assert cell.failed == pytest.approx(1 / 3)
    assert cell.seconds < 1e8


def test_what_failed_is_no_good_choice() -> None:
    """The quickest strategy failed in every run: whoever chooses it is wrong by infinity."""
    broken = [
        replace(each, failed=1.0)
        if each.cell.strategy == "image" and each.cell.link.name == "far"
        else each
        for each in FEW
    ]
    told = [e for e in hold_out(broken, 0.9, seed=1).choices if "/far/" in e.question]
    assert "image" not in {each.best for each in told}
    assert any(each.regret == float("inf") for each in told)


@pytest.mark.parametrize("retry", [LITE, PIP_BEFORE_25_1], ids=lambda each: each.name)
def test_the_program_is_found_by_its_failures(retry: Retry) -> None:
    """Over links that break every 20, 60 and 200 MB: who starts over, and who gives up at once."""
    cells = [each for each in FEW if each.cell.strategy == "image"]
    rng = np.random.default_rng(5)
    for drop in (20.0, 60.0, 200.0):
        for one in cells[:4]:
            count = np.full(2000, 6.25e6)
            files = [float(one.payload.fetched_bytes)]
            got = fetch(rng, files, count, np.full(2000, drop * 1e6), retry)
            link = replace(one.cell.link, name=f"drops {drop}", drop_mb=drop)
            done = got.whole if got.whole.any() else ~got.whole
            cells.append(
                replace(
                    one,
                    cell=replace(one.cell, link=link),
                    failed=float(1 - got.whole.mean()),
                    bytes=float(np.mean(got.bytes[done])) * 1.03,
                    seconds=float(np.mean(got.seconds[done])) + one.seconds,
                )
            )
    assert fit(cells).laws["image"].shape.retry == retry


def test_nothing_to_fit_is_told() -> None:
    with pytest.raises(CompareError):
        fit([])
    with pytest.raises(CompareError):
        hold_out(CELLS[:1], 0.5, seed=1)


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    model = replace(MODEL, origin={"file": "runs.jsonl"})
    write_model(tmp_path / "model.json", model)
    again = read_model(tmp_path / "model.json")
    assert again == model
    cell = CELLS[0]
    assert again.predict(cell.cell, cell.payload) == model.predict(cell.cell, cell.payload)


@pytest.mark.skipif(not SHIPPED.exists(), reason="no model comes with this ggfleet")
def test_the_model_that_comes_with_ggfleet_was_measured_and_judged() -> None:
    model = read_model(SHIPPED)
    assert model.origin["judged"]
    assert {"in-function", "os-pip", "ml-resource-zip"} <= model.laws.keys()


@pytest.mark.parametrize("text", ["", "[]", '{"version": 9}', '{"version": 1, "strategies": {}}'])
def test_what_is_no_model_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(GgfleetError, match="is no model"):
        read_model(tmp_path / "model.json")


def test_an_unknown_strategy_is_told() -> None:
    cell = replace(CELLS[0].cell, strategy="pigeon")
    with pytest.raises(GgfleetError, match="pigeon"):
        MODEL.predict(cell, CELLS[0].payload)


@pytest.mark.parametrize("seed", range(20))
def test_least_squares_that_may_not_be_negative_satisfy_their_conditions(seed: int) -> None:
    """Karush, Kuhn, Tucker: no pull on what is above zero, none upwards on what is zero."""
    rng = np.random.default_rng(seed)
    terms, wanted = rng.normal(size=(30, 8)), rng.normal(size=30)
    terms[:, 7] = terms[:, 6]
    found = non_negative(terms, wanted)
    pull = terms.T @ (wanted - terms @ found)
    assert (found >= 0).all()
    assert np.abs(pull[found > 0]).max(initial=0) < 1e-8
    assert pull.max() < 1e-8


def test_a_floor_is_kept() -> None:
    """Where nothing tells two terms apart, the one with a floor gets just that."""
    rows = [{"link": float(n), "work": float(n)} for n in range(1, 20)]
    found = [4.0 * n for n in range(1, 20)]
    assert fit_relative(rows, found, 0.1, floors={"link": 1.0}) == pytest.approx(
        {"link": 1, "work": 3}, rel=0.01
    )


def test_an_outlier_hardly_moves_a_fit() -> None:
    rows = [{"size": float(n), "each": 1.0} for n in range(1, 40)]
    found = [3.0 * n + 5 for n in range(1, 40)]
    found[20] *= 8
    assert fit_relative(rows, found, 0.1) == pytest.approx({"size": 3, "each": 5}, rel=0.02)
