"""`ggfleet completion`: print the completion script of a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ggfleet.cli import output
from ggfleet.cli.options import json_option
from ggfleet.errors import GgfleetError


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@json_option
def command(shell: str, as_json: bool) -> int:
    """Print the completion script of a shell.

    \b
    For bash:
    ggfleet completion bash > ~/.local/share/bash-completion/completions/ggfleet
    """
    from ggfleet.cli.main import cli  # noqa: PLC0415 - the group imports this module

    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - the choices above are the ones click has
        raise GgfleetError(f"no completion for {shell}")
    script = kind(cli, {}, "ggfleet", "_GGFLEET_COMPLETE").source()
    if as_json:
        output.print_json({"shell": shell, "script": script})
    else:
        click.echo(script)
    return 0
