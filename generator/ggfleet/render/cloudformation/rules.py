"""What stands above the parts of a template: rules, and which of cfn-lint's checks do not hold."""

from __future__ import annotations

from collections.abc import Mapping

from ggfleet.model import Fleet, Json
from ggfleet.render.cloudformation.template import Section, ref


def where_the_spec_says(fleet: Fleet) -> Section:
    """Certificates, things and ARNs are of one account and Region: elsewhere nothing is begun."""
    where: list[Json] = [
        _must_be("AWS::AccountId", fleet.aws.account, "aws.account"),
        _must_be("AWS::Region", fleet.aws.region, "aws.region"),
    ]
    return {"WhereTheSpecSays": {"Assertions": where}}


def lets_pass(checks: Mapping[str, str]) -> Section:
    """Metadata with the checks that cfn-lint is to leave out, and why."""
    return {
        "cfn-lint": {"config": {"ignore_checks": list(checks)}},
        "SuppressedChecks": dict(checks),
    }


def _must_be(pseudo: str, value: str, path: str) -> Json:
    return {
        "Assert": {"Fn::Equals": [ref(pseudo), value]},
        "AssertDescription": f"The spec says {path}: {value}",
    }
