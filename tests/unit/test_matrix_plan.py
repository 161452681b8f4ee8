"""Plans: what is read, in which order it is measured, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.compare.matrix.cells import Change, Link
from ggfleet.compare.matrix.plan import MatrixPlan, read_plan
from ggfleet.errors import CompareError

HEAD = """\
spec = "fleet.yml"
messages = "messages.jsonl"
function = "f"
platform = "pc"
[links]
slow = {mbit_s = 5, round_trip_ms = 120, loss = 0.01}
fast = {mbit_s = 500}
"""
SET = '[[sets]]\nstrategies = ["a", "b"]\nlinks = ["fast", "slow"]\nruns = 2\n'


def read(folder: Path, text: str) -> MatrixPlan:
    (folder / "plan.toml").write_text(text)
    return read_plan(folder / "plan.toml")


def test_strategies_take_turns_then_conditions_then_runs(tmp_path: Path) -> None:
    lives = read(tmp_path, HEAD + SET).lives()
    assert [(life.strategy, life.conditions.link.name, life.run) for life in lives] == [
        ("a", "fast", 1), ("b", "fast", 1), ("a", "slow", 1), ("b", "slow", 1),
        ("a", "fast", 2), ("b", "fast", 2), ("a", "slow", 2), ("b", "slow", 2),
    ]  # fmt: skip


def test_a_life_that_two_sets_name_is_spent_once(tmp_path: Path) -> None:
    plan = read(tmp_path, HEAD + SET + '[[sets]]\nstrategies = ["a", "c"]\nlinks = ["slow"]\n')
    assert len(plan.lives()) == 9
    assert plan.strategies() == ("a", "b", "c")


def test_what_a_plan_leaves_out_is_unshaped_and_whole(tmp_path: Path) -> None:
    (life,) = read(tmp_path, HEAD + '[[sets]]\nstrategies = ["a"]\n').lives()
    assert life.conditions.link == Link("unshaped", 0)
    assert life.changes == tuple(Change)
    assert life.wanted[0] == ("a/first-install/unshaped/unthrottled/all", 1)


def test_changes_come_in_the_order_of_a_life(tmp_path: Path) -> None:
    text = HEAD + '[[sets]]\nstrategies = ["a"]\nchanges = ["remove", "model-only"]\n'
    (life,) = read(tmp_path, text).lives()
    assert life.changes == (Change.MODEL_ONLY, Change.REMOVE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD.replace('"fleet.yml"', "1") + SET, "spec is missing, or no text"),
        (HEAD, "it has no \\[\\[sets\\]\\]"),
        (HEAD + "[oddity]\n" + SET, "the plan knows no oddity"),
        (HEAD + SET + 'storages = ["sd"]\n', "storages: sd is none of unthrottled"),
        (HEAD + SET + 'changes = ["often"]\n', "'often' is not a valid Change"),
        (HEAD + SET + 'changes = ["roll-back"]\n', "roll-back needs an update"),
        (HEAD + "odd = {mbit_s = -1}\n" + SET, "links.odd.mbit_s is -1"),
        (HEAD + "odd = {round_trip_ms = 1}\n" + SET, "links.odd needs mbit_s"),
        (HEAD + SET.replace("runs = 2", "runs = 0"), "runs is 0, not a number of 1 or more"),
        (HEAD + SET.replace("runs = 2", "runs = true"), "runs is True, not a number"),
        (HEAD + SET.replace('["a", "b"]', "[]"), "strategies is no list of names"),
        (HEAD + "[libraries]\nnext = {}\n" + SET, "libraries knows no next"),
        ("spec = [", "cannot be read"),
    ],
)
def test_a_plan_that_is_wrong_is_refused_with_the_place(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(CompareError, match=message) as caught:
        read(tmp_path, text)
    assert "plan.toml" in caught.value.message
    assert caught.value.fix


def test_the_plan_of_the_project_can_be_read() -> None:
    """`make compare` begins with it."""
    plan = read_plan(Path(__file__).parents[2] / "benchmarks/comparison.toml")
    assert {"os-pip", "ml-resource-zip", "in-function"} <= set(plan.strategies())
    assert {life.conditions.link.mbit_s for life in plan.lives()} >= {5, 50, 500}


def test_the_plan_with_tensorflow_can_be_read() -> None:
    """Its wheels do not fit into a function's package."""
    plan = read_plan(Path(__file__).parents[2] / "benchmarks/comparison-tensorflow.toml")
    assert "in-function" not in plan.strategies()
    assert plan.function == "digits-container"
