"""What a fleet uses that nucleus lite does not have, where V2 is wanted at all.

Secrets, containers, CloudWatch and old systems are told by the rules of their own themes.
"""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import SHADOW, Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.aws_components import CLASSIC_ONLY
from ggfleet.spec.rules.nuclei import LITE_SPEC, on_lite
from ggfleet.spec.rules.parts import listed, told
from ggfleet.spec.rules.registry import LITE, Finding, rule


@rule(
    "lite-client-devices",
    Severity.NOTE,
    LITE,
    reason="The components that serve client devices are plugins, written in Java, and nucleus "
    "lite runs none: no local broker, no bridge, no discovery.",
    source=f"{pages.RUNTIMES}; {pages.MIGRATION}",
    fix="Let the devices of such a core run the classic nucleus, or connect client devices to AWS "
    "IoT themselves.",
    example=f"{LITE_SPEC}client_devices: {{button: {{cores: pi-01}}}}\n",
)
def lite_has_no_client_devices(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite serves no client devices."""
    message = "{} not served by nucleus lite, which has no local broker, bridge or discovery"
    fix = "run the classic nucleus on their cores"
    if on_lite(fleet) and fleet.client_devices:
        yield "client_devices", message.format("are"), fix
    elif on_lite(fleet) and fleet.system_functions.ip_detector:
        told = "is for client devices, which nucleus lite does not serve"
        yield "system_functions.ip_detector", told, fix


@rule(
    "lite-connectors",
    Severity.NOTE,
    LITE,
    reason="What stands for connectors on V2 are components for the classic nucleus; nucleus lite "
    "runs generic components that were written for it.",
    source=f"{pages.RUNTIMES}; {pages.MIGRATION}",
    fix="Write a function that does it with the AWS SDK and the component's own credentials.",
    example=f"{LITE_SPEC}connectors: {{alarms: {{connector: SNS, version: 4}}}}\n",
)
def lite_has_no_connectors(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite has no connectors."""
    if on_lite(fleet) and fleet.connectors:
        names = ", ".join(fleet.connectors)
        message = f"have nothing that stands for them on nucleus lite ({names})"
        yield "connectors", message, "write a function that does it with the AWS SDK"


@rule(
    "lite-shadows",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite has no shadow manager, and its IPC answers the shadow calls with "
    "ServiceError: there are no shadows on the device.",
    source=f"{pages.RUNTIMES}; {pages.MEASURED}",
    fix="Subscribe to the shadow's topics of AWS IoT: write cloud instead of shadow.",
    example=f"{LITE_SPEC}subscriptions:\n"
    "  - {from: classify, topic: $aws/things/pi-01/shadow/update, to: shadow}\n",
)
def lite_has_no_shadows(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite keeps no shadows."""
    joined = [
        index
        for index, each in enumerate(fleet.subscriptions)
        if SHADOW in (each.source, each.target)
    ]
    if on_lite(fleet) and joined:
        yield (
            f"subscriptions[{joined[0]}]",
            "joins the shadow service, which nucleus lite does not have",
            "write cloud instead of shadow: the topics are AWS IoT's own",
        )


@rule(
    "lite-system-functions",
    Severity.NOTE,
    LITE,
    reason="The stream manager is a component in Java for the classic nucleus. Messages that wait "
    "for the cloud have no settings on nucleus lite; its DiskSpooler would be a plugin too.",
    source=f"{pages.RUNTIMES}; {pages.MIGRATION}",
    fix="Send streams with the AWS SDK; keep what must not be lost in files of the function.",
    example=f"{LITE_SPEC}system_functions: {{stream_manager: {{}}}}\n",
)
def lite_has_no_system_functions(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite has no stream manager and no spooler to set."""
    own = fleet.system_functions
    told = {
        "stream_manager": (own.stream_manager, "is not there on nucleus lite"),
        "cloud_spooler": (own.cloud_spooler, "has no counterpart on nucleus lite"),
    }
    for key, (there, message) in told.items():
        if on_lite(fleet) and there is not None:
            yield f"system_functions.{key}", message, "do it in a function, with the AWS SDK"


@rule(
    "lite-components",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite runs generic components alone. Plugins, Lambda components with their "
    "manager, launcher, runtimes and router, and AWS's samples of machine learning are for the "
    "classic nucleus.",
    source=f"{pages.RUNTIMES}; {pages.LITE_RECIPES}; {pages.ML_V2}",
    fix="Nothing: deployments for nucleus lite leave it out.",
    example="components: {prefix: com.example}\n"
    'deployment: {nuclei: {pi: lite}, components: {aws.greengrass.LogManager: "2.3.7"}}\n',
)
def lite_runs_generic_components(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite runs no plugins and no Lambda components."""
    names = [name for name in fleet.deployment.components if CLASSIC_ONLY.fullmatch(name)]
    if on_lite(fleet) and names:
        yield (
            f"deployment.components.{names[0]}",
            f"is for the classic nucleus: {told(on_lite(fleet))} would not run {listed(names)}",
            "nothing: deployments for nucleus lite leave it out",
        )


@rule(
    "lite-run-as",
    Severity.NOTE,
    LITE,
    reason="On nucleus lite every component runs as the user of runWithDefault.posixUser, or as "
    "root where its recipe says RequiresPrivilege; it takes no user for one component.",
    source=f"{pages.MIGRATION}; {pages.LITE_RECIPES}",
    fix="Name the one user in components.user, and let it serve all functions.",
    example=f"{LITE_SPEC}functions: {{classify: {{isolation: none, run_as: {{uid: 1001}}}}}}\n",
)
def lite_has_one_user(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite runs all components as one user."""
    named = [each for each in fleet.functions.values() if each.run_as and each.run_as.uid]
    if on_lite(fleet) and named:
        yield (
            f"functions.{named[0].name}.run_as",
            "is not kept by nucleus lite, where all components run as one user",
            "name one user for all in components.user",
        )
