"""Everything that can be wrong with a fleet before it is deployed. One rule, one function.

A rule yields findings as (path, message, fix). `ggfleet.spec.load` gives them their place, and
leaves out those that touch a value which could not be read in the first place. Rules about files
(theme `file` and `code`) read them; no other does I/O.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import Draft, Fleet

# Each module enters its rules when it is imported; their order is that of `ggfleet rules`.
from ggfleet.spec.rules import (  # isort: skip
    reading as reading,
    names as names,
    cores as cores,
    client_devices as client_devices,
    platforms as platforms,
    gpu as gpu,
    containers as containers,
    functions as functions,
    runtimes as runtimes,
    environment as environment,
    destinations as destinations,
    layers as layers,
    images as images,
    owners as owners,
    models as models,
    local as local,
    secrets as secrets,
    topics as topics,
    subscriptions as subscriptions,
    connectors as connectors,
    connector_needs as connector_needs,
    system as system,
    roles as roles,
    loggers as loggers,
    limits as limits,
    files as files,
    code as code,
    sdk as sdk,
    components as components,
    component_pins as component_pins,
    component_code as component_code,
    lite as lite,
    deployments as deployments,
    documents as documents,
    archives as archives,
)  # fmt: skip
from ggfleet.spec.rules.parts import python_files
from ggfleet.spec.rules.registry import RULES, Finding, Rule

__all__ = ["RULES", "Finding", "Rule", "document_findings", "findings"]


def findings(fleet: Fleet, folder: Path) -> Iterator[tuple[Rule, Finding]]:
    """What every rule finds; `folder` is the spec's."""
    python_files.cache_clear()
    for rule in RULES.values():
        if rule.check is not None:
            for finding in rule.check(fleet, folder):
                yield rule, finding


def document_findings(fleet: Fleet, draft: Draft) -> Iterator[tuple[Rule, Finding]]:
    """What the rules on V2 documents find."""
    for rule in RULES.values():
        if rule.draft_check is not None:
            for finding in rule.draft_check(fleet, draft):
                yield rule, finding
