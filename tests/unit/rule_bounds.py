"""Where a rule begins to tell, and where it leaves a spec alone."""

from __future__ import annotations

from pathlib import Path

from ggfleet.spec import Checked
from unit.rule_examples import check_changed, found


def told(checked: Checked, rule: str) -> list[tuple[str, str]]:
    """The paths of a rule's findings, with message and fix."""
    return [(p.path, f"{p.message}; {p.fix}") for p in checked.problems if p.rule == rule]


def leaves_alone(folder: Path, rule: str, change: str) -> None:
    """A spec with the change is read without an error, and the rule says nothing of it."""
    checked = check_changed(folder / "spec", change)
    assert rule not in found(checked)
    assert checked.fleet is not None, checked.problems


def tells(folder: Path, rule: str, change: str, expected: tuple[str, str]) -> None:
    """The rule has one finding with these words, at this path."""
    findings = told(check_changed(folder / "spec", change), rule)
    path, words = expected
    assert [at for at, text in findings if words in text] == [path], findings
