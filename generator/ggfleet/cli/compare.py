"""`ggfleet compare`: measure how ML libraries should reach a device."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    OnDevice,
    OsPip,
    Plan,
    describe,
    measure,
    medians,
    read_runs,
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

DEVICE_ROWS: tuple[Row, ...] = (
    ("repeated run: seconds", "repeat_seconds", "{:.1f}".format),
    ("library update: bytes over the link", "library_update_bytes", output.megabytes),
    ("library update: seconds", "library_update_seconds", "{:.1f}".format),
    ("way back: seconds", "rollback_seconds", "{:.1f}".format),
    ("removal: seconds", "removal_seconds", "{:.1f}".format),
)

CONTROL = {strategy.name: strategy.control for strategy in (OsPip, MlResource)}


@click.command()
@spec_argument
@click.option(
    "--messages",
    type=click.File(encoding="utf-8"),
    help='A file whose first line is a message to infer from: {"topic": ..., "payload": ...}.',
)
@click.option(
    "--from",
    "runs_file",
    metavar="RUNS.JSONL",
    type=click.File(encoding="utf-8"),
    help="Measure nothing: show what playbooks/compare.yml measured on devices.",
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
    messages: TextIO | None,
    runs_file: TextIO | None,
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
    if runs_file is not None:
        _show(runs_file, as_json)
        return 0
    if messages is None:
        raise click.UsageError("Missing option '--messages' (or '--from').")
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


def _show(runs_file: TextIO, as_json: bool) -> None:
    measured = read_runs(runs_file, runs_file.name)
    hosts = sorted({run.host for run in measured})
    if as_json:
        output.print_json(to_json(measured, {"hosts": hosts}))
        return
    count = output.plural(len(measured), "run")
    output.out.print(f"{count} on {output.plural(len(hosts), 'host')} ({', '.join(hosts)}):\n")
    _print_table(measured, (*ROWS, *DEVICE_ROWS))
    output.out.print(
        "\nbytes are what the hosts' network interfaces received, Ansible's own traffic included;"
        "\nseconds run from task to task, Ansible's round trips included"
    )


def _print_table(
    measured: Sequence[Measured] | Sequence[OnDevice],
    titles: Sequence[Row],
    control: Mapping[str, str] | None = None,
) -> None:
    found = medians(measured)
    rows = [
        (title, *(show(getattr(run, name)) for run in found.values()))
        for title, name, show in titles
    ]
    if control:
        rows.append(("reached through", *(control[name] for name in found)))
    columns = ("", *found)
    output.out.print(output.table(columns, rows, right=tuple(range(1, len(columns)))))


def _tell(plan: Plan, measured: Sequence[Measured], out: Path) -> None:
    runs = output.plural(len(measured) // len({run.strategy for run in measured}), "run")
    output.out.print(
        f"{plan.function.name} on this machine as {plan.core.platform}, {runs} of each:\n"
    )
    _print_table(measured, ROWS, CONTROL)
    output.out.print(
        "\nseconds are over loopback: add what your link takes for the bytes"
        f"\nall figures: {out / 'comparison.json'}"
    )
