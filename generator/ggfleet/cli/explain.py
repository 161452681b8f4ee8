"""`ggfleet explain`: tell one rule."""

from __future__ import annotations

import textwrap

import click
from click.shell_completion import CompletionItem

from ggfleet.cli import output
from ggfleet.cli.options import json_option
from ggfleet.cli.rulebook import rule_json, shortened, targets
from ggfleet.errors import GgfleetError
from ggfleet.spec import RULES, Rule
from ggfleet.spec.problems import suggestion


def _ids(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
    return [
        CompletionItem(rule.id, help=rule.summary)
        for rule in RULES.values()
        if rule.id.startswith(incomplete)
    ]


@click.command()
@click.argument("name", metavar="ID", shell_complete=_ids)
@json_option
def command(name: str, as_json: bool) -> int:
    """Tell a rule: why it is there, who says so, what to do, and what breaks it.

    The id stands behind each finding of `ggfleet check`; `ggfleet rules` lists all of them.
    """
    if name not in RULES:
        fix = suggestion(name, RULES) if _is_near(name) else "`ggfleet rules` lists the rules"
        raise GgfleetError(f"{name} is no rule", fix=fix)
    if as_json:
        output.print_json(rule_json(RULES[name]))
    else:
        _tell(RULES[name])
    return 0


def _is_near(name: str) -> bool:
    """Whether a rule has a name like this one; naming all of them would fill the screen."""
    return suggestion(name, RULES).startswith("did you mean")


def _tell(rule: Rule) -> None:
    click.secho(rule.id, bold=True, nl=False)
    click.echo(f": {rule.severity}; targets: {targets(rule)}\n{rule.summary}\n")
    for head, text in (("why", rule.reason), ("fix", rule.fix), ("source", rule.source)):
        # Ids such as move-from-v1 stay whole: they are looked for.
        told = textwrap.fill(f"{head}: {text}", 80, subsequent_indent="  ", break_on_hyphens=False)
        click.echo(told)
    for name, text in rule.example.items():
        click.echo(f"\nbreaks it, in {name}:")
        click.echo("".join(f"  {line}\n" for line in shortened(text).splitlines()), nl=False)
    if rule.firm:
        click.echo("\nIt cannot be suppressed.")
    else:
        click.echo(
            f'\nto suppress it:\n  suppress:\n    - {{rule: {rule.id}, at: PATH, reason: "..."}}'
        )
