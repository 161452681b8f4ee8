"""What each strategy moves for each change, from goods whose sizes are known."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ggfleet.compare.matrix.cells import Change, Payload
from ggfleet.compare.matrix.life import works
from ggfleet.compare.matrix.plan import Conditions, Life
from ggfleet.compare.matrix.strategy import Strategy, Work, strategies
from ggfleet.errors import CompareError
from unit.matrix_goods import MadeGoods

OWN = ("delta", "image", "in-function", "layered", "ml-resource-tar-gz", "ml-resource-zip", "os-pip",
       "os-pip-uv")  # fmt: skip
LIFE = Life("any", Conditions(), 1, tuple(Change))


def walked(name: str) -> dict[Change, Work]:
    return dict(works(strategies([name])[name], MadeGoods(), LIFE))


def moved(name: str) -> dict[str, int]:
    return {change.value: work.payload.fetched_bytes for change, work in walked(name).items()}


def test_own_strategies_are_registered() -> None:
    assert set(OWN) <= set(strategies())


@pytest.mark.parametrize("name", OWN)
def test_a_strategy_walks_through_a_life(name: str) -> None:
    """Every change has steps, and its steps fetch exactly what its payload counts."""
    for change, work in walked(name).items():
        assert work.steps, change
        places = [step for step in work.steps if step["do"] in ("place", "delta")]
        own = sum(int(str(step["size"])) for step in places)
        if not name.startswith("os-pip") and change is not Change.ROLL_BACK:
            assert own == work.payload.fetched_bytes


@pytest.mark.parametrize("name", OWN)
def test_a_model_only_update_moves_the_model_alone(name: str) -> None:
    (place, switch) = walked(name)[Change.MODEL_ONLY].steps
    assert (place["slot"], switch["slot"]) == ("model", "model")
    assert moved(name)["model-only"] == 100


def test_a_resource_moves_all_libraries_for_a_patch() -> None:
    assert moved("ml-resource-zip") == {
        "first-install": 1110, "model-only": 100, "function-only": 10, "library-patch": 1001,
        "library-minor": 1002, "roll-back": 0, "remove": 0,
    }  # fmt: skip


def test_libraries_in_the_function_move_with_every_change_of_it() -> None:
    found = moved("in-function")
    assert (found["function-only"], found["library-patch"]) == (1010, 1011)


def test_pip_moves_the_packages_that_changed_and_fetches_again_to_go_back() -> None:
    found = moved("os-pip")
    assert found["first-install"] == 1110
    assert (found["library-patch"], found["library-minor"], found["roll-back"]) == (200, 100, 100)


def test_layers_move_alone() -> None:
    found = moved("layered")
    assert (found["library-patch"], found["library-minor"], found["roll-back"]) == (100, 900, 0)


def test_a_delta_moves_where_there_is_one_and_else_the_archive() -> None:
    found = moved("delta")
    assert (found["first-install"], found["library-patch"], found["library-minor"]) == (
        1110,
        10,
        1002,
    )


def test_an_image_is_not_unpacked() -> None:
    assert walked("image")[Change.LIBRARY_PATCH].payload == Payload(1001, 1, 0, 0)


@pytest.mark.parametrize("name", OWN)
def test_nothing_switches_before_everything_is_there(name: str) -> None:
    for work in walked(name).values():
        does = [str(step["do"]) for step in work.steps]
        if "switch" in does:
            assert set(does[does.index("switch") :]) == {"switch"}


@pytest.fixture
def foreign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somebody else's distribution, installed."""
    (tmp_path / "foreign_way.py").write_text("""\
from ggfleet.compare.matrix.slots import ZipResource
class Pigeon(ZipResource):
    name = "pigeon"
    control = "pigeon"
class Liar(Pigeon):
    name = "other"
""")
    info = tmp_path / "foreign_way-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-way\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[ggfleet.strategies]\npigeon = foreign_way:Pigeon\nliar = foreign_way:Liar\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("foreign_way", None)


@pytest.mark.usefixtures("foreign")
def test_a_strategy_of_another_distribution_is_found() -> None:
    found: Strategy = strategies(["pigeon"])["pigeon"]
    assert found.control == "pigeon"
    assert dict(works(found, MadeGoods(), LIFE))[Change.LIBRARY_PATCH].payload.fetched_bytes == 1001


@pytest.mark.usefixtures("foreign")
def test_a_strategy_must_bear_the_name_that_it_is_registered_by() -> None:
    with pytest.raises(CompareError, match="the strategy other is registered as liar"):
        strategies(["liar"])


def test_an_unknown_strategy_is_refused_with_those_there_are() -> None:
    with pytest.raises(CompareError, match="no strategy is called nosuch") as caught:
        strategies(["nosuch"])
    assert "in-function" in caught.value.fix
