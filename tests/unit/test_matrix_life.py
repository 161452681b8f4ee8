"""A life on a device that only keeps account: what is asked of it, and what is made of failures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ggfleet.compare.matrix.cells import Change, Observation, Outcome
from ggfleet.compare.matrix.device import Limits
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.life import Scene, live
from ggfleet.compare.matrix.plan import Conditions, Life
from ggfleet.compare.matrix.prepare import Workload
from ggfleet.compare.matrix.strategy import strategies
from unit.factories import make_fleet, make_function, make_model
from unit.matrix_goods import MadeGoods


class Ledger:
    """Each change is done, but for those that fail; the tree's digest is what serves."""

    name, interface = "ledger", "eth0"

    def __init__(self, fails: tuple[int, ...] = ()) -> None:
        self.changes: list[list[Mapping[str, Any]]] = []
        self._fails = fails
        self._serves: dict[str, str] = {}

    def prepare(self, strategies: object) -> None: ...

    def drop_caches(self) -> None: ...

    def task(self, task: Mapping[str, Any], limits: Limits, seconds: float) -> dict[str, Any]:  # noqa: ARG002
        if task["task"] == "change":
            return self._change(task["steps"])
        if task["task"] == "observe":
            digest = str(sorted(self._serves.items())) if task["digest"] else ""
            return {"disk_bytes": 1, "files": 1, "left_behind_bytes": 0, "digest": digest}
        answer = {"answered": bool(self._serves), "message": "nothing there", "seconds": 1.0,
                  "latency": 0.1, "serving": " ".join(self._serves.values())}  # fmt: skip
        return {"answers": [answer, answer]}

    def _change(self, steps: list[Mapping[str, Any]]) -> dict[str, Any]:
        self.changes.append(steps)
        failed = len(self.changes) - 2 in self._fails  # the first one clears
        for step in steps:
            if step["do"] == "switch" and not failed:
                self._serves[step["slot"]] = step["version"]
            if step["do"] == "remove":
                self._serves = {}
        figures = dict.fromkeys(
            ("received_bytes", "seconds", "cpu_seconds", "peak_memory_bytes", "written_bytes"), 1
        )
        outcome = Outcome.FAILED if failed else Outcome.DONE
        return {"outcome": outcome, "message": "broken" if failed else "", **figures}


def lived(device: Ledger, *changes: Change) -> list[Observation]:
    model, function = make_model(), make_function(models=("digits",))
    fleet = make_fleet(models=[model], functions=[function])
    work = Workload(fleet, function, None, {}, None, None)  # type: ignore[arg-type]
    scene = Scene(device, cast(BuiltGoods, MadeGoods()), work, Limits())
    life = Life("ml-resource-zip", Conditions(), 1, changes or tuple(Change))
    return list(live(scene, strategies([life.strategy])[life.strategy], life))


def test_all_changes_are_observed_in_their_order() -> None:
    seen = lived(Ledger())
    assert [each.cell.change for each in seen] == list(Change)
    assert {each.outcome for each in seen} == {Outcome.DONE}
    assert [each.restored for each in seen] == [None] * 5 + [True, None]
    assert seen[0].serving == "libraries-first model-1 function-1"


def test_a_failed_update_leaves_the_release_and_is_gone_back_from_to_the_one_before() -> None:
    """The minor fails: the roll-back is that of the patch."""
    seen = {each.cell.change: each for each in lived(Ledger(fails=(4,)))}
    assert seen[Change.LIBRARY_MINOR].outcome is Outcome.FAILED
    assert seen[Change.LIBRARY_MINOR].message == "broken"
    assert seen[Change.LIBRARY_MINOR].serving == "libraries-patch model-2 function-2"
    assert seen[Change.ROLL_BACK].serving == "libraries-first model-2 function-2"
    assert seen[Change.ROLL_BACK].restored is True


def test_a_first_install_that_fails_ends_the_life() -> None:
    (seen,) = lived(Ledger(fails=(0,)))
    assert (seen.outcome, seen.serving, seen.cold_inference_seconds) == (Outcome.FAILED, "", None)


def test_without_an_update_there_is_nothing_to_go_back_from() -> None:
    changes = (Change.FIRST_INSTALL, Change.MODEL_ONLY, Change.ROLL_BACK)
    seen = lived(Ledger(fails=(1,)), *changes)
    assert [each.cell.change for each in seen] == list(changes[:2])


def test_changes_that_are_not_planned_are_neither_made_nor_observed() -> None:
    device = Ledger()
    (seen,) = lived(device, Change.LIBRARY_PATCH)
    assert seen.cell.change is Change.LIBRARY_PATCH
    assert len(device.changes) == 3  # clear, install, patch


def test_a_device_that_does_not_answer_after_a_change_is_told_of() -> None:
    class Dumb(Ledger):
        def task(self, task: Mapping[str, Any], limits: Limits, seconds: float) -> dict[str, Any]:
            if task["task"] == "infer":
                return {"answers": [{"answered": False, "message": "no module"}] * 2}
            return super().task(task, limits, seconds)

    seen = lived(Dumb(), Change.FIRST_INSTALL)[0]
    assert (seen.outcome, seen.message) == (Outcome.DONE, "no answer: no module")
    assert seen.latency_seconds is None
