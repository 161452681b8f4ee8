"""Rules as text: for a terminal, as Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from pathlib import PurePath

from ggfleet.model import Json, Severity
from ggfleet.spec import RULES, Rule

EXAMPLE_LINES = 12
"""An example of a limit has hundreds of lines that are alike; this many are shown."""

_INTRODUCTION = """\
# Rules

What `ggfleet check` looks for before anything is deployed. This page is printed by
`ggfleet rules --format markdown`.

The id of a rule is its theme and its fault in plain words: `topic-levels`, `secret-policy`. It
stands behind every finding, and `ggfleet explain ID` tells the rule.

| severity | means |
|---|---|
| error | a target refuses it, or nothing can be made of it; every command stops |
| warning | it is taken, and probably does not do what is meant; `check --strict` fails |
| note | true of one target or kind of device, nothing to do without that; fails no check |

Targets are the V1 core, the classic nucleus of V2 and nucleus lite.

A finding that is meant is silenced in the spec, with its reason; `at` is a path of the document and
covers what lies below it:

```yaml
suppress:
  - {rule: secret-policy, at: resources.broker, reason: "our service role may read it"}
```

Unknown ids, missing reasons and entries that silence nothing are findings themselves. Firm rules
cannot be suppressed: without them no document can be made.
"""


def targets(rule: Rule) -> str:
    """`all`, or the targets that a rule is for."""
    names = [str(target) for target in rule.targets]
    return "all" if len(names) == 3 else ", ".join(names)  # noqa: PLR2004 - there are three


def shortened(text: str) -> str:
    """An example, cut where it only goes on."""
    lines = text.rstrip("\n").splitlines()
    if len(lines) <= EXAMPLE_LINES:
        return "\n".join(_cut(line) for line in lines)
    rest = len(lines) - EXAMPLE_LINES + 1
    kept = [_cut(line) for line in lines[: EXAMPLE_LINES - 1]]
    return "\n".join([*kept, f"# ... and {rest} more such lines"])


def _cut(line: str, width: int = 150) -> str:
    return line if len(line) <= width else f"{line[: width - 4]} ..."


def markdown(rule: Rule) -> str:
    """One rule, without a heading."""
    parts = [
        rule.reason,
        f"*Fix:* {rule.fix}",
        f"*Source:* {rule.source}",
    ]
    for name, text in rule.example.items():
        language = "python" if PurePath(name).suffix == ".py" else "yaml"
        parts.append(f"*Breaks it, in `{name}`:*\n\n```{language}\n{shortened(text)}\n```")
    return "\n\n".join(parts)


def book() -> str:
    """All rules as one Markdown page."""
    parts = [_INTRODUCTION, _index(RULES.values())]
    for theme, rules in groupby(RULES.values(), key=lambda rule: rule.theme):
        parts.append(f"## {theme}\n")
        for rule in rules:
            firm = "; firm" if rule.firm and rule.severity is Severity.ERROR else ""
            head = f"**{rule.summary}** {str(rule.severity).capitalize()}; {targets(rule)}{firm}."
            parts.append(f"### {rule.id}\n\n{head}\n\n{markdown(rule)}\n")
    return "\n".join(parts)


def _index(rules: Iterable[Rule]) -> str:
    rows = [f"| [{r.id}](#{r.id}) | {r.severity} | {targets(r)} | {r.summary} |" for r in rules]
    return "\n".join(["| rule | severity | targets | |", "|---|---|---|---|", *rows, ""])


def rule_json(rule: Rule) -> dict[str, Json]:
    """One rule as JSON."""
    names: list[Json] = [str(target) for target in rule.targets]
    return {
        "id": rule.id,
        "theme": rule.theme,
        "severity": str(rule.severity),
        "targets": names,
        "summary": rule.summary,
        "reason": rule.reason,
        "source": rule.source,
        "fix": rule.fix,
        "firm": rule.firm,
        "example": dict(rule.example),
    }
