"""Cores: their things and certificates, which come from the inventory."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ggfleet.model import ClientDevice, Core, Fleet, Reference, Resolved, Severity, Target
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import repeated
from ggfleet.spec.rules.registry import Finding, rule

MAX_THING_BYTES = 124
"""Of a core's thing name, in UTF-8."""

THING = re.compile(r"[a-zA-Z0-9:_-]+")
CERTIFICATE = re.compile(r"arn:aws[a-z-]*:iot:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):cert/\w+")

DERIVED = re.compile(r"c\d{2,3}|gda|gci|gcm")
"""What follows a core's name in those of its connections, and of things that hold shadows."""

_HOST = "raspberry_pi:\n  hosts:\n    pi-01: {{{}}}\n"
_THING = "greengrass_thing_name"


def _hosts(variables: str) -> dict[str, str]:
    return {"hosts.yml": _HOST.format(variables)}


@rule(
    "core-thing-length",
    Severity.ERROR,
    reason="The name of a core's thing is part of MQTT client ids, topics and ARNs; Greengrass "
    "takes 124 bytes of UTF-8.",
    source=pages.QUOTAS,
    fix="Give the host a shorter greengrass_thing_name.",
    example=_hosts(f"{_THING}: {'line-' * 26}"),
)
def thing_names_fit(fleet: Fleet) -> Iterator[Finding]:
    """The name of a core's thing has at most 124 bytes."""
    for core in fleet.cores:
        length = len(core.thing.encode())
        if length > MAX_THING_BYTES:
            yield (
                f"cores.groups.{core.group}",
                f"the thing name of {core.name} has {length} bytes of at most {MAX_THING_BYTES}",
                f"give it a shorter {_THING} in the inventory",
            )


@rule(
    "core-thing-charset",
    Severity.ERROR,
    reason="The thing's name is the core's id in a V1 group, and ids have a-z, A-Z, 0-9, colon, _ "
    "and - only.",
    source=pages.API_V1,
    fix="Set greengrass_thing_name for the host.",
    example=_hosts(f"{_THING}: pi 01"),
)
def thing_names_are_ids(fleet: Fleet) -> Iterator[Finding]:
    """The name of a core's thing has the characters of an id."""
    for core in fleet.cores:
        if not THING.fullmatch(core.thing):
            yield (
                f"cores.groups.{core.group}",
                f"the thing name {core.thing!r} of {core.name} has other characters than a-z, A-Z, "
                "0-9, :, _ and -",
                f"set {_THING} for {core.name} in the inventory",
            )


@rule(
    "core-thing-colon",
    Severity.NOTE,
    (Target.CLASSIC, Target.LITE),
    reason="V2 refuses a core device whose thing name has a colon, which V1 takes.",
    source=f"{pages.QUOTAS}; {pages.SET_UP}",
    fix="Choose another thing name before the device moves to V2.",
    example=_hosts(f'{_THING}: "plant:pi-01"'),
)
def thing_names_suit_v2(fleet: Fleet) -> Iterator[Finding]:
    """V2 takes no colon in a thing name."""
    for core in fleet.cores:
        if ":" in core.thing:
            yield (
                f"cores.groups.{core.group}",
                f"the thing name {core.thing} of {core.name} has a colon, which V2 refuses",
                "choose another before the device moves to V2",
            )


@rule(
    "core-thing-repeated",
    Severity.ERROR,
    reason="Two cores that connect with one client id push each other off the broker, again and "
    "again, and neither finishes a deployment.",
    source=pages.TROUBLESHOOTING,
    fix="Give each host a greengrass_thing_name of its own.",
    example={
        "hosts.yml": "raspberry_pi:\n  hosts:\n"
        "    pi-01: {greengrass_thing_name: pi}\n    pi-02: {greengrass_thing_name: pi}\n"
    },
)
def things_differ(fleet: Fleet) -> Iterator[Finding]:
    """Every core is a thing of its own."""
    for core, first in repeated((each.thing, each) for each in fleet.cores):
        yield (
            f"cores.groups.{core.group}",
            f"{core.name} is the thing {core.thing}, as {first.name} is",
            f"give each a {_THING} of its own in the inventory",
        )


@rule(
    "core-thing-derived",
    Severity.WARNING,
    (Target.V1,),
    reason="A V1 core opens further connections as THING-c00, THING-c01 and so on, and Greengrass "
    "keeps what it knows of a core in shadows of THING-gda, THING-gci and THING-gcm. A thing of "
    "that name takes part in both.",
    source=f"{pages.CORE} (client ids); {pages.SERVICE_ROLE}",
    fix="Choose another thing name.",
    example={"hosts.yml": "raspberry_pi:\n  hosts:\n    pi: {}\n    pi-c01: {}\n"},
)
def things_are_not_derived(fleet: Fleet) -> Iterator[Finding]:
    """No thing has the name of another core's further connections or shadows."""
    cores = {core.thing for core in fleet.cores}
    things: list[Core | ClientDevice] = [*fleet.cores, *fleet.client_devices.values()]
    for each in things:
        first, _, rest = each.thing.rpartition("-")
        if first in cores and DERIVED.fullmatch(rest):
            at = f"client_devices.{each.name}.thing"
            if isinstance(each, Core):
                at = f"cores.groups.{each.group}"
            message = f"the thing {each.thing} of {each.name} has a name that the core {first} uses"
            yield at, message, "choose another thing name"


@rule(
    "core-certificate-repeated",
    Severity.WARNING,
    reason="A certificate that several cores carry cannot be revoked for one of them, and cores "
    "that share their certificate are a known cause of deployments that never end.",
    source=pages.TROUBLESHOOTING,
    fix="Make a certificate for each core.",
    example={
        "hosts.yml": "raspberry_pi:\n  hosts:\n" + "".join(
            f"    pi-0{n}: {{greengrass_certificate_arn: "
            "arn:aws:iot:eu-west-1:123456789012:cert/757e11}\n" for n in (1, 2))
    },
)  # fmt: skip
def certificates_differ(fleet: Fleet) -> Iterator[Finding]:
    """Every core has a certificate of its own."""
    known = [core for core in fleet.cores if isinstance(core.certificate_arn, Resolved)]
    for core, first in repeated((each.certificate_arn, each) for each in known):
        message = f"{core.name} has the certificate of {first.name}"
        yield f"cores.groups.{core.group}", message, "make a certificate for each core"


@rule(
    "core-certificate-form",
    Severity.WARNING,
    reason="The core definition carries the certificate's ARN; anything else is refused when the "
    "group is made.",
    source=pages.API_V1,
    fix="Write what `aws iot list-certificates` prints as certificateArn.",
    example=_hosts("greengrass_certificate_arn: 757e11d498e2f745"),
)
def certificates_are_arns(fleet: Fleet) -> Iterator[Finding]:
    """A core's certificate is named by its ARN in AWS IoT."""
    for core in fleet.cores:
        arn = core.certificate_arn
        if isinstance(arn, Resolved) and not CERTIFICATE.fullmatch(arn.value):
            yield (
                f"cores.groups.{core.group}",
                f"the certificate of {core.name} is {arn.value!r}, which is no ARN of one",
                "write it like arn:aws:iot:REGION:ACCOUNT:cert/ID in the inventory",
            )


@rule(
    "core-certificate-account",
    Severity.WARNING,
    reason="Things and certificates belong to one account and Region; a core whose certificate is "
    "elsewhere cannot connect to where the fleet's documents are.",
    source=pages.TROUBLESHOOTING,
    fix="Correct `aws:` in the spec, or the ARN in the inventory.",
    example=_hosts("greengrass_certificate_arn: arn:aws:iot:us-east-1:123456789012:cert/757e11"),
)
def certificates_are_of_the_account(fleet: Fleet) -> Iterator[Finding]:
    """A core's certificate is in the fleet's account and Region."""
    for core in fleet.cores:
        where = elsewhere(fleet, core.certificate_arn)
        if where:
            yield (
                f"cores.groups.{core.group}",
                f"the certificate of {core.name} {where}",
                "correct aws: here, or the ARN in the inventory",
            )


def elsewhere(fleet: Fleet, arn: Reference) -> str:
    """Where a certificate is, and where the fleet is; nothing where both are one place."""
    home = (fleet.aws.region, fleet.aws.account)
    match = CERTIFICATE.fullmatch(arn.value) if isinstance(arn, Resolved) else None
    if not match or not all(home) or match.group("region", "account") == home:
        return ""
    return f"is of {match['account']} in {match['region']}, the fleet of {home[1]} in {home[0]}"


@rule(
    "core-none",
    Severity.WARNING,
    reason="A group can be deployed only to a core, and a thing group without things deploys to "
    "nothing.",
    source=pages.API_V1,
    fix="Add a host to the group in the inventory.",
    example={"hosts.yml": "raspberry_pi:\n  hosts: {}\n"},
)
def groups_have_hosts(fleet: Fleet) -> Iterator[Finding]:
    """There is a core to deploy to."""
    if not fleet.cores:
        fix = "add a host to one of the groups in the inventory"
        yield "cores", "has groups without a host, so there is no core", fix
