"""What a rule is, and the list of all of them.

A rule's id is `<theme>-<fault>` in plain words, such as `topic-wildcard`: it can be guessed,
searched for, and sorts beside its kin. The theme is the module that holds the rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ggfleet.model import Draft, Fleet, Problem, Severity, Target
from ggfleet.spec.problems import Problems

SPEC = "fleet.yml"

Finding = tuple[str, str, str]
"""Path in the document, what is wrong there, what to do."""
Check = Callable[[Fleet], Iterator[Finding]]
FileCheck = Callable[[Fleet, Path], Iterator[Finding]]
"""A check that looks at the files which a fleet names; the path is the spec's folder."""
DraftCheck = Callable[[Fleet, Draft], Iterator[Finding]]
"""A check that looks at the V2 documents which would be made of a fleet."""

Example = str | Mapping[str, str] | Callable[[], str]
"""A spec, or files by their name; a long spec is written when somebody asks for it."""

ALL = tuple(Target)
V1 = (Target.V1,)
CLASSIC = (Target.CLASSIC,)
LITE = (Target.LITE,)
V2 = (Target.CLASSIC, Target.LITE)
LAMBDAS = (Target.V1, Target.CLASSIC)
"""What can start a Lambda function, in a container too."""


@dataclass(frozen=True)
class Rule:
    """One thing that can be wrong with a fleet, and all there is to say about it.

    A `firm` rule cannot be suppressed.
    """

    id: str
    severity: Severity
    targets: tuple[Target, ...]
    summary: str
    reason: str
    source: str
    fix: str
    broken: Example
    firm: bool
    check: FileCheck | None
    draft_check: DraftCheck | None = None

    @property
    def theme(self) -> str:
        """The first word of the id."""
        return self.id.partition("-")[0]

    @property
    def example(self) -> Mapping[str, str]:
        """Files that break the rule, by their name.

        They are a part of a spec, and where a spec alone cannot break it, part of an inventory or a
        source file.
        """
        broken = self.broken() if callable(self.broken) else self.broken
        return {SPEC: broken} if isinstance(broken, str) else broken

    def problem(self, problems: Problems, finding: Finding) -> Problem:
        """A finding of this rule, at the place that its path has in the file."""
        path, message, fix = finding
        scope = () if self.targets == ALL else self.targets
        return Problem(problems.place(path), path, message, fix, self.severity, self.id, scope)


RULES: dict[str, Rule] = {}
"""Every rule by its id, theme by theme."""


def add(rule: Rule) -> None:
    """Enter a rule. Two with one id are our mistake."""
    assert rule.id not in RULES, f"two rules have the id {rule.id}"
    RULES[rule.id] = rule


def rule(
    name: str,
    severity: Severity,
    targets: tuple[Target, ...] = ALL,
    *,
    reason: str,
    source: str,
    fix: str,
    example: Example,
    firm: bool = False,
) -> Callable[[Check], Check]:
    """Make a rule of a check that looks at the fleet alone; its docstring is the rule's summary."""

    def register(check: Check) -> Check:
        of_files(name, severity, targets, reason=reason, source=source, fix=fix, example=example,
                 firm=firm, summary=_summary(check))(lambda fleet, _: check(fleet))  # fmt: skip
        return check

    return register


def of_files(
    name: str,
    severity: Severity,
    targets: tuple[Target, ...] = ALL,
    *,
    reason: str,
    source: str,
    fix: str,
    example: Example,
    firm: bool = False,
    summary: str = "",
) -> Callable[[FileCheck], FileCheck]:
    """Make a rule of a check that looks at files too."""

    def register(check: FileCheck) -> FileCheck:
        told = summary or _summary(check)
        add(Rule(name, severity, targets, told, reason, source, fix, example, firm, check))
        return check

    return register


def of_documents(
    name: str,
    severity: Severity,
    targets: tuple[Target, ...] = V2,
    *,
    reason: str,
    source: str,
    fix: str,
    example: Example,
    firm: bool = False,
) -> Callable[[DraftCheck], DraftCheck]:
    """Make a rule of a check that looks at the V2 documents of a fleet."""

    def register(check: DraftCheck) -> DraftCheck:
        told = _summary(check)
        add(Rule(name, severity, targets, told, reason, source, fix, example, firm, None, check))
        return check

    return register


def _summary(check: Callable[..., object]) -> str:
    return (check.__doc__ or "").strip().splitlines()[0]
