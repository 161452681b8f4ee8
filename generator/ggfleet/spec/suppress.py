"""`suppress:`: which findings of which rule are meant, and why.

A finding that is silenced without a reason is a mistake waiting for the next reader, so each entry
needs one; an entry that silences nothing (any more) is told, so that none outlives its cause.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ggfleet.model import Problem
from ggfleet.spec.problems import Problems, suggestion
from ggfleet.spec.rules import RULES
from ggfleet.spec.section import Section
from ggfleet.spec.tables import Spec
from ggfleet.spec.tables import Suppression as Table


@dataclass(frozen=True)
class Suppression:
    """One entry. `at` is a path of the document (empty: all of it), `path` the entry's own."""

    path: str
    rule: str
    at: str
    reason: str

    def covers(self, problem: Problem) -> bool:
        """Whether it silences a finding: one of its rule, at its path or below."""
        inside = problem.path == self.at or problem.path.startswith((f"{self.at}.", f"{self.at}["))
        return problem.rule == self.rule and (not self.at or inside)


def read_suppressions(top: Section) -> tuple[Suppression, ...]:
    """The entries that may silence something; what is wrong with others is among the problems."""
    return tuple(each for section in Spec.suppress.read(top) for each in _read(section))


def silenced(
    problems: Iterable[Problem], suppressions: tuple[Suppression, ...]
) -> tuple[list[Problem], list[tuple[Problem, Suppression]]]:
    """The findings that remain, and those that an entry covers."""
    remaining, covered = [], []
    for problem in problems:
        by = next((each for each in suppressions if each.covers(problem)), None)
        if by is None:
            remaining.append(problem)
        else:
            covered.append((problem, by))
    return remaining, covered


def tell_idle(
    suppressions: tuple[Suppression, ...], used: Iterable[Suppression], problems: Problems
) -> None:
    """Record the entries that covered nothing."""
    rule = RULES["suppress-unused"]
    for each in suppressions:
        if each not in used:
            where = f" at {each.at}" if each.at else ""
            message = f"silences nothing: {each.rule} finds nothing{where}"
            problems.found.append(rule.problem(problems, (each.path, message, rule.fix)))


def _read(section: Section) -> Iterator[Suppression]:
    rule, at = Table.rule.read(section), Table.at.read(section)
    # Required, but a rule of its own tells that it is missing.
    reason = section.text(Table.reason.name, "").strip()
    faults = list(_faults(section, rule, reason))
    for name, key, message, fix in faults:
        finding = (section.at(key), message, fix)
        section.problems.found.append(RULES[name].problem(section.problems, finding))
    if rule and not faults:
        yield Suppression(section.path, rule, at, reason)


def _faults(section: Section, rule: str, reason: str) -> Iterator[tuple[str, str, str, str]]:
    if rule and rule not in RULES:
        message = f"names {rule}, which is no rule"
        yield "suppress-unknown", "rule", message, suggestion(rule, RULES)
    elif rule and RULES[rule].firm:
        fix = "remove this entry, and put right what the rule finds"
        yield "suppress-firm", "rule", f"names {rule}, which cannot be suppressed", fix
    if not reason and (section.has("reason") or "reason" not in section.given()):
        fix = 'write why it is meant: reason: "..."'
        yield (
            "suppress-reason",
            "reason",
            "is missing" if not section.has("reason") else "is empty",
            fix,
        )
