"""What stands above the parts of a template: rules, and which of cfn-lint's checks do not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Json
from ggfleet.render.cloudformation.template import Section, ref

LITERAL = {
    "E1029": "Texts of the spec hold ${AWS::…}. CloudFormation leaves it as it is outside of "
    "Fn::Sub, which is what is meant."
}
"""Of cfn-lint's checks: why it is not for templates with such texts."""
REFERENCE = re.compile(r"\{\{resolve:[^}]{1,40}")
"""What begins a reference to Parameter Store or Secrets Manager, in any text of a template."""


def where_the_spec_says(fleet: Fleet) -> Section:
    """Certificates, things and ARNs are of one account and Region: elsewhere nothing is begun."""
    where: list[Json] = [
        _must_be("AWS::AccountId", fleet.aws.account, "aws.account"),
        _must_be("AWS::Region", fleet.aws.region, "aws.region"),
    ]
    return {"WhereTheSpecSays": {"Assertions": where}}


def of_texts(texts: Iterable[str]) -> Mapping[str, str]:
    """The checks that texts of the spec's author need left out.

    Raises `GgfleetError` for one that CloudFormation would replace.
    """
    found: Mapping[str, str] = {}
    for text in texts:
        if reference := REFERENCE.search(text):
            raise GgfleetError(
                f"the spec holds {reference[0]}…, which CloudFormation would replace",
                fix="write the value itself, or attach a secret to the function",
            )
        if "${AWS::" in text:
            found = LITERAL
    return found


def lets_pass(checks: Mapping[str, str]) -> Section:
    """Metadata with the checks that cfn-lint is to leave out, and why; empty without any."""
    if not checks:
        return {}
    return {
        "cfn-lint": {"config": {"ignore_checks": list(checks)}},
        "SuppressedChecks": dict(checks),
    }


def _must_be(pseudo: str, value: str, path: str) -> Json:
    return {
        "Assert": {"Fn::Equals": [ref(pseudo), value]},
        "AssertDescription": f"The spec says {path}: {value}",
    }
