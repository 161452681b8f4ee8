"""`suppress:`: what is meant is silenced with a reason, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.model import Severity
from ggfleet.spec import Checked
from unit.rule_examples import check_changed

SECRETS = """\
resources:
  one: {secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:one-AbCdEf"}
  two: {secret: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:two-AbCdEf"}
functions:
  classify: {resources: {one: ro, two: ro}}
suppress:
"""


def check_entry(folder: Path, entry: str) -> Checked:
    return check_changed(folder / "spec", f"{SECRETS}  - {entry}\n")


def paths(checked: Checked, rule: str) -> list[str]:
    return [problem.path for problem in checked.problems if problem.rule == rule]


def test_an_entry_silences_a_rule_at_its_path_and_below(tmp_path: Path) -> None:
    checked = check_entry(tmp_path, '{rule: secret-policy, at: resources.one, reason: "own role"}')
    assert paths(checked, "secret-policy") == ["resources.two.secret"]
    assert [(p.path, by.reason) for p, by in checked.suppressed] == [
        ("resources.one.secret", "own role")
    ]


def test_an_entry_without_a_path_silences_a_rule_everywhere(tmp_path: Path) -> None:
    checked = check_entry(tmp_path, '{rule: secret-policy, reason: "own role"}')
    assert paths(checked, "secret-policy") == []
    assert len(checked.suppressed) == 2


@pytest.mark.parametrize(
    ("entry", "rule", "path", "fix"),
    [
        ('{rule: secret-polici, reason: "x"}', "suppress-unknown", "suppress[0].rule", "did you mean secret-policy?"),
        ("{rule: secret-policy}", "suppress-reason", "suppress[0].reason", "why"),
        ('{rule: secret-policy, reason: " "}', "suppress-reason", "suppress[0].reason", "why"),
        ('{rule: name-undefined, reason: "x"}', "suppress-firm", "suppress[0].rule", "remove"),
        ('{rule: secret-policy, at: resources.on, reason: "x"}', "suppress-unused", "suppress[0]", "remove"),
        ('{rule: name-unused, reason: "x"}', "suppress-unused", "suppress[0]", "remove"),
        ('{reason: "x"}', "spec-form", "suppress[0].rule", "add"),
        ('{rule: secret-policy, wher: x, reason: "x"}', "spec-form", "suppress[0].wher", "known here"),
        ("secret-policy", "spec-form", "suppress[0]", "write"),
    ],
)  # fmt: skip
def test_a_bad_entry_is_a_finding(
    tmp_path: Path, entry: str, rule: str, path: str, fix: str
) -> None:
    checked = check_entry(tmp_path, entry)
    assert paths(checked, rule) == [path]
    assert all(fix in problem.fix for problem in checked.problems if problem.rule == rule)
    assert "secret-policy" in {problem.rule for problem in checked.problems} or "wher" in entry


def test_an_error_of_one_target_may_be_silenced(tmp_path: Path) -> None:
    """Who runs no V1 core may have volumes that V1 refuses, and says so."""
    volume = "resources: {data: {volume: /var/data, destination: /data}}\nfunctions: {classify: {resources: {data: ro}}}\n"
    assert check_changed(tmp_path / "loud", volume).fleet is None
    entry = 'suppress: [{rule: local-volume-source, at: resources.data, reason: "V2 only"}]\n'
    checked = check_changed(tmp_path / "quiet", volume + entry)
    assert checked.fleet is not None
    assert [p.severity for p, _ in checked.suppressed] == [Severity.ERROR]
