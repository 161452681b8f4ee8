"""`ggfleet compare`: measure how ML libraries should reach a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TextIO

import click

from ggfleet.cli import output
from ggfleet.cli.options import (
    bundles_option,
    cache_option,
    core_option,
    isolation_option,
    json_option,
    loaded,
    platform_option,
    spec_argument,
)
from ggfleet.cli.progress import reporting
from ggfleet.compare import (
    Measured,
    MlResource,
    OsPip,
    Plan,
    describe,
    measure,
    medians,
    reduce_to,
    to_json,
)
from ggfleet.errors import CompareError
from ggfleet.model import Json
from ggfleet.system.files import write_json
from ggfleet.workbench import Message, choose_core, interpreter, read_messages

Row = tuple[str, str, Callable[[float], str]]

ROWS: tuple[Row, ...] = (
    ("first install: bytes over the link", "install_bytes", output.megabytes),
    ("first install: seconds", "install_seconds", "{:.1f}".format),
    ("disk used", "disk_bytes", output.megabytes),
    ("files", "files", "{:.0f}".format),
    ("first inference: seconds from start", "first_inference_seconds", "{:.1f}".format),
    ("model update: bytes over the link", "update_bytes", output.megabytes),
    ("model update: seconds to deploy", "update_seconds", "{:.2f}".format),
    ("model update: seconds to inference", "updated_inference_seconds", "{:.1f}".format),
)

CONTROL = {strategy.name: strategy.control for strategy in (OsPip, MlResource)}


@click.command()
@spec_argument
@click.option(
    "--messages",
    required=True,
    type=click.File(encoding="utf-8"),
    help='A file whose first line is a message to infer from: {"topic": ..., "payload": ...}.',
)
@click.option(
    "--function",
    default="",
    metavar="NAME",
    help="Function to measure with.  [default: the first with a library and a model]",
)
@click.option(
    "--runs",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="How often; the table shows medians.",
)
@click.option(
    "--out",
    default=Path("build/compare"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for comparison.json.",
)
@platform_option
@core_option
@isolation_option
@bundles_option
@cache_option
@json_option
def command(
    spec: Path,
    messages: TextIO,
    function: str,
    runs: int,
    out: Path,
    platform: str,
    core_name: str,
    isolation: str,
    bundles: Path,
    cache: Path,
    as_json: bool,
) -> int:
    """Measure how ML libraries should reach a device: by pip, or as an ML resource.

    Both are done for real on this machine, from an empty device to an updated model, with the same
    wheels, over links on loopback that count bytes. The seconds hold no network's own time.
    """
    fleet = loaded(spec)
    core = choose_core(fleet, platform, core_name)
    reduced, chosen = reduce_to(fleet.on(core.platform), function)
    plan = Plan(
        whole=fleet,
        fleet=reduced,
        core=core,
        function=chosen,
        message=_first(messages),
        # Absolute: functions run in working folders of their own.
        folder=out.absolute(),
        bundles=bundles,
        cache=cache,
        isolation=isolation,
    )
    with (
        reporting(quiet=as_json) as progress,
        closing(measure(plan, runs, progress, lambda _: None)) as measurements,
    ):
        measured = list(measurements)
    document = to_json(measured, _about(plan, runs))
    write_json(out / "comparison.json", document)
    if as_json:
        output.print_json(document)
    else:
        _tell(plan, measured, out)
    return 0


def _first(messages: TextIO) -> Message:
    for message in read_messages(messages, messages.name):
        return message
    raise CompareError(f"{messages.name} holds no message", fix="write one as its first line")


def _about(plan: Plan, runs: int) -> dict[str, Json]:
    platform = plan.fleet.platforms[plan.core.platform]
    return {
        "fleet": plan.fleet.name,
        "function": plan.function.name,
        "libraries": list(plan.function.libraries),
        "platform": plan.core.platform,
        "link": "loopback, unshaped; bytes from server to device",
        "model_update": "the same model with one small file more",
        "runs_of_each": runs,
        "machine": describe(interpreter(platform)),
    }


def _tell(plan: Plan, measured: Sequence[Measured], out: Path) -> None:
    found = medians(measured)
    rows = [
        (title, *(show(getattr(run, name)) for run in found.values())) for title, name, show in ROWS
    ]
    rows.append(("reached through", *(CONTROL[name] for name in found)))
    columns = ("", *found)
    right = tuple(range(1, len(columns)))
    runs = output.plural(len(measured) // len(found), "run")
    output.out.print(
        f"{plan.function.name} on this machine as {plan.core.platform}, {runs} of each:\n"
    )
    output.out.print(output.table(columns, rows, right=right))
    output.out.print(
        "\nseconds are over loopback: add what your link takes for the bytes"
        f"\nall figures: {out / 'comparison.json'}"
    )
