"""Loggers."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Nucleus, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import repeated
from ggfleet.spec.rules.registry import LITE, Finding, rule


@rule(
    "logger-repeated",
    Severity.ERROR,
    reason="A component has one logger for files and one for CloudWatch.",
    source=f"{pages.API_V1} (Logger)",
    fix="Remove one of them.",
    example="loggers:\n  - {component: lambda, level: INFO, to: file}\n"
    "  - {component: lambda, level: WARN, to: file}\n",
    firm=True,
)
def loggers_differ(fleet: Fleet) -> Iterator[Finding]:
    """A component has one logger of each kind."""
    pairs = (((each.component, each.to), n) for n, each in enumerate(fleet.loggers))
    for index, first in repeated(pairs):
        logger = fleet.loggers[index]
        message = f"logs {logger.component} to {logger.to}, as loggers[{first}] does"
        yield f"loggers[{index}]", message, "remove one of them"


@rule(
    "logger-cloudwatch-lite",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite writes to the system's journal and has no log manager. A component of "
    "AWS's sends the journal to CloudWatch, whatever the level; it is deployed where the spec "
    "says that a platform has nucleus lite.",
    source=f"{pages.RUNTIMES}; aws-greengrass/aws-greengrass-system-log-forwarder",
    fix="Write deployment: {nuclei: {...: lite}}, and that component is deployed.",
    example="loggers:\n  - {component: lambda, level: WARN, to: cloudwatch}\n",
)
def lite_logs_to_the_journal(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite sends no logs to CloudWatch by itself."""
    if Nucleus.LITE in fleet.deployment.nuclei.values():
        return
    for index, logger in enumerate(fleet.loggers):
        if logger.to == "cloudwatch":
            message = "is cloudwatch, where nucleus lite sends nothing by itself"
            fix = "name the platforms with lite in deployment.nuclei: the journal is forwarded"
            yield f"loggers[{index}].to", message, fix
