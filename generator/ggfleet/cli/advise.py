"""`ggfleet advise`: by which way each library, model and function should reach the devices."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ggfleet.cli import output
from ggfleet.cli.options import (
    bundles_option,
    chosen_platform,
    generation_option,
    json_option,
    loaded,
    need_numpy,
    spec_argument,
)
from ggfleet.cli.render import manifest_in
from ggfleet.cli.simulate import dollars, duration
from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Json

if TYPE_CHECKING:
    from ggfleet.advise.advice import Advice, Turn, Weighed
    from ggfleet.advise.options import Case
    from ggfleet.advise.year import Reckoner
    from ggfleet.predict.model import Model

FEW_LINKS = 3
YEAR = (1.0, "year")
UNITS = ((365.0, "day"), (52.0, "week"), (12.0, "month"))
COLUMNS = ("", "a year, for each core", "bytes", "time", "cost")
NOUNS = {"libraries": "library", "models": "model", "functions": "function"}
V1_ENDED = (
    "AWS ended Greengrass V1 on 2026-10-07: this is for endpoints that still speak its API;\n"
    "--generation v2 tells what holds for V2"
)


@click.command()
@spec_argument
@click.option(
    "--platform", default="", metavar="NAME", help="Platform to look at.  [default: the first]"
)
@generation_option
@click.option(
    "--model",
    "model_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file that `ggfleet calibrate` wrote.  [default: the one that comes with ggfleet]",
)
@click.option(
    "--links",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A TOML file of link classes, prices and devices; assumptions of ours without.",
)
@click.option(
    "--updates",
    multiple=True,
    metavar="PART=RATE",
    help='How often parts change: models="1 per month", libraries.NAME="2 per year"; '
    "goes before the spec; may be repeated.",
)
@click.option(
    "--years",
    default=3.0,
    show_default=True,
    type=click.FloatRange(0, 100, min_open=True),
    help="Years between two first installs of a device.",
)
@bundles_option
@json_option
def command(
    spec: Path,
    platform: str,
    generation: str | None,
    model_file: Path | None,
    links: Path | None,
    updates: tuple[str, ...],
    years: float,
    bundles: Path,
    as_json: bool,
) -> int:
    """Tell by which way each library, model and function should reach the devices.

    Weighs what every option moves and takes in a year, by sizes from `ggfleet bundle` and by laws
    that `ggfleet calibrate` fitted to measurements; tells from when on another would be better.
    docs/advice.md tells the method and its assumptions.
    """
    need_numpy("a prediction")
    from ggfleet.advise.advice import advise  # noqa: PLC0415 - numpy is an extra, and slow to load
    from ggfleet.advise.options import questions  # noqa: PLC0415

    fleet = loaded(spec)
    v2 = fleet.components.wanted if generation is None else generation == "v2"
    on = chosen_platform(fleet, platform)
    case = _case(fleet, on, bundles, updates, years, v2=v2)
    reckoner = _reckoner(model_file, links)
    found = [advise(question, reckoner) for question in questions(case)]
    if as_json:
        output.print_json(_as_json(case, on, reckoner, found))
    else:
        _tell(case, on, found, reckoner.model, assumed=links is None)
    return 0


def _case(
    fleet: Fleet, platform: str, bundles: Path, updates: tuple[str, ...], years: float, *, v2: bool
) -> Case:
    from ggfleet.advise.options import Case  # noqa: PLC0415 - as above
    from ggfleet.advise.rates import rates_of  # noqa: PLC0415
    from ggfleet.advise.sizes import sizes_of  # noqa: PLC0415

    own = fleet.on(platform)
    rates = rates_of(own, updates)
    sizes = sizes_of(own, manifest_in(bundles, fleet), bundles, platform)
    return Case(own, sizes, rates, v2=v2, years=years)


def _reckoner(model_file: Path | None, links: Path | None) -> Reckoner:
    from ggfleet.advise.year import Reckoner  # noqa: PLC0415 - as above
    from ggfleet.predict.model import SHIPPED, read_model  # noqa: PLC0415
    from ggfleet.simulate.links import WORLD, read_world  # noqa: PLC0415

    if model_file is None and not SHIPPED.exists():
        raise GgfleetError(
            "this ggfleet comes without a model: nothing was measured for it",
            fix="ggfleet calibrate RUNS.JSONL --out model.json, then --model model.json",
        )
    return Reckoner(read_model(model_file or SHIPPED), read_world(links) if links else WORLD)


def _tell(case: Case, platform: str, found: list[Advice], model: Model, *, assumed: bool) -> None:
    cores = sum(core.platform == platform for core in case.fleet.cores)
    output.out.print(
        f"{case.fleet.name} on {platform}, Greengrass {'V2' if case.v2 else 'V1'}, "
        f"{output.plural(cores, 'core')}"
    )
    for each in found:
        _tell_part(each, case)
    for part, why in case.sizes.unknown.items():
        output.out.print(f"\n{part}: not weighed: {why}")
    output.out.print()
    if case.rates.assumed():
        output.out.print("* is assumed: write `updates` into the spec, or see --updates")
    if assumed:
        output.out.print("links, devices and prices are assumptions: name yours with --links")
    measured = model.origin.get("links")
    if isinstance(measured, list) and len(measured) < FEW_LINKS:
        count = output.plural(len(measured), "link")
        output.out.print(f"the model was measured over {count}: what it says of others is a guess")
    output.out.print("the number of cores multiplies all figures and changes no choice")
    if not case.v2:
        output.out.print(V1_ENDED)


def _tell_part(advice: Advice, case: Case) -> None:
    asked = advice.question
    guessed = "*" if case.rates.of(asked.kind, asked.name).source == "assumed" else ""
    output.out.print(
        f"\n{NOUNS[asked.kind]} {asked.name}: {output.megabytes(asked.size.fetched_bytes)} zipped, "
        f"{output.megabytes(asked.size.unpacked_bytes)} unpacked, {rate(asked.rate)}{guessed}"
    )
    rows = [_row(each, advice) for each in advice.options if each.year]
    if rows:
        output.out.print(output.table(COLUMNS, rows, right=(2, 3, 4)))
    for each in advice.options:
        if each.refused:
            output.out.print(f"  not {each.name}: {each.refused}")
    for line in _reasons(advice):
        output.out.print(f"  {line}")


def _row(each: Weighed, advice: Advice) -> tuple[str, ...]:
    assert each.year is not None  # only what was weighed gets a line
    mark = ">" if each.name == advice.chosen else ""
    now = " (now)" if each.name == advice.question.now else ""
    return (
        f"  {mark:1}",
        f"{each.name}{now}",
        output.megabytes(each.year.bytes),
        duration(each.year.seconds),
        dollars(each.year.dollars),
    )


def _reasons(advice: Advice) -> list[str]:
    """What is to be said of a choice, a line each."""
    if any(each.name == advice.chosen and each.unmeasured for each in advice.options):
        return [f"no advice: the spec says {advice.chosen}, which was not measured"]
    lines = []
    if not advice.stays and advice.saved > 0:
        lines.append(f"saves {dollars(advice.saved)} a year for each core")
    elif cheaper := _hardly_cheaper(advice):
        lines.append(f"{cheaper} costs hardly less: not worth a change")
    if advice.question.table != advice.chosen:
        lines.append(f"size and rate of change alone would say: {advice.question.table}")
    lines += [turned(turn) for turn in advice.turns]
    lines += [firm] if (firm := _firm(advice)) else []
    others: dict[str, list[str]] = {}
    for link, best in advice.by_link.items():
        if best != advice.chosen:
            others.setdefault(best, []).append(link)
    lines += [f"over {' and '.join(links)} alone: {best}" for best, links in others.items()]
    for each in advice.options:
        if each.name == advice.chosen:
            lines += each.notes
    return lines


def _firm(advice: Advice) -> str:
    """What no rate or price within reach would change, where there was a choice."""
    if sum(each.year is not None for each in advice.options) <= 1:
        return ""
    rates = any(turn.what in NOUNS for turn in advice.turns)
    prices = any(turn.what not in NOUNS for turn in advice.turns)
    what = " or ".join(
        word for word, turns in (("rate of updates", rates), ("price", prices)) if not turns
    )
    return f"no other {what} changes that" if what else ""


def _hardly_cheaper(advice: Advice) -> str:
    """What would cost less than what is advised, by too little; empty when nothing would."""
    years = {each.name: each.year.dollars for each in advice.options if each.year}
    best = min(years, key=years.__getitem__, default=advice.chosen)
    return "" if best == advice.chosen else best


def turned(turn: Turn) -> str:
    """`from 1.3 updates a month of functions on: ml-resource`."""
    if turn.what in NOUNS:
        often = rate(turn.value, "updates")
        at = f"from {often} of {turn.what} on" if turn.upwards else f"below {often} of {turn.what}"
    else:
        factor = f"{turn.value:.2g} times the {turn.what}"
        at = f"from {factor} on" if turn.upwards else f"below {factor}"
    return f"{at}: {turn.instead}"


def rate(yearly: float, noun: str = "") -> str:
    """`2 a year`, `1.3 a month`, `4 a week`: with a number that people can grasp."""
    unit, name = next((each for each in UNITS if yearly >= each[0]), YEAR)
    return " ".join(filter(None, (f"{yearly / unit:.2g}", noun, f"a {name}")))


def _as_json(case: Case, platform: str, reckoner: Reckoner, found: list[Advice]) -> dict[str, Json]:
    return {
        "fleet": case.fleet.name,
        "platform": platform,
        "generation": "v2" if case.v2 else "v1",
        "years": case.years,
        "world": asdict(reckoner.world),
        "model": dict(reckoner.model.origin),
        "parts": [_part_json(each, case) for each in found],
        "not_weighed": dict(case.sizes.unknown),
    }


def _part_json(advice: Advice, case: Case) -> dict[str, Json]:
    asked = advice.question
    return {
        "kind": asked.kind,
        "name": asked.name,
        "size": asdict(asked.size),
        "updates_a_year": asked.rate,
        "updates_from": case.rates.of(asked.kind, asked.name).source,
        "now": asked.now,
        "by_size_and_rate": asked.table,
        "advised": advice.chosen,
        "saved_dollars_a_year": advice.saved,
        "options": [_option_json(each) for each in advice.options],
        "turns": [{**asdict(each)} for each in advice.turns],
        "by_link": dict(advice.by_link),
    }


def _option_json(each: Weighed) -> dict[str, Json]:
    year = each.year
    return {
        "name": each.name,
        "refused": each.refused,
        "notes": list(each.notes),
        "a_year": None
        if year is None
        else {
            "bytes": round(year.bytes),
            "seconds": year.seconds,
            "joules": year.joules,
            "dollars": year.dollars if math.isfinite(year.dollars) else None,
            "paid": dict(year.paid),
        },
    }
