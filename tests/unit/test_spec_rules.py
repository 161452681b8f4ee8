"""The registry of rules: each is complete, each finds its own example, and none cries wolf."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ggfleet.model import Severity
from ggfleet.spec import RULES, Rule
from unit.rule_examples import check_changed, check_example, found

ALL = list(RULES.values())
IDS = list(RULES)


def test_there_are_rules() -> None:
    """An import that enters nothing would pass every test below."""
    assert len(RULES) >= 80


@pytest.mark.parametrize("rule", ALL, ids=IDS)
def test_a_rule_says_everything(rule: Rule) -> None:
    """Id in words, one sentence of summary, reason, source, fix, example and at least one target."""
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)+", rule.id)
    assert re.fullmatch(r"[A-Z`].*\.", rule.summary), rule.summary
    assert re.fullmatch(r"[A-Z`+#].*\.", rule.reason), rule.reason
    assert rule.source
    assert rule.fix
    assert rule.targets
    assert rule.example


@pytest.mark.parametrize("rule", ALL, ids=IDS)
def test_a_rule_finds_its_example(rule: Rule, tmp_path: Path) -> None:
    """What `ggfleet explain` shows breaks that rule, with a place and a fix of its own."""
    checked = check_example(tmp_path / "spec", rule.example)
    own = [problem for problem in checked.problems if problem.rule == rule.id]
    assert own, found(checked)
    assert all(p.severity is rule.severity and p.fix and p.place.line > 0 for p in own)


def test_the_base_breaks_nothing(tmp_path: Path) -> None:
    """So each example above is what breaks its rule."""
    assert found(check_changed(tmp_path / "spec", "fleet: line")) == set()
    text = "functions: {classify: {isolation: none, memory: 64 MiB}}"
    assert found(check_changed(tmp_path / "newer", text)) == {"container-memory-ignored"}


def test_a_rule_for_one_target_names_it(tmp_path: Path) -> None:
    """And is silent about a fleet without components, which no nucleus runs."""
    checked = check_changed(tmp_path / "spec", "components: {prefix: com.example}")
    targets = [p.targets for p in checked.problems if p.rule == "platform-glibc-lite"]
    assert targets == [("lite",)]
    old = 'platforms: {pi: {glibc: "2.24"}}'
    assert "platform-glibc-classic" not in found(check_changed(tmp_path / "v1", old))


def test_themes_stand_together() -> None:
    """A theme is one stretch of the list, as its module enters it."""
    themes = [rule.theme for rule in ALL]
    assert len(set(themes)) == sum(a != b for a, b in zip(themes, [*themes[1:], ""], strict=True))


def test_an_error_that_is_not_firm_is_for_some_targets_or_has_a_way_round() -> None:
    """Errors for every target stop every command for good reason: most are firm."""
    loose = {
        r.id for r in ALL if r.severity is Severity.ERROR and not r.firm and len(r.targets) == 3
    }
    assert loose == {
        "core-thing-length", "core-thing-charset", "core-thing-repeated", "platform-jetson",
        "destination-plain", "topic-length", "topic-levels", "topic-hash", "topic-plus",
        "code-publish-wildcard", "code-client", "model-archive",
    }  # fmt: skip
