"""What every rule says of its own example, word by word, in one file to be read by eye.

`GGFLEET_REWRITE_GOLDEN=1` writes what is said now: look at the difference before you keep it.
"""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

from ggfleet.spec import RULES, Rule
from unit.rule_examples import check_example

EXPECTED = Path(__file__).parent / "rules/expected.txt"
LONG = 200


def told(rule: Rule, folder: Path) -> str:
    """Severity, id, targets; then each finding as `check` prints it, without its line."""
    lines = [f"{rule.severity} {rule.id} ({', '.join(rule.targets)})"]
    for problem in check_example(folder, rule.example).problems:
        if problem.rule == rule.id:
            text = f"  {problem.path}: {problem.message}"
            lines += [textwrap.shorten(text, LONG, placeholder=" ..."), f"    fix: {problem.fix}"]
    return "\n".join(lines)


def test_messages_are_as_expected(tmp_path: Path) -> None:
    """Every rule, in the order of the registry."""
    text = "\n\n".join(told(rule, tmp_path / rule.id) for rule in RULES.values()) + "\n"
    if os.environ.get("GGFLEET_REWRITE_GOLDEN") == "1":
        EXPECTED.write_text(text)
    assert text == EXPECTED.read_text()
