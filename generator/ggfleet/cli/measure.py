"""`ggfleet measure`: fill a matrix of strategies, changes and conditions on a device."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import click

from ggfleet.cli import output
from ggfleet.cli.options import cache_option, loaded
from ggfleet.cli.progress import reporting
from ggfleet.compare.matrix.device import find_device
from ggfleet.compare.matrix.fill import Filling, OwnConditions
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.plan import read_plan
from ggfleet.compare.matrix.prepare import workload
from ggfleet.compare.matrix.runs import runs_in
from ggfleet.compare.matrix.server import GoodsServer
from ggfleet.compare.matrix.strategy import strategies


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
def command(
    plan_file: Path,
    destination: str,
    options: tuple[str, ...],
    serve: str,
    out: Path,
    time_limit: float,
    estimate: bool,
    cache: Path,
) -> int:
    """Measure how ML libraries should reach a device, on a device of yours.

    Each strategy of the plan brings libraries, a model and a function to the device and changes
    them, over the link that it has. Everything lies below /var/lib/ggfleet-comparison there and is
    removed at the end of each strategy's life.
    """
    plan = read_plan(plan_file)
    with ExitStack() as stack:
        progress = stack.enter_context(reporting())
        runs = stack.enter_context(runs_in(out / "runs.jsonl"))
        chosen = strategies(plan.strategies())
        work = workload(plan, loaded(plan.spec), out.absolute(), cache)
        filling = Filling(work, BuiltGoods(work, progress), chosen, runs, progress)
        ahead = filling.missing(plan.lives())
        progress.say(filling.outlook(ahead))
        if estimate or not ahead:
            return 0
        device, own_address = find_device(destination, options)
        server = stack.enter_context(GoodsServer(filling.goods.folder, address="0.0.0.0"))  # noqa: S104 - the device is elsewhere
        place = OwnConditions(device, f"http://{serve or own_address}:{server.port}")
        device.prepare(chosen.values())
        left = filling.fill(place, ahead, time_limit * 60)
    if left:
        cells = sum(len(life.changes) for life in left)
        output.err.print(f"{output.plural(cells, 'cell')} left: run it again for more")
    return 0
