"""Rules of templates: a stack of another account or Region would be broken, so none is begun."""

from __future__ import annotations

from ggfleet.model import Fleet, Json
from ggfleet.render.cloudformation.template import Section, ref


def where_the_spec_says(fleet: Fleet) -> Section:
    """Certificates, things and ARNs of a spec are those of one account and Region."""
    where: list[Json] = [
        _must_be("AWS::AccountId", fleet.aws.account, "aws.account"),
        _must_be("AWS::Region", fleet.aws.region, "aws.region"),
    ]
    return {"WhereTheSpecSays": {"Assertions": where}}


def _must_be(pseudo: str, value: str, path: str) -> Json:
    return {
        "Assert": {"Fn::Equals": [ref(pseudo), value]},
        "AssertDescription": f"The spec says {path}: {value}",
    }
