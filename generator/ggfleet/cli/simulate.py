"""`ggfleet simulate`: a library's way to a large fleet, before anybody takes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ggfleet.cli import output
from ggfleet.cli.options import (
    bundles_option,
    chosen_platform,
    json_option,
    loaded,
    need_numpy,
    spec_argument,
)
from ggfleet.cli.progress import reporting
from ggfleet.cli.render import manifest_in
from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Install, Json, Library
from ggfleet.spec.problems import suggestion

if TYPE_CHECKING:
    from ggfleet.simulate.fleet import Interval, Plan
    from ggfleet.simulate.ways import Way

MINUTE, HOUR, DAY = 60, 3600, 86400
COLUMNS = ("way", "done", "broken", "50 %", "95 %", "99 %", "per core", "in all")


@click.command()
@spec_argument
@click.option(
    "--library",
    "name",
    default="",
    metavar="NAME",
    help="Library to send.  [default: the first ml-resource]",
)
@click.option(
    "--platform", default="", metavar="NAME", help="Platform to send it to.  [default: the first]"
)
@click.option(
    "--cores",
    "count",
    default=0,
    type=click.IntRange(0, 10**7),
    metavar="N",
    help="How many cores.  [default: those of the spec]",
)
@click.option(
    "--links",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A TOML file of link classes and prices; assumptions of ours without.",
)
@click.option(
    "--forks",
    default=20,
    show_default=True,
    type=click.IntRange(1),
    help="Hosts that a playbook reaches at once.",
)
@click.option(
    "--seeds",
    default=5,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How often, each with other luck.",
)
@click.option(
    "--seed", default=1, show_default=True, type=click.IntRange(0), help="The first seed."
)
@bundles_option
@json_option
def command(
    spec: Path,
    name: str,
    platform: str,
    count: int,
    links: Path | None,
    forks: int,
    seeds: int,
    seed: int,
    bundles: Path,
    as_json: bool,
) -> int:
    """Simulate how a library reaches a fleet, by every way that it can take.

    The spec's deployment says how fast it spreads and when it stops; links drop, and programs try
    again as they do. Sizes are those of the archives that `ggfleet bundle` wrote.
    docs/simulation.md tells the model and its assumptions.
    """
    fleet = loaded(spec)
    library, on = _chosen(fleet, name), chosen_platform(fleet, platform)
    plan, ways = _prepared(fleet, count, links, forks, bundles, library, on)
    with reporting(quiet=as_json) as progress:
        found = {}
        for way in ways:
            progress.step(f"{way.name}, {plan.cores:,} cores")
            found[way.name] = _summary(plan, way, range(seed, seed + seeds))
    if as_json:
        output.print_json(_as_json(plan, library, on, ways, found, list(range(seed, seed + seeds))))
    else:
        _tell(plan, library, on, found, seeds, assumed=links is None)
    return 0


def _prepared(
    fleet: Fleet,
    count: int,
    links: Path | None,
    forks: int,
    bundles: Path,
    library: Library,
    platform: str,
) -> tuple[Plan, tuple[Way, ...]]:
    need_numpy("a simulation")
    from ggfleet.simulate.fleet import Plan  # noqa: PLC0415 - numpy is an extra, and slow to load
    from ggfleet.simulate.links import WORLD, read_world  # noqa: PLC0415
    from ggfleet.simulate.ways import ways  # noqa: PLC0415

    deployment = fleet.deployment
    plan = Plan(
        cores=count or len(fleet.cores),
        world=read_world(links) if links else WORLD,
        rollout=deployment.rollout,
        abort=deployment.abort,
        timeout=float(deployment.timeout),
        forks=forks,
    )
    return plan, ways(bundles, manifest_in(bundles, fleet), library.apart(), platform)


def _summary(plan: Plan, way: Way, seeds: range) -> Mapping[str, Interval]:
    from ggfleet.simulate.fleet import simulate, summarise  # noqa: PLC0415 - as above

    return summarise([simulate(plan, way, seed) for seed in seeds])


def _chosen(fleet: Fleet, name: str) -> Library:
    there = {
        key: each for key, each in fleet.libraries.items() if each.install is Install.ML_RESOURCE
    }
    if not there:
        fix = "write install: ml-resource for one of them"
        raise GgfleetError("no library of the spec is an ML resource", fix=fix)
    if name and name not in there:
        message = f"--library {name} is no ml-resource library of the spec"
        raise GgfleetError(message, fix=suggestion(name, list(there)))
    return there[name] if name else next(iter(there.values()))


def _tell(
    plan: Plan,
    library: Library,
    platform: str,
    found: Mapping[str, Mapping[str, Interval]],
    seeds: int,
    *,
    assumed: bool,
) -> None:
    cores = f"{plan.cores:,} {'core' if plan.cores == 1 else 'cores'}"
    output.out.print(f"{library.name} for {platform} to {cores}, {output.plural(seeds, 'seed')}:\n")
    rows = [(name, *_row(each)) for name, each in found.items()]
    output.out.print(output.table(COLUMNS, rows, right=tuple(range(1, len(COLUMNS)))))
    for name, each in found.items():
        if spared := each["untouched"].mean:
            output.out.print(f"\n{name}: stopped by the spec's abort, {100 * spared:.1f} % spared")
    if seeds > 1:
        widest = max(each["updated"].half_width for each in found.values())
        output.out.print(f"\nshares of cores are certain to {100 * widest:.2g} % (95 %)")
    else:
        output.out.print("\none seed does not tell how certain the figures are: see --seeds")
    if assumed:
        output.out.print("links and prices are assumptions: name yours with --links")
    if not plan.world.work_mb_s:
        output.out.print("what devices need to unpack and install is not in it: work_mb_s tells it")


def _row(of: Mapping[str, Interval]) -> tuple[str, ...]:
    shares = (share(of[name].mean) for name in ("updated", "broken"))
    times = (duration(of[name].mean) for name in ("half", "most", "nearly_all"))
    return (
        *shares,
        *times,
        output.megabytes(of["bytes_per_core"].mean),
        dollars(of["dollars"].mean),
    )


def share(part: float) -> str:
    """`81.9 %`; rounded to a tenth, which is not written when it is 0."""
    return f"{100 * part:.1f}".removesuffix(".0") + " %"


def duration(seconds: float) -> str:
    """`41 s`, `5 min`, `2.5 h`, `3.1 d`, or `never`."""
    if math.isinf(seconds):
        return "never"
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 1.5 * unit:
            return f"{seconds / unit:.{0 if unit == MINUTE else 1}f} {name}"
    return f"{seconds:.0f} s"


def dollars(amount: float) -> str:
    """`$0.42`, `$1,234` from a hundred on, `$189k` from a hundred thousand on."""
    if amount >= 100_000:  # noqa: PLR2004
        return f"${amount / 1000:,.0f}k"
    return f"${amount:,.0f}" if amount >= 100 else f"${amount:.2f}"  # noqa: PLR2004


def _as_json(
    plan: Plan,
    library: Library,
    platform: str,
    ways: tuple[Way, ...],
    found: Mapping[str, Mapping[str, Interval]],
    seeds: list[int],
) -> dict[str, Json]:
    return {
        "library": library.name,
        "platform": platform,
        "cores": plan.cores,
        "seeds": seeds,
        "world": asdict(plan.world),
        "ways": [
            {
                "strategy": way.strategy,
                "program": way.retry.name,
                "bytes": sum(way.files),
                "files": len(way.files),
                "figures": {name: _finite(each) for name, each in found[way.name].items()},
            }
            for way in ways
        ],
    }


def _finite(interval: Interval) -> dict[str, Json]:
    """JSON has no infinity: a share that was never reached is null."""
    if math.isinf(interval.mean):
        return {"mean": None, "half_width": None}
    return asdict(interval)
