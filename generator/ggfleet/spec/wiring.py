"""How the parts of a fleet are joined: subscriptions, loggers, deployment."""

from __future__ import annotations

from functools import partial

from ggfleet.model import Abort, Deployment, Logger, Rollout, Subscription
from ggfleet.spec import units
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import Section

LEVELS = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
COMPONENTS = ("greengrass", "lambda")
LOG_TARGETS = ("file", "cloudwatch")


def read_subscriptions(top: Section) -> tuple[Subscription, ...]:
    """`subscriptions:`: which messages go where. A message that none allows is dropped."""
    return tuple(_subscription(section) for section in top.listed("subscriptions"))


def _subscription(section: Section) -> Subscription:
    section.allow("from", "topic", "to")
    return Subscription(section.text("from"), section.text("topic"), section.text("to"))


def read_loggers(top: Section) -> tuple[Logger, ...]:
    """`loggers:`: where logs go, and how much of them is kept."""
    return tuple(_logger(section) for section in top.listed("loggers"))


def _logger(section: Section) -> Logger:
    section.allow("component", "level", "to", "space")
    to = _one_of(section, "to", LOG_TARGETS)
    if to == "cloudwatch" and section.has("space"):
        section.error("space", "is only for logs in files", "remove it, or write to: file")
    return Logger(
        component=_one_of(section, "component", COMPONENTS),
        level=_one_of(section, "level", LEVELS),
        to=to,
        space=section.size("space"),
    )


def _one_of(section: Section, key: str, members: tuple[str, ...]) -> str:
    word = section.text(key)
    if word and word not in members:
        section.error(key, f"cannot be {word!r}", suggestion(word, members))
    return word


def read_deployment(top: Section) -> Deployment:
    """`deployment:`: how a change reaches the fleet."""
    section = top.section("deployment")
    if section is None:
        return Deployment()
    section.allow("on_failure", "rollout", "abort")
    on_failure = section.text("on_failure", "rollback")
    if on_failure not in ("rollback", "nothing"):
        section.error("on_failure", f"cannot be {on_failure!r}", "write rollback or nothing")
    return Deployment(on_failure, _rollout(section), _abort(section))


def _rollout(deployment: Section) -> Rollout | None:
    section = deployment.section("rollout")
    if section is None:
        return None
    section.allow("start", "factor", "after")
    return Rollout(
        start=_count(section, "start", "per minute"),
        factor=section.measure("factor", units.factor, 1.0),
        after=_count(section, "after", "succeeded"),
    )


def _abort(deployment: Section) -> Abort | None:
    section = deployment.section("abort")
    if section is None:
        return None
    section.allow("failed", "after")
    for key in ("failed", "after"):
        section.text(key)
    return Abort(
        percent=section.measure("failed", units.percent, 0.0),
        after=_count(section, "after", "cores"),
    )


def _count(section: Section, key: str, noun: str) -> int:
    section.text(key)
    return section.measure(key, partial(units.counted, noun), 0)
