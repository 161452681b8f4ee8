"""Rules that are applied while a spec is read, before there is a fleet to judge."""

from __future__ import annotations

from ggfleet.model import READING, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.registry import ALL, SPEC, Rule, add


def _told_while_reading(
    name: str, severity: Severity, summary: str, *, reason: str, fix: str, example: str
) -> None:
    add(Rule(name, severity, ALL, summary, reason, pages.OWN, fix, {SPEC: example},
             firm=True, check=None))  # fmt: skip


_told_while_reading(
    READING,
    Severity.ERROR,
    "The file says something that a spec cannot say.",
    reason="A key that is not known, a value of the wrong kind, a missing key, a size without its "
    "unit or broken YAML would otherwise be passed over, and a fleet run on something else than "
    "was written.",
    fix="The message names the key and what may stand there; `ggfleet init` writes a spec to "
    "compare with.",
    example="functions:\n  classify: {source: code, handler: function.handler, memroy: 64 MiB}\n",
)
_told_while_reading(
    "suppress-unknown",
    Severity.ERROR,
    "An entry of `suppress` names a rule that there is.",
    reason="A misspelt id would silence nothing, and nobody would notice.",
    fix="`ggfleet rules` lists the ids.",
    example='suppress:\n  - {rule: name-unusd, reason: "comes with the next model"}\n',
)
_told_while_reading(
    "suppress-reason",
    Severity.ERROR,
    "An entry of `suppress` has a reason.",
    reason="Who reads the spec later has to know whether the reason still holds.",
    fix='Write it: reason: "the role of this account may read the bucket".',
    example="suppress:\n  - {rule: name-unused}\n",
)
_told_while_reading(
    "suppress-firm",
    Severity.ERROR,
    "An entry of `suppress` names a rule that can be suppressed.",
    reason="Some rules hold up everything else: without them no document can be made of the spec.",
    fix="Remove the entry, and put right what the rule finds.",
    example='suppress:\n  - {rule: name-undefined, reason: "later"}\n',
)
_told_while_reading(
    "suppress-unused",
    Severity.WARNING,
    "An entry of `suppress` silences something.",
    reason="An entry that outlives its cause would silence the next finding of the rule unseen.",
    fix="remove it",
    example='suppress:\n  - {rule: name-unused, reason: "comes with the next model"}\n',
)
