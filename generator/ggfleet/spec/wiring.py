"""How the parts of a fleet are joined: subscriptions, loggers, deployment."""

from __future__ import annotations

import re
from collections.abc import Iterable
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


DEPLOYMENT_KEYS = (
    "on_failure", "rollout", "abort", "timeout", "update", "update_timeout", "validation_timeout",
    "thing_groups", "components",
)  # fmt: skip


def read_deployment(top: Section, platforms: Iterable[str]) -> Deployment:
    """`deployment:`: how a change reaches the fleet."""
    section = top.section("deployment")
    if section is None:
        return Deployment()
    section.allow(*DEPLOYMENT_KEYS)
    on_failure = section.text("on_failure", "rollback")
    if on_failure not in ("rollback", "nothing"):
        section.error("on_failure", f"cannot be {on_failure!r}", "write rollback or nothing")
    update = section.text("update", "notify")
    if update not in ("notify", "skip"):
        section.error("update", f"cannot be {update!r}", "write notify or skip")
    return Deployment(
        on_failure=on_failure,
        rollout=_rollout(section),
        abort=_abort(section),
        timeout=section.seconds("timeout", 0),
        update=update,
        update_timeout=section.seconds("update_timeout", 0),
        validation_timeout=section.seconds("validation_timeout", 0),
        thing_groups=_thing_groups(section, list(platforms)),
        components=_versions(section),
    )


def _thing_groups(deployment: Section, platforms: list[str]) -> dict[str, str]:
    groups = deployment.mapping("thing_groups")
    for platform, group in groups.items():
        at = f"{deployment.at('thing_groups')}.{platform}"
        if platform not in platforms:
            message = f"names the platform {platform}, which is not defined"
            deployment.problems.error(at, message, suggestion(platform, platforms))
        if not re.fullmatch(r"[A-Za-z0-9:_-]{1,128}", group):
            fix = "letters, digits, :, _ and -, at most 128"
            deployment.problems.error(at, f"{group!r} cannot be a thing group", fix)
    return groups


def _versions(deployment: Section) -> dict[str, str]:
    versions = deployment.mapping("components")
    for name, version in versions.items():
        at = f"{deployment.at('components')}.{name}"
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", name):
            deployment.problems.error(at, f"{name!r} cannot be a component", "write its full name")
        if not re.fullmatch(r"\d{1,6}\.\d{1,6}\.\d{1,6}", version):
            fix = "a deployment wants one exact version, such as 2.15.0"
            deployment.problems.error(at, f"cannot be {version!r}", fix)
    return versions


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
