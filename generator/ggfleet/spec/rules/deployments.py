"""How a change reaches a fleet of V2 devices."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.nuclei import on_lite
from ggfleet.spec.rules.registry import LITE, SPEC, V2, Finding, rule

TIMEOUT = 10_080
"""Minutes: seven days, the most of a job's inProgressTimeoutInMinutes."""


@rule(
    "deployment-timeout",
    Severity.ERROR,
    V2,
    reason="The job that carries a deployment gives a device 1 to 10,080 minutes, which are seven "
    "days.",
    source=f"{pages.API_V2} (inProgressTimeoutInMinutes)",
    fix="Write a time up to seven days, such as 168 h.",
    example="deployment: {timeout: 169 h}\n",
    firm=True,
)
def devices_have_a_week(fleet: Fleet) -> Iterator[Finding]:
    """A device has at most seven days for a deployment."""
    minutes = -(-fleet.deployment.timeout // 60)
    if minutes > TIMEOUT:
        message = f"is {minutes} minutes of at most {TIMEOUT}"
        yield "deployment.timeout", message, "write a time up to seven days, such as 168 h"


@rule(
    "deployment-thing-group",
    Severity.ERROR,
    V2,
    reason="A deployment to a thing group replaces the one before it, and says all that its "
    "devices are to run. Each platform has a deployment of its own, so two platforms with one "
    "thing group would take each other's components away.",
    source=pages.DEPLOYMENTS,
    fix="Give each platform a thing group of its own.",
    example={
        SPEC: 'platforms:\n  pc: {architecture: x86_64, python: "3.11", glibc: "2.36"}\n'
        "cores: {groups: {gateway: pc}}\ncomponents: {prefix: com.example}\n"
        "deployment: {thing_groups: {pi: line, pc: line}}\n",
        "hosts.yml": "raspberry_pi:\n  hosts:\n    pi-01: {}\ngateway:\n  hosts:\n    pc-01: {}\n",
    },
)
def platforms_have_thing_groups(fleet: Fleet) -> Iterator[Finding]:
    """Each platform has a thing group of its own."""
    seen: dict[str, str] = {}
    used = [each.name for each in fleet.used_platforms()]
    for name in used if fleet.components.wanted else ():
        group = fleet.deployment.thing_groups.get(name, f"{fleet.name}-{name}")
        first = seen.setdefault(group, name)
        if first != name:
            named = name if name in fleet.deployment.thing_groups else first
            yield (
                f"deployment.thing_groups.{named}",
                f"gives {name} the thing group {group}, which {first} has too: the deployments "
                "would replace each other",
                "give each platform a thing group of its own",
            )


@rule(
    "deployment-update-timeout",
    Severity.WARNING,
    V2,
    reason="A component that is asked may put an update off for update_timeout; with update: skip "
    "none is asked.",
    source=f"{pages.API_V2} (componentUpdatePolicy)",
    fix="Remove update_timeout, or write update: notify.",
    example="deployment: {update: skip, update_timeout: 60 s}\n",
)
def asked_components_may_wait(fleet: Fleet) -> Iterator[Finding]:
    """Only components that are asked can put an update off."""
    if fleet.deployment.update == "skip" and fleet.deployment.update_timeout:
        yield (
            "deployment.update_timeout",
            "has no effect, because update: skip asks no component",
            "remove it, or write update: notify",
        )


@rule(
    "deployment-ask-lite",
    Severity.NOTE,
    LITE,
    reason="The IPC of nucleus lite has neither SubscribeToComponentUpdates nor "
    "DeferComponentUpdate, and no validation of configurations: nobody is asked, and nobody waits.",
    source=f"{pages.LITE_RECIPES}; {pages.MEASURED}",
    fix="Remove it where all devices run nucleus lite.",
    example="components: {prefix: com.example}\n"
    "deployment: {nuclei: {pi: lite}, validation_timeout: 60 s}\n",
)
def lite_asks_nobody(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite asks no component about updates or configurations."""
    settings = fleet.deployment
    times = {
        "update_timeout": settings.update_timeout,
        "validation_timeout": settings.validation_timeout,
    }
    for key, seconds in times.items():
        if seconds and on_lite(fleet):
            message = "has no effect on nucleus lite, which asks no component"
            yield f"deployment.{key}", message, "remove it where all devices run nucleus lite"
