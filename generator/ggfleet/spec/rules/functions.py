"""Functions: how many things one may have, and how long one may take."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import DEFAULT_TIMEOUT, Fleet, Install, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import attached_ml, pieces
from ggfleet.spec.rules.registry import SPEC, V1, Finding, rule

POLICIES = 10
POLICIES_LIMIT = 20
"""AWS's pages disagree: the API's text says 10 resources for one function, the quotas say 20."""


def _with_resources(count: int) -> dict[str, str]:
    names = [f"disk-{n}" for n in range(1, count + 1)]
    lines = [f"  {name}: {{volume: /srv/{name}, destination: /{name}}}" for name in names]
    attached = ", ".join(f"{name}: ro" for name in names)
    text = "\n".join(
        ["resources:", *lines, "functions:", f"  classify: {{resources: {{{attached}}}}}"]
    )
    return {SPEC: text + "\n"}


def _policies(fleet: Fleet) -> Iterator[tuple[str, int]]:
    several, fleet = pieces(fleet), fleet.in_layers
    for function in fleet.functions.values():
        local = sum(several.get(name, 1) for name in function.resources)
        yield f"functions.{function.name}", len(attached_ml(fleet, function)) + local


@rule(
    "function-policies",
    Severity.WARNING,
    V1,
    reason="AWS's pages disagree on how many resources one function may have: the API's own text "
    "and the page on group configuration say 10, the quotas say 20. ML libraries, models, device "
    "nodes, volumes and secrets count, each node of a GPU too.",
    source=f"{pages.API_V1}; {pages.GROUP_CONFIG}; {pages.QUOTAS}",
    fix="Put files that change together into one model, library or volume.",
    example=_with_resources(11),
)
def few_access_policies(fleet: Fleet) -> Iterator[Finding]:
    """A function with more than 10 resources may be refused."""
    for path, count in _policies(fleet):
        if POLICIES < count <= POLICIES_LIMIT:
            message = f"has {count} resources; V1 takes 10 or 20, AWS's pages disagree"
            yield path, message, "join some of them"


@rule(
    "function-policies-limit",
    Severity.ERROR,
    V1,
    reason="No page of AWS allows more than 20 resources for one function.",
    source=f"{pages.QUOTAS}; {pages.LOCAL_RESOURCES_CLI}",
    fix="Put files that change together into one model, library or volume.",
    example=_with_resources(21),
)
def not_too_many_access_policies(fleet: Fleet) -> Iterator[Finding]:
    """A function has at most 20 resources."""
    for path, count in _policies(fleet):
        if count > POLICIES_LIMIT:
            yield path, f"has {count} resources of at most {POLICIES_LIMIT}", "join some of them"


@rule(
    "function-timeout",
    Severity.NOTE,
    reason="The timeout bounds each call of the handler, of a pinned function too, and V1 takes 3 "
    "seconds when none is written. The first call after a start often has to load the model.",
    source=f"{pages.GROUP_CONFIG}; {pages.ML_INFERENCE}",
    fix="Write timeout: with what the slowest device needs; AWS's ML tutorials use long ones.",
    example="models:\n  digits: {source: digits, version: 1.0.0, destination: /models}\n"
    "functions:\n  classify: {models: [digits], timeout: 3 s}\n",
)
def inference_has_time(fleet: Fleet) -> Iterator[Finding]:
    """A function with a model has more than the default of 3 seconds for a call."""
    for function in fleet.functions.values():
        if function.models and 0 < function.timeout <= DEFAULT_TIMEOUT:
            yield (
                f"functions.{function.name}.timeout",
                f"is {function.timeout} s for each call, little for a function with a model",
                "write what the slowest device needs: timeout: 30 s",
            )


@rule(
    "function-pythonpath",
    Severity.WARNING,
    reason="Without a container an ML resource lies below AWS_GG_RESOURCE_PREFIX, a folder that "
    "the core chooses when it starts the process. PYTHONPATH cannot name it beforehand.",
    source=pages.ML_RESOURCES,
    fix="Extend sys.path in the function, with AWS_GG_RESOURCE_PREFIX before the destination, as "
    "the sample's digits_process does.",
    example="libraries:\n  numpy: {requirements: libraries.txt, install: ml-resource, "
    "destination: /mllibs}\nfunctions:\n  other:\n    source: code\n    handler: function.handler\n"
    "    isolation: none\n    libraries: [numpy]\n    environment: {PYTHONPATH: /mllibs}\n",
)
def pythonpath_needs_a_container(fleet: Fleet) -> Iterator[Finding]:
    """PYTHONPATH cannot lead a process without a container to its ML libraries."""
    fleet = fleet.in_layers
    for function in fleet.functions.values():
        places = function.environment.get("PYTHONPATH", "").split(":")
        libraries = (fleet.libraries[n] for n in function.libraries if n in fleet.libraries)
        for library in libraries:
            as_resource = library.install is Install.ML_RESOURCE and not function.contained
            if as_resource and library.destination in places:
                yield (
                    f"functions.{function.name}.environment.PYTHONPATH",
                    f"names {library.destination}, which is elsewhere without a container",
                    "extend sys.path with AWS_GG_RESOURCE_PREFIX + destination in the function",
                )


_ROLE = "arn:aws:iam::{}:role/line"


@rule(
    "function-group-role",
    Severity.NOTE,
    V1,
    reason="On a V1 core code calls AWS as the group role. A group that has none gives no "
    "credentials, whatever the role of the function in Lambda may do.",
    source=pages.GROUP_ROLE,
    fix="Write aws.group_role: the ARN of a role that trusts greengrass.amazonaws.com.",
    example="functions:\n  classify: {credentials: true}\n",
)
def callers_have_a_role(fleet: Fleet) -> Iterator[Finding]:
    """A function calls AWS, and the spec names no group role."""
    for function in fleet.functions.values():
        if function.credentials and not fleet.aws.group_role:
            message = "is true, and without a group role V1 cores have no credentials"
            yield f"functions.{function.name}.credentials", message, "write aws.group_role"


@rule(
    "function-role-account",
    Severity.ERROR,
    V1,
    reason="The role is handed to the service, and IAM hands over none of another account.",
    source=f"{pages.GROUP_ROLE}; {pages.OF_ROLES}",
    fix="Write the ARN of a role in aws.account.",
    example=f"aws: {{group_role: '{_ROLE.format('210987654321')}'}}\n",
)
def the_role_is_at_home(fleet: Fleet) -> Iterator[Finding]:
    """The group role is in the fleet's account."""
    role = fleet.aws.group_role
    if role and f"::{fleet.aws.account}:" not in role:
        message = f"is a role outside {fleet.aws.account}"
        yield "aws.group_role", message, "write the ARN of a role in aws.account"
