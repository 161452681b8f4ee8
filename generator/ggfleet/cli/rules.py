"""`ggfleet rules`: list what `ggfleet check` looks for."""

from __future__ import annotations

import textwrap

import click

from ggfleet.cli import output
from ggfleet.cli.options import format_of, json_option
from ggfleet.cli.rulebook import book, rule_json, targets
from ggfleet.errors import GgfleetError
from ggfleet.spec import RULES, Rule
from ggfleet.spec.problems import suggestion

FORMATS = ("text", "json", "markdown")

GAP = 2
"""Blanks after a column of a table."""
INDENT = "    "


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
    form = format_of(form, as_json)
    themes = dict.fromkeys(rule.theme for rule in RULES.values())
    if theme and theme not in themes:
        raise GgfleetError(f"{theme} is no theme of rules", fix=suggestion(theme, themes))
    chosen = [rule for rule in RULES.values() if theme in ("", rule.theme)]
    if form == "json":
        output.print_json([rule_json(rule) for rule in chosen])
    elif form == "markdown":
        click.echo(book(), nl=False)
    else:
        _tell(chosen)
    return 0


def _tell(rules: list[Rule]) -> None:
    """A table; where it is wider than the terminal, two lines for each rule, and no id is cut."""
    rows = [(r.id, str(r.severity), targets(r), r.summary) for r in rules]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if sum(widths) + GAP * len(widths) <= output.out.width:
        output.out.print(output.table(("rule", "severity", "targets", ""), rows))
        return
    for name, severity, whose, summary in rows:
        click.echo(f"{name:{widths[0]}}  {severity:{widths[1]}}  {whose}")
        width = output.out.width
        click.echo(textwrap.fill(summary, width, initial_indent=INDENT, subsequent_indent=INDENT))
