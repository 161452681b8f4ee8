"""The file of raw data: what is in it is not measured again, whatever was happening at the end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ggfleet.compare.matrix.cells import Change, Link, to_line
from ggfleet.compare.matrix.fill import Filling, estimate
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.plan import Conditions, Life
from ggfleet.compare.matrix.prepare import Workload
from ggfleet.compare.matrix.runs import Runs
from ggfleet.compare.matrix.strategy import strategies
from ggfleet.system.progress import Silent
from unit.matrix_goods import MadeGoods
from unit.test_matrix_cells import OBSERVATION


def test_a_torn_line_is_cut_off_and_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    other = replace(OBSERVATION, run=3)
    path.write_text(to_line(OBSERVATION) + "\n" + to_line(other)[:50])
    runs = Runs(path)
    assert runs.has(OBSERVATION.key)
    assert not runs.has(other.key)
    runs.add(other)
    assert [each.run for each in Runs(path).found] == [2, 3]


def test_lives_that_are_measured_whole_are_left_out(tmp_path: Path) -> None:
    life = Life("ml-resource-zip", Conditions(), 1, (Change.FIRST_INSTALL, Change.REMOVE))
    runs = Runs(tmp_path / "runs.jsonl")
    filling = Filling(workload(), BuiltGoods(workload(), Silent()), {}, runs, Silent())
    for change in life.changes:
        assert filling.missing([life]) == [life]
        runs.add(replace(OBSERVATION, cell=life.cell(change), run=1))
    assert filling.missing([life]) == []
    assert filling.missing([replace(life, run=2)]) == [replace(life, run=2)]


def test_a_slow_link_takes_longer() -> None:
    strategy = strategies(["ml-resource-zip"])["ml-resource-zip"]
    slow, fast = (
        Life("ml-resource-zip", Conditions(Link(name, mbit)), 1, tuple(Change))
        for name, mbit in (("slow", 0.001), ("fast", 1000))
    )
    difference = estimate(strategy, MadeGoods(), slow) - estimate(strategy, MadeGoods(), fast)
    # First install 1110 bytes, model 100, function 10, libraries 1001 and 1002; 125 bytes a second.
    assert round(difference) == round(3223 / 125)


def workload() -> Workload:
    """None of it is looked at."""
    return Workload(None, None, None, None, Path("nowhere"), Path("nowhere"))  # type: ignore[arg-type]
