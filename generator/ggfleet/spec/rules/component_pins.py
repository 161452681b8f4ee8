"""AWS's own components: what stands for connectors, and the versions that a deployment pins."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from ggfleet.model import Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.aws_components import (
    ENDED,
    NUCLEUS,
    PLUGINS,
    SUCCESSORS,
    connector_name,
)
from ggfleet.spec.rules.components import WANTED
from ggfleet.spec.rules.filters import has_wildcard
from ggfleet.spec.rules.nuclei import on_classic
from ggfleet.spec.rules.parts import listed
from ggfleet.spec.rules.registry import CLASSIC, V2, Finding, rule

WRITE_ONE = "write a function that does it"
OTHERWISE = MappingProxyType(
    {
        "DockerApplicationDeployment": "deploy aws.greengrass.DockerApplicationManager, and a "
        "component of your own with docker: artifacts",
        "IoTSiteWise": "set up the gateway anew in AWS IoT SiteWise",
    }
)


def _pinned(name: str, version: str) -> str:
    return f'{WANTED}deployment: {{components: {{{name}: "{version}"}}}}\n'


@rule(
    "component-connector",
    Severity.NOTE,
    CLASSIC,
    reason="V2 has no connectors. AWS has components that stand for CloudWatchMetrics, "
    "DeviceDefender, KinesisFirehose, ModbusRTUProtocolAdapter and SNS; Docker applications and "
    "IoT SiteWise are set up in another way, and nothing stands for the others.",
    source=f"{pages.MIGRATION} (connectors)",
    fix="Write a function that does it.",
    example=f"{WANTED}connectors: {{port: {{connector: SerialStream, version: 3}}}}\n",
)
def connectors_have_successors(fleet: Fleet) -> Iterator[Finding]:
    """A connector without a successor is left out of V2."""
    for connector in fleet.connectors.values() if on_classic(fleet) else ():
        name = connector_name(connector.kind)
        if name not in SUCCESSORS:
            message = f"has nothing that stands for it on V2 ({name})"
            yield f"connectors.{connector.name}", message, OTHERWISE.get(name, WRITE_ONE)


@rule(
    "component-ended",
    Severity.WARNING,
    V2,
    reason="The service behind the component has ended, so there is nothing that it could reach.",
    source="AWS: end of support of SageMaker Edge Manager and of Lookout for Vision",
    fix="Remove it; a model component and a function do what it did on the device.",
    example=_pinned("aws.greengrass.SageMakerEdgeManager", "1.3.5"),
)
def components_are_still_served(fleet: Fleet) -> Iterator[Finding]:
    """A deployment names no component whose service has ended."""
    for name in fleet.deployment.components:
        if name in ENDED and fleet.components.wanted:
            yield f"deployment.components.{name}", f"is of no use: {ENDED[name]}", "remove it"


@rule(
    "component-nucleus",
    Severity.NOTE,
    CLASSIC,
    reason="A plugin needs a nucleus of certain minor versions, and a deployment that would change "
    "the nucleus's minor version without naming it is refused; one that may change its patch "
    "version restarts it unexpectedly.",
    source=f"{pages.DEPLOYMENTS}; {pages.TROUBLESHOOTING_V2}",
    fix="Pin aws.greengrass.Nucleus beside the plugins.",
    example=_pinned("aws.greengrass.LogManager", "2.3.7"),
)
def plugins_come_with_their_nucleus(fleet: Fleet) -> Iterator[Finding]:
    """The nucleus is pinned together with its plugins."""
    plugins = [name for name in fleet.deployment.components if PLUGINS.fullmatch(name)]
    if on_classic(fleet) and plugins and NUCLEUS not in fleet.deployment.components:
        yield (
            f"deployment.components.{plugins[0]}",
            f"wants a nucleus that suits it, and no {NUCLEUS} is pinned beside {listed(plugins)}",
            f"pin {NUCLEUS} too",
        )


@rule(
    "component-nucleus-version",
    Severity.WARNING,
    CLASSIC,
    reason="Topics with wildcards between functions need nucleus 2.6.0, memory limits of "
    "components 2.4.0, and the folder {work:path} 2.0.4.",
    source=f"{pages.IPC}; {pages.API_V2} (systemResourceLimits); {pages.RECIPES}",
    fix="Pin a later version.",
    example=_pinned(NUCLEUS, "2.3.0"),
)
def the_nucleus_is_late_enough(fleet: Fleet) -> Iterator[Finding]:
    """A pinned nucleus has what the fleet uses."""
    pinned = fleet.deployment.components.get(NUCLEUS, "")
    version = tuple(int(each) for each in pinned.split(".") if each.isdigit())
    needs = [each for each in _needs(fleet) if version < each[0]] if pinned else []
    if needs and on_classic(fleet):
        least, what = max(needs)
        yield (
            f"deployment.components.{NUCLEUS}",
            f"is {pinned}, and {what} need {'.'.join(map(str, least))}",
            "pin a later version",
        )


def _needs(fleet: Fleet) -> Iterator[tuple[tuple[int, int, int], str]]:
    """The least versions, with what needs them."""
    yield (2, 0, 4), "components that unpack their archives themselves"
    if any(each.memory and each.contained for each in fleet.functions.values()):
        yield (2, 4, 0), "memory limits"
    inside = {*fleet.functions, *fleet.client_devices}
    local = [each for each in fleet.subscriptions
             if each.source in fleet.functions and each.target in inside]  # fmt: skip
    if any(has_wildcard(each.topic) for each in local):
        yield (2, 6, 0), "wildcards in messages from functions"
