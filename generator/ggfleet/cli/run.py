"""`ggfleet run`: try the functions on this machine, in an embedded core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

import click
from rich.markup import escape

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
from ggfleet.model import Core, Json
from ggfleet.system.progress import Progress
from ggfleet.workbench import (
    Message,
    Running,
    Talk,
    Trial,
    choose_core,
    read_messages,
    running,
    running_v2,
)

Run = Callable[[Trial, Progress, Callable[[str], None]], AbstractContextManager[Running]]
"""One of the two embedded cores."""


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
@click.option("--v2", is_flag=True, help="In an embedded V2 core: components instead of a group.")
@click.option("--which", is_flag=True, help="Only tell which core and platform would run here.")
@bundles_option
@cache_option
@json_option
def command(
    spec: Path,
    platform: str,
    core_name: str,
    messages: TextIO,
    root: Path,
    isolation: str,
    v2: bool,
    which: bool,
    bundles: Path,
    cache: Path,
    as_json: bool,
) -> int:
    """Try the functions on this machine, in an embedded core.

    Builds the archives, puts them into an S3 endpoint on this machine, renders the group of one
    core and deploys it as a V1 core does. Messages come in one JSON object a line; answers to the
    cloud go to standard output likewise, everything else to standard error. Ends when the messages
    have ended and are answered. Exit code 1 when a call failed or a message was dropped.
    With --json the answers come at the end, in one document with the counts.
    """
    fleet = loaded(spec)
    core = choose_core(fleet, platform, core_name)
    if which:
        _tell_which(core, as_json)
        return 0
    trial = Trial(fleet, core, root.absolute(), bundles, cache, isolation)
    given = read_messages(messages, messages.name)
    answers: list[Json] = []
    answered = _keeping(answers) if as_json else _telling
    talk = _run(running_v2 if v2 else running, trial, given, answered, quiet=as_json)
    if as_json:
        output.print_json(
            {"core": core.name, "platform": core.platform, "answers": answers, **asdict(talk)}
        )
    return 1 if talk.failed or talk.dropped else 0


def _tell_which(core: Core, as_json: bool) -> None:
    if as_json:
        output.print_json({"core": core.name, "platform": core.platform})
    else:
        output.out.print(f"{core.name} of platform {core.platform}")


def _telling(answer: Message) -> None:
    click.echo(answer.to_line())


def _keeping(answers: list[Json]) -> Callable[[Message], None]:
    return lambda answer: answers.append(answer.to_json())


def _run(
    run: Run,
    trial: Trial,
    messages: Iterator[Message],
    answered: Callable[[Message], None],
    *,
    quiet: bool,
) -> Talk:
    with ExitStack() as stack:
        with reporting(quiet=quiet) as progress:
            core = stack.enter_context(run(trial, progress, _log))
        _log("listening")
        talk = core.talk(messages, answered)
    _log(
        f"{output.plural(talk.sent, 'message')} in, {output.plural(talk.answered, 'answer')} out, "
        f"{talk.dropped} dropped, "
        f"{talk.failed} failed in {talk.seconds:.1f} s"
    )
    return talk


def _log(text: str) -> None:
    output.err.print(f"[dim]core:[/] {escape(text)}")
