"""`ggfleet run`: try the functions on this machine, in an embedded core."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TextIO

import click
from rich.markup import escape

from ggfleet.bundle import build
from ggfleet.cli import output
from ggfleet.cli.options import (
    cache_option,
    core_option,
    isolation_option,
    json_option,
    platform_option,
    spec_argument,
)
from ggfleet.cli.progress import reporting
from ggfleet.localcore import CoreEvent, EmbeddedCore, Failed
from ggfleet.model import Core, Fleet
from ggfleet.spec import load
from ggfleet.workbench import Message, Workbench, choose_core, interpreter, read_message

AHEAD = 256
"""Messages in a function's queue before the next is sent; a V1 core drops what exceeds 1,024."""

POLL = 0.02
"""Seconds between two looks at the queues."""


@click.command()
@spec_argument
@platform_option
@core_option
@click.option(
    "--messages",
    type=click.File(encoding="utf-8"),
    default="-",
    help='Lines of {"topic": ..., "payload": ...}.  [default: standard input]',
)
@click.option(
    "--root",
    default=Path("build/run"),
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the core: what it unpacked, its logs.",
)
@isolation_option
@click.option("--which", is_flag=True, help="Only tell which core and platform would run here.")
@cache_option
@json_option
def command(
    spec: Path,
    platform: str,
    core_name: str,
    messages: TextIO,
    root: Path,
    isolation: str,
    which: bool,
    cache: Path,
    as_json: bool,
) -> int:
    """Try the functions on this machine, in an embedded core.

    Builds the archives, puts them into an S3 endpoint on this machine, renders the group of one
    core and deploys it as a V1 core does. Messages come in one JSON object a line; answers to the
    cloud go to standard output likewise, everything else to standard error. Ends when the messages
    have ended and are answered. Exit code 1 when a call failed or a message was dropped.
    """
    fleet = load(spec)
    core = choose_core(fleet, platform, core_name)
    if which:
        _tell_which(core, as_json)
        return 0
    lines = enumerate(messages, start=1)
    sent = (read_message(line, f"{messages.name}:{n}") for n, line in lines if line.strip())
    return _run(fleet, core, sent, root, isolation, cache)


def _tell_which(core: Core, as_json: bool) -> None:
    if as_json:
        output.print_json({"core": core.name, "platform": core.platform})
    else:
        output.out.print(f"{core.name} of platform {core.platform}")


def _run(
    fleet: Fleet,
    core: Core,
    messages: Iterator[Message],
    root: Path,
    isolation: str,
    cache: Path,
) -> int:
    platform = fleet.platforms[core.platform]
    python = interpreter(platform)
    with ExitStack() as stack:
        with reporting() as progress:
            bundles = root / "bundles"
            manifest = build(fleet, [platform], bundles, cache=cache, progress=progress)
            bench = stack.enter_context(Workbench(core, fleet.aws, root, progress))
            bench.publish(manifest, bundles)
            deployment = bench.deployment(fleet, manifest, "group-v1")
            tally = _Tally()
            embedded = stack.enter_context(
                EmbeddedCore(
                    deployment,
                    bench.store(),
                    root / "core",
                    python=python,
                    log=_log,
                    on_event=tally,
                    isolation_mode=isolation,
                )
            )
            progress.step(f"deploying {deployment.group}")
            embedded.deploy()
            progress.step("starting the functions")
            embedded.start()
        return _talk(embedded, messages, tally)


class _Tally:
    """Counts calls that ended in an error; the core tells from several threads."""

    def __init__(self) -> None:
        self.failed = 0
        self._lock = threading.Lock()

    def __call__(self, event: CoreEvent) -> None:
        if isinstance(event, Failed):
            with self._lock:
                self.failed += 1


def _talk(core: EmbeddedCore, messages: Iterable[Message], tally: _Tally) -> int:
    _log("listening")
    began, sent, answered = time.monotonic(), 0, 0
    for message in messages:
        core.send(message.topic, message.payload)
        sent += 1
        while core.pending > AHEAD:
            answered += _print_answers(core)
    while core.pending:
        answered += _print_answers(core)
    answered += _print_answers(core)
    seconds = time.monotonic() - began
    _log(
        f"{sent} messages in, {answered} answers out, {core.dropped} dropped, "
        f"{tally.failed} failed in {seconds:.1f} s"
    )
    return 1 if tally.failed or core.dropped else 0


def _print_answers(core: EmbeddedCore) -> int:
    count = 0
    while answer := core.next_answer(POLL):
        click.echo(Message(answer.topic, answer.payload).to_line())
        count += 1
    return count


def _log(text: str) -> None:
    output.err.print(f"[dim]core:[/] {escape(text)}")
