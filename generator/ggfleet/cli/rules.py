"""`ggfleet rules`: list what `ggfleet check` looks for."""

from __future__ import annotations

import click

from ggfleet.cli import output
from ggfleet.cli.options import json_option
from ggfleet.cli.rulebook import book, rule_json, targets
from ggfleet.errors import GgfleetError
from ggfleet.spec import RULES
from ggfleet.spec.problems import suggestion

FORMATS = ("text", "json", "markdown")


@click.command()
@click.argument("theme", default="", metavar="[THEME]")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True,
    help="A table, one JSON document, or the page docs/rules.md.",
)  # fmt: skip
@json_option
def command(theme: str, form: str, as_json: bool) -> int:
    """List what `ggfleet check` looks for: all rules, or those of a theme such as topic.

    `ggfleet explain ID` tells one of them.
    """
    themes = dict.fromkeys(rule.theme for rule in RULES.values())
    if theme and theme not in themes:
        raise GgfleetError(f"{theme} is no theme of rules", fix=suggestion(theme, themes))
    chosen = [rule for rule in RULES.values() if theme in ("", rule.theme)]
    if as_json or form == "json":
        output.print_json([rule_json(rule) for rule in chosen])
    elif form == "markdown":
        click.echo(book(), nl=False)
    else:
        rows = [(r.id, str(r.severity), targets(r), r.summary) for r in chosen]
        output.out.print(output.table(("rule", "severity", "targets", ""), rows))
    return 0
