"""Connectors: which there are, once each, and what their parameters hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ggfleet.model import Connector, Fleet, Severity
from ggfleet.spec.problems import suggestion
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.connector_kinds import KINDS
from ggfleet.spec.rules.connector_types import Kind
from ggfleet.spec.rules.connector_values import in_words
from ggfleet.spec.rules.parts import repeated
from ggfleet.spec.rules.registry import V1, Finding, rule

_ARN = re.compile(
    r"arn:aws[a-z-]*:greengrass:(?P<region>[a-z0-9-]+):\d*:/connectors/"
    r"(?P<kind>[A-Za-z0-9-]+)/versions/(?P<version>\d+)"
)
_TOPIC = '{DefaultSNSArn: "arn:aws:sns:eu-west-1:123456789012:alarms"}'


def kind_of(connector: Connector) -> tuple[str, int]:
    """The name and version of a connector, however it is written."""
    match = _ARN.fullmatch(connector.kind)
    return (match["kind"], int(match["version"])) if match else (connector.kind, connector.version)


def known(fleet: Fleet) -> Iterator[tuple[Connector, Kind, int]]:
    """The connectors that AWS's guide describes, each with its version."""
    for connector in fleet.connectors.values():
        name, version = kind_of(connector)
        if name in KINDS and 0 < version <= KINDS[name].newest:
            yield connector, KINDS[name], version


def _example(connector: str) -> str:
    return f"connectors:\n  alarms: {connector}\n"


@rule(
    "connector-repeated",
    Severity.ERROR,
    V1,
    reason="A group has one instance of each connector; another version of it counts as the same.",
    source=pages.CONNECTORS,
    fix="Use the one in all subscriptions.",
    example=_example(f"{{connector: SNS, version: 4, parameters: {_TOPIC}}}")
    + f"  others: {{connector: SNS, version: 4, parameters: {_TOPIC}}}\n",
    firm=True,
)
def connectors_differ(fleet: Fleet) -> Iterator[Finding]:
    """A group has one instance of a connector."""
    kinds = [(kind_of(each)[0], each.name) for each in fleet.connectors.values()]
    for name, first in repeated((kind, name) for kind, name in kinds if kind):
        kind, _ = kind_of(fleet.connectors[name])
        message = f"is {kind}, as connectors.{first} is, and a group has one instance of each"
        yield f"connectors.{name}.connector", message, f"use {first} in subscriptions"


@rule(
    "connector-unknown",
    Severity.WARNING,
    V1,
    reason="AWS's guide lists the connectors that there are, and V1 gets no new ones. None of the "
    "rules on connectors can judge another.",
    source=pages.CONNECTORS,
    fix="Write the name as the connector's ARN has it.",
    example=_example("{connector: SNSS, version: 4}"),
)
def connectors_exist(fleet: Fleet) -> Iterator[Finding]:
    """A connector is one of AWS's."""
    for connector in fleet.connectors.values():
        name, _ = kind_of(connector)
        if name and name not in KINDS:
            message = f"{name} is none of the connectors of AWS's guide"
            yield f"connectors.{connector.name}.connector", message, suggestion(name, KINDS)


@rule(
    "connector-version",
    Severity.WARNING,
    V1,
    reason="V1 gets no new connectors: the versions of the guide's last edition are all there are.",
    source=pages.CONNECTORS,
    fix="Write the newest version, or one before it.",
    example=_example(f"{{connector: SNS, version: 5, parameters: {_TOPIC}}}"),
)
def connector_versions_exist(fleet: Fleet) -> Iterator[Finding]:
    """A connector's version is one that AWS made."""
    for connector in fleet.connectors.values():
        name, version = kind_of(connector)
        if name in KINDS and version > KINDS[name].newest:
            newest = KINDS[name].newest
            key = "version" if connector.version else "connector"
            message = f"is {version}, and the newest {name} is {newest}"
            yield f"connectors.{connector.name}.{key}", message, f"write {newest}"


@rule(
    "connector-region",
    Severity.WARNING,
    V1,
    reason="A connector's ARN is of the group's Region.",
    source=pages.CONNECTORS,
    fix="Write the connector's name and version instead; ggfleet makes the ARN.",
    example=_example(
        "{connector: 'arn:aws:greengrass:us-east-1::/connectors/SNS/versions/4', "
        f"parameters: {_TOPIC}}}"
    ),
)
def connectors_are_in_the_region(fleet: Fleet) -> Iterator[Finding]:
    """A connector's ARN has the fleet's Region."""
    for connector in fleet.connectors.values():
        match = _ARN.fullmatch(connector.kind)
        if match and fleet.aws.region and match["region"] != fleet.aws.region:
            yield (
                f"connectors.{connector.name}.connector",
                f"is of {match['region']}, the fleet of {fleet.aws.region}",
                f"write connector: {match['kind']}, version: {match['version']}",
            )


@rule(
    "connector-parameter-missing",
    Severity.WARNING,
    V1,
    reason="The guide marks some parameters of a connector as required; without them it does not "
    "start, if the service takes the group at all.",
    source=pages.CONNECTORS,
    fix="Add them under parameters, those with the id of a resource under resources.",
    example=_example("{connector: SNS, version: 4}"),
)
def connectors_have_their_parameters(fleet: Fleet) -> Iterator[Finding]:
    """A connector has the parameters that it cannot do without."""
    for connector, kind, version in known(fleet):
        given = {*connector.parameters, *connector.resources}
        missing = [name for name in _wanted(connector, kind, version) if name not in given]
        if kind.one_of and not given.intersection(kind.one_of):
            missing.append(" or ".join(kind.one_of))
        if missing:
            yield (
                f"connectors.{connector.name}.parameters",
                f"lacks {', '.join(missing)}, which {kind_of(connector)[0]} wants",
                "add it; one that ends in ResourceId goes under resources",
            )


def _wanted(connector: Connector, kind: Kind, version: int) -> Iterator[str]:
    yield from (name for name, each in kind.parameters_of(version).items() if each.required)
    for name, others in kind.if_true.items():
        if connector.parameters.get(name, "").lower() == "true":
            yield from others


@rule(
    "connector-parameter-unknown",
    Severity.WARNING,
    V1,
    reason="A parameter that the connector does not have in this version has no effect, and a "
    "misspelt one leaves its default in force.",
    source=pages.CONNECTORS,
    fix="Correct the name, or take a version of the connector that has it.",
    example=_example(
        "{connector: SNS, version: 3, parameters: {DefaultSNSArn: "
        '"arn:aws:sns:eu-west-1:123456789012:alarms", IsolationMode: NoContainer}}'
    ),
)
def parameters_are_the_connectors(fleet: Fleet) -> Iterator[Finding]:
    """A connector is given parameters that its version has."""
    for connector, kind, version in known(fleet):
        has = kind.parameters_of(version)
        for key, given in (
            ("parameters", connector.parameters),
            ("resources", connector.resources),
        ):
            for name in (each for each in given if each not in has):
                fix = suggestion(name, has)
                if name in kind.parameters:
                    fix = f"versions from {kind.parameters[name].since} have it"
                if name in kind.parameters and version > kind.parameters[name].since:
                    fix = f"versions up to {kind.parameters[name].until} have it"
                message = f"is no parameter of {kind_of(connector)[0]} {version}"
                yield f"connectors.{connector.name}.{key}.{name}", message, fix


@rule(
    "connector-parameter-value",
    Severity.WARNING,
    V1,
    reason="The guide gives a pattern for the values of each parameter; memory and counts are "
    "whole numbers in quotes, without a unit.",
    source=pages.CONNECTORS,
    fix="Write the value as the page of the connector has it.",
    example=_example("{connector: SNS, version: 4, parameters: {DefaultSNSArn: alarms}}"),
)
def parameters_have_fitting_values(fleet: Fleet) -> Iterator[Finding]:
    """A connector's parameter has a value that it can have."""
    for connector, kind, version in known(fleet):
        has = kind.parameters_of(version)
        for name, value in connector.parameters.items():
            if name in has and not re.fullmatch(has[name].values, value):
                yield (
                    f"connectors.{connector.name}.parameters.{name}",
                    f"cannot be {value!r}",
                    f"it is {in_words(has[name].values)}",
                )
