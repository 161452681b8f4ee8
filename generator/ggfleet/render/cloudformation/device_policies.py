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
from ggfleet.model import Core, Fleet, Json, Resolved
from ggfleet.render.cloudformation.components import PUBLISH, SUBSCRIBE, Bodies
from ggfleet.render.cloudformation.device_role import alias_name
from ggfleet.render.cloudformation.policies import policy, size_of
from ggfleet.render.cloudformation.template import Part, logical_id, ref, resource
from ggfleet.render.group_v1.names import arn

MAX_POLICY = 2_048
"""Characters of a policy of AWS IoT, white space not counted (AWS IoT Core quotas)."""
PER_CERTIFICATE = 10
"""Policies that a certificate may have (AWS IoT Core quotas)."""

AUTH = "aws.greengrass.clientdevices.Auth"
DETECTOR = "aws.greengrass.clientdevices.IPDetector"

Allowance = tuple[str, str]
"""An action and what it is allowed on."""

_ANYWHERE = (
    "greengrass:GetComponentVersionArtifact",
    "greengrass:GetDeploymentConfiguration",
    "greengrass:ResolveComponentCandidates",
)
"""Actions without a resource; the first is for AWS's components, whatever a nucleus resolves."""


def core_policies(fleet: Fleet, bodies: Bodies, cores: Iterable[Core]) -> Part:
    """The policies of some cores, attached where the spec knows their certificates."""
    made: dict[str, Json] = {}
    outputs: dict[str, Json] = {}
    topics = {name: [*_topics(fleet, bodies, name)] for name in bodies.deployments}
    for core in cores:
        allowances = [*_own(fleet, core), *_client_devices(fleet, bodies, core)]
        documents = _packed([*allowances, *topics[core.platform]])
        _refuse_many(core, documents)
        for number, document in enumerate(documents):
            name = logical_id("Policy", f"{core.name}-{number}", f"{core.name}/{number}")
            made[name] = resource("AWS::IoT::Policy", {"PolicyDocument": document})
            if isinstance(core.certificate_arn, Resolved):
                attached = logical_id("Attached", f"{core.name}-{number}", f"{core.name}/{number}")
                made[attached] = _attachment(name, core.certificate_arn.value)
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
    mine = f"$aws/things/{core.thing}*"
    yield "iot:Connect", arn(fleet, "iot", f"client/{core.thing}*")
    for action in ("iot:Publish", "iot:Receive"):
        for topic in ("greengrass/health/json", "greengrassv2/health/json", "jobs/*", "shadow/*"):
            yield action, arn(fleet, "iot", f"topic/{mine}/{topic}")
    for topic in ("jobs/*", "shadow/*"):
        yield "iot:Subscribe", arn(fleet, "iot", f"topicfilter/{mine}/{topic}")
    yield "iot:AssumeRoleWithCertificate", arn(fleet, "iot", f"rolealias/{alias_name(fleet)}")
    thing = arn(fleet, "iot", f"thing/{core.thing}*")
    yield "greengrass:ListThingGroupsForCoreDevice", thing
    for action in _ANYWHERE:
        yield action, "*"


def _topics(fleet: Fleet, bodies: Bodies, platform: str) -> Iterator[Allowance]:
    """What components send and get by IoT Core, as their own policies say."""
    told = bodies.topics(platform)
    for topic in told.get(PUBLISH, ()):
        for pattern in _patterns(topic):
            yield "iot:Publish", arn(fleet, "iot", f"topic/{pattern}")
    for topic in told.get(SUBSCRIBE, ()):
        yield "iot:Subscribe", arn(fleet, "iot", f"topicfilter/{topic}")
        for pattern in _patterns(topic):
            yield "iot:Receive", arn(fleet, "iot", f"topic/{pattern}")


def _patterns(topic: str) -> Iterator[str]:
    """The topics of a filter: + and # are letters in a policy, whose wildcard is *."""
    levels = ["*" if level in ("+", "#") else level for level in topic.split("/")]
    if topic.endswith("/#"):
        yield "/".join(levels[:-1])  # which the filter matches too
    yield "/".join(levels)


def _client_devices(fleet: Fleet, bodies: Bodies, core: Core) -> Iterator[Allowance]:
    """What AWS's components for client devices need besides."""
    if not bodies.is_deployed(AUTH, core.platform):
        return
    shadow = f"$aws/things/{core.thing}*-gci/shadow"
    yield "iot:Publish", arn(fleet, "iot", f"topic/{shadow}/get")
    for topic in ("update/delta", "get/accepted"):
        yield "iot:Subscribe", arn(fleet, "iot", f"topicfilter/{shadow}/{topic}")
        yield "iot:Receive", arn(fleet, "iot", f"topic/{shadow}/{topic}")
    yield "greengrass:PutCertificateAuthorities", "*"
    yield "greengrass:VerifyClientDeviceIdentity", "*"
    mine = [each.thing for each in fleet.client_devices.values() if core.name in each.cores]
    for thing in mine if fleet.client_devices else ["*"]:
        action = "greengrass:VerifyClientDeviceIoTCertificateAssociation"
        yield action, arn(fleet, "iot", f"thing/{thing}")
    own = arn(fleet, "iot", f"thing/{core.thing}*")
    yield "greengrass:GetConnectivityInfo", own
    if bodies.is_deployed(DETECTOR, core.platform):
        yield "greengrass:UpdateConnectivityInfo", own


def _packed(allowances: Iterable[Allowance]) -> list[Json]:
    """As few documents as their limit allows, one statement for each action."""
    documents: list[dict[str, list[Json]]] = [{}]
    size = _EMPTY
    for action, on in allowances:
        cost = len(on) + len('"",') + (0 if action in documents[-1] else _cost(action))
        if size + cost > MAX_POLICY and documents[-1]:
            documents.append({})
            size, cost = _EMPTY, len(on) + len('"",') + _cost(action)
        documents[-1].setdefault(action, []).append(on)
        size += cost
    return [policy(_statement(*each) for each in actions.items()) for actions in documents]


def _statement(action: str, resources: list[Json]) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resources}


@cache
def _cost(action: str) -> int:
    """Characters of a statement without resources, and the comma that follows it."""
    return size_of(_statement(action, [])) + 1


_EMPTY = size_of(policy([]))


def _refuse_many(core: Core, documents: list[Json]) -> None:
    if len(documents) > PER_CERTIFICATE:
        raise GgfleetError(
            f"{core.name} needs {len(documents)} policies of {MAX_POLICY} characters for its "
            f"topics, and a certificate takes {PER_CERTIFICATE}",
            fix="subscribe by wildcards, or use fewer topics",
        )
