"""How the parts of a fleet are joined: subscriptions, loggers, deployment."""

from __future__ import annotations

from ggfleet.model import Abort, Deployment, Logger, Rollout, Subscription
from ggfleet.spec import tables
from ggfleet.spec.section import Section


def read_subscriptions(top: Section) -> tuple[Subscription, ...]:
    """`subscriptions:`: which messages go where. A message that none allows is dropped."""
    return tuple(_subscription(section) for section in tables.Spec.subscriptions.read(top))


def _subscription(section: Section) -> Subscription:
    table = tables.Subscription
    return Subscription(
        table.from_.read(section), table.topic.read(section), table.to.read(section)
    )


def read_loggers(top: Section) -> tuple[Logger, ...]:
    """`loggers:`: where logs go, and how much of them is kept."""
    return tuple(_logger(section) for section in tables.Spec.loggers.read(top))


def _logger(section: Section) -> Logger:
    table = tables.Logger
    to = table.to.read(section)
    if to == "cloudwatch" and section.has("space"):
        section.error("space", "is only for logs in files", "remove it, or write to: file")
    return Logger(
        component=table.component.read(section),
        level=table.level.read(section),
        to=to,
        space=table.space.read(section),
    )


def read_deployment(top: Section) -> Deployment:
    """`deployment:`: how a change reaches the fleet."""
    section = tables.Spec.deployment.read(top)
    if section is None:
        return Deployment()
    table = tables.Deployment
    on_failure = table.on_failure.read(section)
    return Deployment(
        on_failure, _rollout(table.rollout.read(section)), _abort(table.abort.read(section))
    )


def _rollout(section: Section | None) -> Rollout | None:
    if section is None:
        return None
    table = tables.Rollout
    return Rollout(
        start=table.start.read(section),
        factor=table.factor.read(section),
        after=table.after.read(section),
    )


def _abort(section: Section | None) -> Abort | None:
    if section is None:
        return None
    return Abort(tables.Abort.failed.read(section), tables.Abort.after.read(section))
