"""`ggfleet measure`: fill a matrix of strategies, changes and conditions on a device."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.cli.options import cache_option, json_option, loaded
from ggfleet.cli.progress import reporting
from ggfleet.compare.matrix.device import find_device
from ggfleet.compare.matrix.fill import Filling, OwnConditions, outlook
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.plan import Life, read_plan
from ggfleet.compare.matrix.prepare import workload
from ggfleet.compare.matrix.runs import Runs, runs_in
from ggfleet.compare.matrix.server import GoodsServer
from ggfleet.compare.matrix.strategy import strategies

EVERY_ADDRESS = "0.0.0.0"  # noqa: S104 - the device is elsewhere


@click.command()
@click.argument("plan_file", metavar="PLAN.TOML", type=click.Path(path_type=Path))
@click.option(
    "--on",
    "destination",
    required=True,
    metavar="USER@HOST",
    help="The device, as ssh takes it; root, or a user who may sudo without a password.",
)
@click.option(
    "--ssh-option", "options", multiple=True, metavar="KEY=VALUE", help="For ssh -o; repeatable."
)
@click.option(
    "--serve",
    default="",
    metavar="ADDRESS",
    help="This machine's address that the device fetches from.  [default: where SSH comes from]",
)
@click.option(
    "--out",
    default=Path("build/comparison"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for runs.jsonl and what is built; what it has is not measured again.",
)
@click.option(
    "--time-limit",
    default=0.0,
    type=click.FloatRange(0),
    metavar="MINUTES",
    help="Leave out what would take longer, the least valuable first.",
)
@click.option("--estimate", is_flag=True, help="Build, tell how long it would take, and end.")
@cache_option
@json_option
def command(
    plan_file: Path,
    destination: str,
    options: tuple[str, ...],
    serve: str,
    out: Path,
    time_limit: float,
    estimate: bool,
    cache: Path,
    as_json: bool,
) -> int:
    """Measure how ML libraries should reach a device, on a device of yours.

    Each strategy of the plan brings libraries, a model and a function to the device and changes
    them, over the link that it has. Everything lies below /var/lib/ggfleet-comparison there and is
    removed at the end of each strategy's life.
    """
    plan = read_plan(plan_file)
    with ExitStack() as stack:
        progress = stack.enter_context(reporting(quiet=as_json))
        runs = stack.enter_context(runs_in(out / "runs.jsonl"))
        chosen = strategies(plan.strategies())
        work = workload(plan, loaded(plan.spec), out.absolute(), cache)
        filling = Filling(work, BuiltGoods(work, progress), chosen, runs, progress)
        left = ahead = filling.missing(plan.lives())
        seconds = filling.seconds(ahead)
        progress.say(outlook(ahead, seconds))
        if ahead and not estimate:
            device, own_address = find_device(destination, options)
            server = stack.enter_context(GoodsServer(filling.goods.folder, EVERY_ADDRESS))
            place = OwnConditions(device, f"http://{serve or own_address}:{server.port}")
            device.prepare(chosen.values())
            left = filling.fill(place, ahead, time_limit * 60)
    _tell(runs, left, 0.0 if not left else seconds, as_json=as_json)
    return 0


def _tell(runs: Runs, left: Sequence[Life], seconds: float, *, as_json: bool) -> None:
    cells = sum(len(life.changes) for life in left)
    if as_json:
        output.print_json(
            {
                "runs": str(runs.path),
                "observations": len(runs.found),
                "cells_left": cells,
                "estimated_seconds": round(seconds),
            }
        )
    else:
        count = output.plural(len(runs.found), "observation")
        output.out.print(f"{count} in {runs.path}; {output.plural(cells, 'cell')} left to measure")
