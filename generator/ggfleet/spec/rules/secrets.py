"""Secrets."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Access, Fleet, Secret, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import repeated
from ggfleet.spec.rules.registry import LITE, V1, Finding, rule

_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:"
_ONE = 'resources:\n  broker: {{secret: "' + _ARN + '{}"}}\n'
_USED = "functions:\n  classify: {{resources: {{broker: {}}}}}\n"


def _secrets(fleet: Fleet) -> Iterator[Secret]:
    return (each for each in fleet.resources.values() if isinstance(each, Secret) and each.arn)


@rule(
    "secret-policy",
    Severity.WARNING,
    V1,
    reason="The managed policy of Greengrass's service role reads secrets whose name begins with "
    "greengrass-, and no others.",
    source=f"{pages.SERVICE_ROLE}; {pages.SECRETS}",
    fix="Name the secret greengrass-...; or add secretsmanager:GetSecretValue on it to the service "
    "role, and suppress this rule with that reason.",
    example=_ONE.format("broker-AbCdEf") + _USED.format("ro"),
)
def secrets_are_readable(fleet: Fleet) -> Iterator[Finding]:
    """The service role's managed policy reads secrets named greengrass-* only."""
    for secret in _secrets(fleet):
        name = secret.arn.rpartition(":secret:")[2]
        if not name.startswith("greengrass-"):
            yield (
                f"resources.{secret.name}.secret",
                f"{name} is outside the managed policy of the service role (greengrass-*)",
                "rename it, or extend the service role and suppress this",
            )


@rule(
    "secret-repeated",
    Severity.ERROR,
    V1,
    reason="A group has one resource for each secret.",
    source=pages.SECRETS,
    fix="Define it once, and attach that to every function that needs it.",
    example="resources:\n"
    + "".join(f'  {n}: {{secret: "{_ARN}greengrass-broker-AbCdEf"}}\n' for n in ("one", "two"))
    + "functions:\n  classify: {resources: {one: ro, two: ro}}\n",
)
def secrets_differ(fleet: Fleet) -> Iterator[Finding]:
    """A secret is one resource."""
    for secret, first in repeated((each.arn, each) for each in _secrets(fleet)):
        yield (
            f"resources.{secret.name}.secret",
            f"is the secret of resources.{first.name} too, and V1 takes one resource for each",
            f"remove it, and attach {first.name} instead",
        )


@rule(
    "secret-permission",
    Severity.NOTE,
    V1,
    reason="A secret can only be read; the group carries ro whatever is written.",
    source=pages.SECRETS,
    fix="Write ro.",
    example=_ONE.format("greengrass-broker-AbCdEf") + _USED.format("rw"),
)
def secrets_are_read(fleet: Fleet) -> Iterator[Finding]:
    """A function reads a secret and cannot write it."""
    secrets = {secret.name for secret in _secrets(fleet)}
    for function in fleet.functions.values():
        for name, access in function.resources.items():
            if name in secrets and access is Access.WRITE:
                at = f"functions.{function.name}.resources.{name}"
                yield at, "is a secret, which can only be read", "write ro"


@rule(
    "secret-lite",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite has no secret manager, and its IPC answers GetSecretValue with an error.",
    source=f"{pages.RUNTIMES}; {pages.LITE_RECIPES}",
    fix="Read the secret from Secrets Manager itself, with the credentials that the token exchange "
    "service gives a component.",
    example=_ONE.format("greengrass-broker-AbCdEf") + _USED.format("ro"),
)
def lite_has_no_secrets(fleet: Fleet) -> Iterator[Finding]:
    """Nucleus lite has no secret manager."""
    names = [secret.name for secret in _secrets(fleet)]
    if names:
        yield (
            f"resources.{names[0]}.secret",
            f"is not given by nucleus lite, which has no secret manager ({', '.join(names)})",
            "read it from Secrets Manager with the component's own credentials",
        )


@rule(
    "secret-label",
    Severity.NOTE,
    V1,
    reason="A core always fetches the version of a secret that AWSCURRENT names.",
    source=f"{pages.SECRETS}; {pages.API_V1} (AdditionalStagingLabelsToDownload)",
    fix="Remove AWSCURRENT from staging_labels.",
    example=_ONE.format("greengrass-broker-AbCdEf").replace(
        "}\n", ", staging_labels: [AWSCURRENT]}\n"
    )
    + _USED.format("ro"),
)
def labels_are_further_ones(fleet: Fleet) -> Iterator[Finding]:
    """Staging labels are those beside AWSCURRENT."""
    for secret in _secrets(fleet):
        if "AWSCURRENT" in secret.labels:
            at = f"resources.{secret.name}.staging_labels"
            yield at, "names AWSCURRENT, which is fetched anyway", "remove it"
