"""The matrix on a real host: every strategy through all changes, and through faults."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.measured import Place
from fleet.shell import at_once
from fleet.small_matrix import HEAVY, MODEL, small_spec
from ggfleet.compare.matrix.cells import Change, Link, Observation, Outcome, Processor
from ggfleet.compare.matrix.device import FOLDER, Limits
from ggfleet.compare.matrix.fill import Filling, estimate
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.life import Scene, live
from ggfleet.compare.matrix.plan import Conditions, Life
from ggfleet.compare.matrix.prepare import Workload
from ggfleet.compare.matrix.runs import Runs
from ggfleet.compare.matrix.strategy import Goods, Release, Step, Strategy, Work, strategies
from ggfleet.model import Layer
from ggfleet.spec.load import load
from ggfleet.system.progress import Silent

pytestmark = pytest.mark.fleet

PINS = {"first": {"light": "1.0.0"}, "patch": {"light": "1.0.1"}, "minor": {"light": "1.1.0"}}
ALL = (
    "ml-resource-zip",
    "ml-resource-tar-gz",
    "image",
    "layered",
    "delta",
    "in-function",
    "os-pip",
    "os-pip-uv",
)
FAST = Conditions(Link("fast", 400, 4), processor=Processor("one", 1))


@pytest.fixture(scope="module")
def workload(tmp_path_factory: pytest.TempPathFactory) -> Workload:
    """Two packages, of which the small one has three versions."""
    folder = tmp_path_factory.mktemp("matrix")
    spec = small_spec(folder)
    fleet = load(spec).on("pc")
    return Workload(
        fleet, fleet.functions["fn"], fleet.platforms["pc"], {"n": 1}, folder / "out",
        folder / "cache", PINS, answers=3, layers=(Layer("heavy", ("heavy",)), Layer("rest")),
    )  # fmt: skip


@pytest.fixture(scope="module")
def goods(workload: Workload) -> BuiltGoods:
    return BuiltGoods(workload, Silent())


@pytest.fixture(scope="module")
def place(fleet: Fleet, goods: BuiltGoods) -> Iterator[Place]:
    if shutil.which("mksquashfs") is None:
        pytest.skip("needs mksquashfs (package squashfs-tools)")
    made = Place(fleet, "matrix", goods.folder)
    try:
        made.device.prepare(strategies(ALL).values())
        yield made
    finally:
        made.close()


def lived(place: Place, goods: BuiltGoods, name: str, tmp_path: Path) -> dict[Change, Observation]:
    """Live a life as a matrix does, and read what it has written."""
    runs = Runs(tmp_path / "runs.jsonl")
    filling = Filling(goods.workload, goods, strategies([name]), runs, Silent())
    assert filling.fill(place, [Life(name, FAST, 1, tuple(Change))], limit=0) == []
    return {each.cell.change: each for each in Runs(tmp_path / "runs.jsonl").found}


@pytest.mark.parametrize("name", ALL)
def test_a_strategy_lives_through_all_changes(
    place: Place, goods: BuiltGoods, tmp_path: Path, name: str
) -> None:
    """Each change serves what it is to serve, moves what it must and little more, and goes back."""
    seen = lived(place, goods, name, tmp_path)
    assert [each.message for each in seen.values()] == [""] * len(Change)
    assert [each.serving for each in seen.values()] == [
        "light 1.0.0, model 1, function 1", "light 1.0.0, model 2, function 1",
        "light 1.0.0, model 2, function 2", "light 1.0.1, model 2, function 2",
        "light 1.1.0, model 2, function 2", "light 1.0.1, model 2, function 2", "",
    ]  # fmt: skip
    more = 60_000 if name == "os-pip-uv" else 12_000
    for each in seen.values():
        # Headers of frames are 4.6 %; HTTP's own, lists of wheels, and what TCP says. uv looks into
        # wheels, by ranges, before it fetches them.
        assert each.payload.fetched_bytes <= each.received_bytes
        assert each.received_bytes < 1.06 * each.payload.fetched_bytes + more
        assert each.seconds > 0
        assert each.cpu_seconds > 0
        assert each.peak_memory_bytes > 1_000_000
        assert each.left_behind_bytes == 0
    first = seen[Change.FIRST_INSTALL]
    assert first.payload.fetched_bytes > HEAVY
    assert first.disk_bytes > HEAVY
    assert first.written_bytes > HEAVY
    # No library byte moves with a model.
    assert MODEL < seen[Change.MODEL_ONLY].received_bytes < 1.06 * MODEL + 4000
    assert seen[Change.ROLL_BACK].restored is True
    assert (seen[Change.REMOVE].disk_bytes, seen[Change.REMOVE].files) == (0, 0)
    light_alone = name in ("layered", "delta", "os-pip", "os-pip-uv")
    assert (seen[Change.LIBRARY_PATCH].received_bytes < HEAVY) is light_alone


class Faulty:
    """A strategy whose updates meet a fault each."""

    def __init__(self, way: Strategy, *spoilers: Any) -> None:
        self._way, self._spoilers = way, iter(spoilers)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._way, name)

    def update(self, goods: Goods, before: Release, to: Release) -> Work:
        work, spoil = self._way.update(goods, before, to), next(self._spoilers)
        return Work(tuple(spoil(step) for step in work.steps), work.payload)


def wrong_digest(step: Step) -> Step:
    """What arrives is not what was published."""
    spoilt: Step = json.loads(re.sub('[0-9a-f]{64}(?=[\\\\"])', "0" * 64, json.dumps(dict(step))))
    return spoilt


def dead_link(step: Step) -> Step:
    """Nobody answers at the server's address."""
    spoilt: Step = json.loads(re.sub(r":\d+/0/1/", ":1/0/1/", json.dumps(dict(step))))
    return spoilt


FAULTED = ("ml-resource-zip", "image", "os-pip")


@pytest.fixture(scope="module")
def after_faults(place: Place, goods: BuiltGoods) -> dict[str, list[Observation]]:
    """What is observed of two updates that fail, on a device that had the first release.

    By all strategies at once, each in its own folder: most of the time they try a dead link again.
    """
    changes = (Change.FIRST_INSTALL, Change.LIBRARY_PATCH, Change.LIBRARY_MINOR, Change.REMOVE)
    life = Life("any", FAST, 1, changes)
    scene = Scene(place.device, goods.at(f"{place.address()}/0/1"), goods.workload, place.set(FAST))
    ways = strategies(FAULTED)
    for way in ways.values():
        estimate(way, scene.goods, life)  # builds what is not built yet

    def lived_through(way: Strategy) -> list[Observation]:
        return list(live(scene, Faulty(way, wrong_digest, dead_link), life))

    return dict(zip(ways, at_once(lived_through, ways.values()), strict=True))


@pytest.mark.parametrize("name", FAULTED)
def test_a_failed_update_leaves_the_old_version_serving(
    after_faults: dict[str, list[Observation]], name: str
) -> None:
    """Before it installs, pip downloads everything: so far it is as good as a resource."""
    first, *failed, removed = after_faults[name]
    assert (first.outcome, removed.outcome) == (Outcome.DONE, Outcome.DONE)
    changes = [each.cell.change for each in failed]
    assert changes == [Change.LIBRARY_PATCH, Change.LIBRARY_MINOR]
    for seen in failed:
        assert seen.outcome is Outcome.FAILED
        assert seen.message
        assert seen.serving == "light 1.0.0, model 1, function 1"


def test_a_link_that_breaks_ends_pip_and_not_a_resource(
    place: Place, goods: BuiltGoods, tmp_path: Path
) -> None:
    """The resource goes on where it was cut off; pip 23.0 gives up. Both as bytes at the interface."""
    breaking = replace(FAST, link=Link("breaking", 400, 4, 0, drop_mb=0.3))
    found = {}
    for name in ("ml-resource-zip", "os-pip"):
        runs = Runs(tmp_path / f"{name}.jsonl")
        filling = Filling(goods.workload, goods, strategies([name]), runs, Silent())
        filling.fill(place, [Life(name, breaking, 1, (Change.FIRST_INSTALL,))], limit=0)
        (found[name],) = runs.found
    resource, pip = found["ml-resource-zip"], found["os-pip"]
    assert resource.outcome is Outcome.DONE
    assert resource.received_bytes < 1.1 * resource.payload.fetched_bytes + 12_000
    assert pip.outcome is Outcome.FAILED
    assert pip.serving == ""
    # The environment, in which nothing is yet.
    assert pip.files > 0
    assert pip.disk_bytes > 1_000_000


def test_conditions_hold(place: Place, goods: BuiltGoods) -> None:
    """Half a processor, a slow line and its delay are what the device gets."""
    limits = place.set(Conditions(Link("slow", 8, 60), processor=Processor("half", 0.5)))
    busy = "import time; b = time.process_time(); a = time.monotonic()\nwhile time.process_time() - b < .5: 0"
    url = f"{place.address()}/0/1/{goods.libraries(Release(), 'zip').path}"
    measured = {}
    for name, argv in {
        "busy": ["python3", "-c", busy],
        "fetch": ["python3", "-c", f"import urllib.request as u; u.urlopen('{url}').read()"],
        "small": [
            "python3",
            "-c",
            f"import urllib.request as u; u.urlopen('{place.address()}/0/1/').read()",
        ],
    }.items():
        measured[name] = change(place, limits, [{"do": "run", "argv": argv}])
    assert measured["busy"]["seconds"] > 0.9
    size = goods.libraries(Release(), "zip").size
    assert measured["fetch"]["seconds"] > size * 8 / 8e6
    assert measured["small"]["seconds"] > 0.12  # two round trips: connect, ask


def change(place: Place, limits: Limits, steps: list[Step]) -> dict[str, Any]:
    task = {"task": "change", "base": f"{FOLDER}/devices/probe", "steps": steps, "seconds": 60}
    found = place.device.task(task, limits, 90)
    assert found["outcome"] == "done", found
    return found
