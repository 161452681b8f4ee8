"""What the certificate of a V2 core device allows: AWS IoT policies, one core by the other.

The minimal policy of the developer guide ("Device authentication and authorization"), for exactly
one thing. Its name ends with a wildcard, because a device adds a number to it for every 50
subscriptions. Policies with variables would serve all devices, but the data plane of Greengrass
does not know them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from ggfleet.errors import GgfleetError
from ggfleet.model import CLOUD, Core, Fleet, Json, Resolved
from ggfleet.render.cloudformation.components import FROM_CLOUD, TO_CLOUD, Bodies
from ggfleet.render.cloudformation.device_role import alias_name
from ggfleet.render.cloudformation.policies import policy, size_of
from ggfleet.render.cloudformation.template import Part, logical_id, ref, resource
from ggfleet.render.group_v1.names import arn
from ggfleet.render.v2.aws import DEFENDER
from ggfleet.render.v2.connectors import cloud_subscriptions

MAX_POLICY = 2_048
"""Characters of a policy of AWS IoT, white space not counted (AWS IoT Core quotas)."""
PER_CERTIFICATE = 10
"""Policies that a certificate may have (AWS IoT Core quotas)."""

AUTH = "aws.greengrass.clientdevices.Auth"
DETECTOR = "aws.greengrass.clientdevices.IPDetector"
SHADOWS = "aws.greengrass.ShadowManager"

Actions = tuple[str, ...]
Allowance = tuple[Actions, str]
"""Actions and what they are allowed on."""
Statements = dict[Actions, list[Json]]
"""The statements of a document: what is allowed on resources, by actions."""

CONNECT: Actions = ("iot:Connect",)
PUBLISH: Actions = ("iot:Publish",)
RECEIVE: Actions = ("iot:Receive",)
BOTH: Actions = ("iot:Publish", "iot:Receive")
SUBSCRIBE: Actions = ("iot:Subscribe",)
CREDENTIALS: Actions = ("iot:AssumeRoleWithCertificate",)
GROUPS: Actions = ("greengrass:ListThingGroupsForCoreDevice",)
DEPLOY: Actions = (
    "greengrass:GetComponentVersionArtifact",
    "greengrass:GetDeploymentConfiguration",
    "greengrass:ResolveComponentCandidates",
)
"""Without a resource; the first is for AWS's components, whichever a nucleus resolves."""
VERIFY: Actions = ("greengrass:VerifyClientDeviceIoTCertificateAssociation",)
SERVE: Actions = ("greengrass:PutCertificateAuthorities", "greengrass:VerifyClientDeviceIdentity")
GET_PLACE: Actions = ("greengrass:GetConnectivityInfo",)
SYNC: Actions = ("iot:DeleteThingShadow", "iot:GetThingShadow", "iot:UpdateThingShadow")
TELL_PLACE: Actions = ("greengrass:UpdateConnectivityInfo",)


def core_policies(fleet: Fleet, bodies: Bodies) -> dict[str, Part]:
    """By core: its policies, attached where the spec knows its certificate."""
    documents = core_documents(fleet, bodies)
    return {core.name: _part(core, documents[core.name]) for core in fleet.cores}


def core_documents(fleet: Fleet, bodies: Bodies) -> dict[str, list[Json]]:
    """By core: what its certificate allows, in as few documents as AWS IoT's limit lets.

    Raises `GgfleetError` for a core that needs more of them than a certificate takes.
    """
    topics = {name: (*_topics(fleet, bodies, name),) for name in bodies.deployments}
    shadowed = {name: bodies.is_deployed(SHADOWS, name) for name in bodies.deployments}
    devices = _devices_of_cores(fleet)
    found = {}
    for core in fleet.cores:
        things = devices.get(core.name, ())
        clients = _client_devices(fleet, bodies, core, things)
        shadows = _shadows(fleet, core, things) if shadowed[core.platform] else ()
        metrics = _metrics(fleet, bodies, core)
        own = [*_own(fleet, core), *clients, *shadows, *metrics]
        documents = packed(own, topics[core.platform])
        refuse_many(core, documents)
        found[core.name] = documents
    return found


def _devices_of_cores(fleet: Fleet) -> dict[str, list[str]]:
    """The things of client devices, by core."""
    found: dict[str, list[str]] = {}
    for device in fleet.client_devices.values():
        for name in device.cores:
            found.setdefault(name, []).append(device.thing)
    return found


def _part(core: Core, documents: Iterable[Json]) -> Part:
    made: dict[str, Json] = {}
    outputs: dict[str, Json] = {}
    for number, document in enumerate(documents):
        words = (f"{core.name}-{number}", f"{core.name}/{number}")
        name = logical_id("Policy", *words)
        made[name] = resource("AWS::IoT::Policy", {"PolicyDocument": document})
        if isinstance(core.certificate_arn, Resolved):
            made[logical_id("Attached", *words)] = _attachment(name, core.certificate_arn.value)
        else:
            outputs[name] = {
                "Description": f"{core.name}: a policy to attach to its certificate",
                "Value": ref(name),
            }
    return Part(made, outputs)


def _attachment(name: str, certificate: str) -> Json:
    properties: dict[str, Json] = {"PolicyName": ref(name), "Principal": certificate}
    return resource("AWS::IoT::PolicyPrincipalAttachment", properties)


def _own(fleet: Fleet, core: Core) -> Iterator[Allowance]:
    """Connecting, deployments (jobs and shadows), health, credentials."""
    iot, mine = arn(fleet, "iot", ""), f"$aws/things/{core.thing}*"
    yield CONNECT, f"{iot}client/{core.thing}*"
    for topic in ("greengrass/health/json", "greengrassv2/health/json", "jobs/*", "shadow/*"):
        yield BOTH, f"{iot}topic/{mine}/{topic}"
    for topic in ("jobs/*", "shadow/*"):
        yield SUBSCRIBE, f"{iot}topicfilter/{mine}/{topic}"
    yield CREDENTIALS, f"{iot}rolealias/{alias_name(fleet)}"
    yield GROUPS, f"{iot}thing/{core.thing}*"
    yield DEPLOY, "*"


def _topics(fleet: Fleet, bodies: Bodies, platform: str) -> Iterator[Allowance]:
    """What components send and get by IoT Core: the fleet's as their own policies say, AWS's as
    subscriptions of the connectors that they stand for.
    """
    told = bodies.topics(platform)
    bound = [*cloud_subscriptions(fleet, bodies.entries(platform))]
    sent = {*told.get(TO_CLOUD, ()), *(each.topic for each in bound if each.target == CLOUD)}
    got = {*told.get(FROM_CLOUD, ()), *(each.topic for each in bound if each.source == CLOUD)}
    for topic in sorted(sent):
        for pattern in patterns(topic):
            yield PUBLISH, arn(fleet, "iot", f"topic/{pattern}")
    for topic in sorted(got):
        yield SUBSCRIBE, arn(fleet, "iot", f"topicfilter/{topic}")
        for pattern in patterns(topic):
            yield RECEIVE, arn(fleet, "iot", f"topic/{pattern}")


def _metrics(fleet: Fleet, bodies: Bodies, core: Core) -> Iterator[Allowance]:
    """What AWS IoT Device Defender is told of the core (developer guide, the component's page)."""
    if bodies.is_deployed(DEFENDER, core.platform):
        topic = f"$aws/things/{core.thing}*/defender/metrics/json"
        yield PUBLISH, arn(fleet, "iot", f"topic/{topic}")


def patterns(topic: str) -> Iterator[str]:
    """The topics of a filter: + and # are letters in a policy, whose wildcard is *."""
    levels = ["*" if level in ("+", "#") else level for level in topic.split("/")]
    if topic.endswith("/#"):
        yield "/".join(levels[:-1])  # which the filter matches too
    yield "/".join(levels)


def _client_devices(
    fleet: Fleet, bodies: Bodies, core: Core, things: Iterable[str]
) -> Iterator[Allowance]:
    """What AWS's components for client devices need besides."""
    if not bodies.is_deployed(AUTH, core.platform):
        return
    shadow = f"$aws/things/{core.thing}*-gci/shadow"
    yield PUBLISH, arn(fleet, "iot", f"topic/{shadow}/get")
    for topic in ("update/delta", "get/accepted"):
        yield SUBSCRIBE, arn(fleet, "iot", f"topicfilter/{shadow}/{topic}")
        yield RECEIVE, arn(fleet, "iot", f"topic/{shadow}/{topic}")
    yield SERVE, "*"
    for thing in things if fleet.client_devices else ["*"]:
        yield VERIFY, arn(fleet, "iot", f"thing/{thing}")
    own = arn(fleet, "iot", f"thing/{core.thing}*")
    yield GET_PLACE, own
    if bodies.is_deployed(DETECTOR, core.platform):
        yield TELL_PLACE, own


def _shadows(fleet: Fleet, core: Core, things: Iterable[str]) -> Iterator[Allowance]:
    """What the shadow manager needs to sync with the cloud: the core's own, and its devices'."""
    for name in (f"{core.thing}*", *things):
        yield SYNC, arn(fleet, "iot", f"thing/{name}")


def packed(own: Iterable[Allowance], topics: tuple[Allowance, ...]) -> list[Json]:
    """As few documents as their limit allows, with a statement for the same actions in each."""
    documents, size = _spread(own, (), _EMPTY)
    last = documents[-1]
    more, further = _continued(topics, tuple(last), size)
    for actions, resources in more.items():
        last.setdefault(actions, []).extend(resources)
    return [*map(_document, documents), *further]


@cache
def _continued(
    topics: tuple[Allowance, ...], begun: tuple[Actions, ...], size: int
) -> tuple[Statements, list[Json]]:
    """What a document of this size, with statements for what is `begun`, still takes; and others.

    Kept, since cores of a platform have the same topics, and names of a few lengths.
    """
    (more, *others), _ = _spread(topics, begun, size)
    return more, [*map(_document, others)]


def _spread(
    allowances: Iterable[Allowance], begun: Iterable[Actions], size: int
) -> tuple[list[Statements], int]:
    """What goes into a document of this size, and into others after it; and the last one's size."""
    documents: list[Statements] = [{}]
    there = {*begun}
    for actions, on in allowances:
        cost = len(on) + len('"",') + (0 if actions in there else _cost(actions))
        if size + cost > MAX_POLICY and there:
            documents.append({})
            there.clear()
            size, cost = _EMPTY, len(on) + len('"",') + _cost(actions)
        there.add(actions)
        documents[-1].setdefault(actions, []).append(on)
        size += cost
    return documents, size


def _document(statements: Statements) -> Json:
    return policy(_statement(*each) for each in statements.items())


def _statement(actions: Actions, resources: list[Json]) -> Json:
    return {"Effect": "Allow", "Action": [*actions], "Resource": resources}


@cache
def _cost(actions: Actions) -> int:
    """Characters of a statement without resources, and the comma that follows it."""
    return size_of(_statement(actions, [])) + 1


_EMPTY = size_of(policy([]))


def refuse_many(core: Core, documents: list[Json]) -> None:
    """Refuse more policies than a certificate takes."""
    if len(documents) > PER_CERTIFICATE:
        raise GgfleetError(
            f"{core.name} needs {len(documents)} policies of {MAX_POLICY} characters for its "
            f"topics, and a certificate takes {PER_CERTIFICATE}",
            fix="subscribe by wildcards, or use fewer topics",
        )
