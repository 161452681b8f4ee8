"""What the advisor says of small fleets, with laws that were fitted to a made-up matrix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ggfleet.advise.advice import FAR, Advice, Turn, advise
from ggfleet.advise.options import Case, Question, questions
from ggfleet.advise.rates import Rates, rates_of
from ggfleet.advise.sizes import LibrarySizes, Sizes
from ggfleet.advise.year import Reckoner
from ggfleet.cli.advise import rate, turned
from ggfleet.compare.matrix.cells import Payload
from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Install
from ggfleet.predict.fit import cells_of, fit
from ggfleet.simulate.links import WORLD
from ggfleet.simulate.links import Link as LinkClass
from unit.factories import make_fleet, make_function, make_library, make_model
from unit.measured_matrix import observations

MODEL = fit(cells_of(observations()))
RECKONER = Reckoner(MODEL, WORLD)
BIG = LibrarySizes(Payload(300_000_000, 1, 930_000_000, 9000), Payload(299_000_000, 30, 0, 0))
SMALL = LibrarySizes(Payload(20_000_000, 1, 60_000_000, 600), Payload(19_900_000, 5, 0, 0))
CODE = Payload(300_000, 1, 1_000_000, 30)
DIGITS = Payload(400_000, 1, 500_000, 4)


def case(
    library: LibrarySizes,
    told: tuple[str, ...] = (),
    *,
    v2: bool = True,
    install: Install = Install.ML_RESOURCE,
) -> Case:
    """A function with one library and one model."""
    destination = "/ml" if install is Install.ML_RESOURCE else ""
    fleet = make_fleet(
        libraries=[make_library("ml", install=install, destination=destination)],
        models=[make_model("digits")],
        functions=[make_function("classify", libraries=("ml",), models=("digits",))],
    )
    sizes = Sizes({"ml": library}, {"digits": DIGITS}, {"classify": CODE}, {"classify": CODE}, {})
    return Case(fleet, sizes, rates_of(fleet, told), v2=v2, years=3)


def question(kind: str, of: Case) -> Question:
    """That of a kind."""
    return next(each for each in questions(of) if each.kind == kind)


def library(of: Case, reckoner: Reckoner = RECKONER) -> Advice:
    """What is said of the library."""
    return advise(question("libraries", of), reckoner)


def cost(advice: Advice, name: str) -> float:
    """What an option costs in a year."""
    (found,) = (each.year for each in advice.options if each.name == name)
    assert found is not None
    return found.dollars


def test_functions_that_change_often_do_not_carry_libraries() -> None:
    """And those that change as often as their library may as well."""
    often = case(SMALL, ("functions=2 per month",), install=Install.IN_FUNCTION)
    assert library(often).chosen != "in-function"
    assert library(often).saved > 0
    hardly = case(SMALL, ("functions=0.01 per year",), install=Install.IN_FUNCTION)
    assert library(hardly).chosen == "in-function"


@pytest.mark.parametrize("kind", ["functions", "libraries"])
@pytest.mark.parametrize("install", list(Install))
def test_at_a_break_even_two_options_cost_the_same(kind: str, install: Install) -> None:
    """Asked again with the rate that was told, the chosen one and the other are equally dear."""
    told = ("functions=3 per year", "libraries=3 per year")
    advice = library(case(SMALL, told, install=install))
    turns = [each for each in advice.turns if each.what == kind]
    for turn in turns:
        again = library(case(SMALL, (*told, f"{kind}={turn.value:.5f} per year"), install=install))
        assert cost(again, advice.chosen) == pytest.approx(cost(again, turn.instead), rel=1e-3)
        beyond = turn.value * (1.5 if turn.upwards else 0.6)
        later = library(case(SMALL, (*told, f"{kind}={beyond:.5f} per year"), install=install))
        assert cost(later, turn.instead) < cost(later, advice.chosen)


def test_break_evens_of_prices_hold_too() -> None:
    """A device's hour at which the quicker way pays off, although it moves more."""
    image = replace(SMALL, image=Payload(24_000_000, 1, 0, 0))
    advice = library(case(image))
    (turn,) = (each for each in advice.turns if each.what == "price of a device's hour")
    assert turn.upwards
    for factor in (turn.value, 1.2 * turn.value):
        costs = replace(WORLD.costs, device_hour=WORLD.costs.device_hour * factor)
        there = library(case(image), Reckoner(MODEL, replace(WORLD, costs=costs)))
        saved = cost(there, advice.chosen) - cost(there, turn.instead)
        assert saved == pytest.approx(0, abs=1e-9) if factor == turn.value else saved > 0
    assert 1 < turn.value < FAR


def test_what_lambda_does_not_take_is_refused_on_v1_only() -> None:
    advice = library(case(BIG, v2=False))
    refused = {each.name: each.refused for each in advice.options if each.refused}
    assert "Lambda takes 262 MB" in refused["in-function"]
    assert "no images" in refused["image"]
    assert advice.chosen == "ml-resource"
    assert advice.question.table == "ml-resource"
    later = {each.name: each.refused for each in library(case(BIG)).options}
    assert later["in-function"] == ""
    assert "layout: image" in later["image"]


def test_a_package_above_50_mb_is_possible_but_told() -> None:
    middle = LibrarySizes(Payload(70_000_000, 1, 200_000_000, 900), SMALL.wheels)
    inside = library(case(middle, v2=False)).options[0]
    assert inside.refused == ""
    assert "only from S3" in inside.notes[0]
    assert library(case(middle, v2=False)).question.table == "ml-resource"
    assert library(case(SMALL, v2=False)).question.table == "in-function"


def test_a_model_travels_on_its_own() -> None:
    """Beside a big library, and beside functions that change rarely."""
    advice = advise(question("models", case(BIG, ("models=1 per week",))), RECKONER)
    assert advice.chosen == "on its own"
    assert cost(advice, "with the libraries") > 10 * cost(advice, "on its own")


def test_a_saving_of_less_than_a_cent_changes_nothing() -> None:
    tiny = LibrarySizes(Payload(20_000, 1, 60_000, 6), Payload(20_000, 1, 60_000, 6))
    for install in Install:
        assert library(case(tiny, install=install)).stays


def test_a_strategy_that_nobody_measured_is_not_advised_against() -> None:
    laws = {name: law for name, law in MODEL.laws.items() if name != "in-function"}
    reckoner = Reckoner(replace(MODEL, laws=laws), WORLD)
    advice = library(case(SMALL, ("functions=9 per week",), install=Install.IN_FUNCTION), reckoner)
    assert advice.chosen == "in-function"
    assert advice.options[0].unmeasured
    assert not advice.turns


def test_costs_rise_with_rates_and_prices() -> None:
    """For every option, and by each of them."""
    few, many = (library(case(SMALL, (f"libraries={n} per year",))) for n in (2, 4))
    dear = tuple(replace(link, price_per_gb=50.0) for link in WORLD.links)
    pricey = library(case(SMALL), Reckoner(MODEL, replace(WORLD, links=dear)))
    for name in ("in-function", "os-pip", "ml-resource"):
        assert cost(many, name) > cost(few, name)
        assert cost(pricey, name) > cost(few, name)


def test_links_are_weighed_by_their_shares() -> None:
    """The mean of two links is that of each alone."""
    lines = (LinkClass("a", 1, 50), LinkClass("b", 3, 5, price_per_gb=4))
    both = Reckoner(MODEL, replace(WORLD, links=lines))
    events = question("libraries", case(SMALL)).options[2].events
    alone = [both.on(name).year(events).dollars for name in "ab"]
    assert both.year(events).dollars == pytest.approx((alone[0] + 3 * alone[1]) / 4)


def test_a_link_over_which_nothing_arrives_is_told() -> None:
    """pip starts a file over six times, at a break every kilobyte."""
    hopeless = (LinkClass("field", 1, 5, drop_mb=0.001),)
    with pytest.raises(GgfleetError, match="never ends over link field"):
        library(case(SMALL), Reckoner(MODEL, replace(WORLD, links=hopeless)))


FLEET: Fleet = make_fleet(
    libraries=[make_library("ml", updates=4.0)],
    models=[make_model("digits"), make_model("both")],
    functions=[make_function("both"), make_function("alone")],
)


def told(*texts: str) -> Rates:
    return rates_of(FLEET, texts)


def test_rates_come_from_the_spec_the_caller_or_assumptions() -> None:
    assert told().of("libraries", "ml").source == "spec"
    assert told().of("models", "digits").source == "assumed"
    assert told("models=1 per week").of("models", "digits").yearly == 52
    assert told("digits=2 per month").of("models", "digits").yearly == 24
    assert told("digits=2 per month").of("models", "both").source == "assumed"
    named = told("functions=1 per year", "functions.both=1 per day")
    assert [named.of("functions", each).yearly for each in ("both", "alone")] == [365, 1]
    assert told().assumed()


@pytest.mark.parametrize(
    ("text", "said", "fix"),
    [
        ("both=1 per week", "several parts", "models.both or functions.both"),
        ("digit=1 per week", "no part has this name", "digits"),
        ("digits=weekly", "write a number", "--updates"),
        ("digits=0 per week", "above zero", "--updates"),
        ("digits", "write a number", "--updates"),
        ("models.ml=1 per week", "no part has this name", ""),
    ],
)
def test_rates_that_are_none_are_told(text: str, said: str, fix: str) -> None:
    with pytest.raises(GgfleetError) as raised:
        told(text)
    assert said in raised.value.message
    assert fix in raised.value.fix


@pytest.mark.parametrize(
    ("yearly", "said"),
    [
        (2, "2 a year"),
        (15.6, "1.3 a month"),
        (104, "2 a week"),
        (730, "2 a day"),
        (0.5, "0.5 a year"),
    ],
)
def test_rates_are_told_as_people_say_them(yearly: float, said: str) -> None:
    assert rate(yearly) == said


def test_turns_are_told_as_sentences() -> None:
    upwards = turned(Turn("functions", 15.6, upwards=True, instead="image"))
    assert upwards == "from 1.3 updates a month of functions on: image"
    down = turned(Turn("price of a byte", 0.25, upwards=False, instead="os-pip"))
    assert down == "below 0.25 times the price of a byte: os-pip"
