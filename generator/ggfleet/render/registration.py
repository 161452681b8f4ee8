"""What AWS must know of the cores before they connect, of the same parts as the stacks.

It needs no archive: what a certificate and the device role allow follows from names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    CLOUD,
    OWN_POLICY,
    Core,
    Device,
    DeviceRole,
    Fleet,
    Json,
    Manifest,
    Policy,
    Registration,
    Resolved,
)
from ggfleet.render.cloudformation.components import Bodies, bodies_of
from ggfleet.render.cloudformation.device_policies import (
    BOTH,
    CONNECT,
    GET_PLACE,
    PUBLISH,
    RECEIVE,
    SUBSCRIBE,
    SYNC,
    TELL_PLACE,
    Actions,
    Allowance,
    core_documents,
    packed,
    patterns,
    refuse_many,
)
from ggfleet.render.cloudformation.device_role import (
    PROVIDER,
    alias_name,
    role_notes,
    role_policies,
)
from ggfleet.render.cloudformation.generations import Generation
from ggfleet.render.cloudformation.policies import trust
from ggfleet.render.group_v1.names import arn, partition
from ggfleet.render.v2 import render_deployment_v2, render_recipes_v2

MAX_ROLE_NAME = 64
"""Characters of a role's name (IAM quotas)."""

GROUP_ROLE: Actions = ("greengrass:AssumeRoleForGroup", "greengrass:CreateCertificate")
FETCH: Actions = ("greengrass:GetDeployment", "greengrass:GetDeploymentArtifacts")
TELL: Actions = ("greengrass:UpdateCoreDeploymentStatus",)


def registration(fleet: Fleet, manifest: Manifest, generation: Generation) -> Registration:
    """What the cores of a fleet need in AWS.

    `manifest` may have stand-ins for archives that are not built yet. Raises `GgfleetError` for
    what AWS does not take.
    """
    if generation is Generation.V1:
        documents = {core.name: _v1_documents(fleet, core) for core in fleet.cores}
        return Registration(fleet.name, tuple(_devices(fleet, documents, {})))
    fleet = fleet.in_layers
    recipes = render_recipes_v2(fleet, manifest)
    bodies = bodies_of(recipes, render_deployment_v2(fleet, manifest))
    groups = {
        platform: str(body["targetArn"]).rpartition("/")[2]
        for platform, body in bodies.deployments.items()
    }
    devices = _devices(fleet, core_documents(fleet, bodies), groups)
    untold = tuple(dict.fromkeys(note.path for note in role_notes(fleet, bodies)))
    return Registration(fleet.name, tuple(devices), _role(fleet, bodies), untold)


def _role(fleet: Fleet, bodies: Bodies) -> DeviceRole:
    name = alias_name(fleet)
    if len(name) > MAX_ROLE_NAME:
        raise GgfleetError(
            f"the role {name} has {len(name)} characters, and IAM takes {MAX_ROLE_NAME}",
            fix="give the fleet a shorter name",
        )
    policies = [_within(each) for each in role_policies(fleet, bodies)]
    own = f"arn:{partition(fleet.aws.region)}:iam::{fleet.aws.account}:role/{name}"
    return DeviceRole(name, own, name, trust(PROVIDER), tuple(policies))


def _within(inline: Json) -> Policy:
    assert isinstance(inline, Mapping)
    return Policy(f"{OWN_POLICY}{inline['PolicyName']}", inline["PolicyDocument"])


def _devices(
    fleet: Fleet, documents: Mapping[str, list[Json]], groups: Mapping[str, str]
) -> Iterator[Device]:
    for core in fleet.cores:
        named = core.certificate_arn
        policies = [
            Policy(f"{fleet.name}-core-{core.name}-{number}", document)
            for number, document in enumerate(documents[core.name])
        ]
        yield Device(
            core.name,
            core.thing,
            groups.get(core.platform, ""),
            tuple(policies),
            named.value if isinstance(named, Resolved) else "",
        )


def _v1_documents(fleet: Fleet, core: Core) -> list[Json]:
    """The minimal policy of V1's guide ("Device authentication and authorization"), and topics.

    Groups get their ids when they are made, so that deployments are allowed of any group.
    """
    documents = packed(_v1_own(fleet, core), tuple(_v1_topics(fleet)))
    refuse_many(core, documents)
    return documents


def _v1_own(fleet: Fleet, core: Core) -> Iterator[Allowance]:
    mine, thing = f"{core.thing}-*", arn(fleet, "iot", f"thing/{core.thing}")
    deployments = "/greengrass/groups/*/deployments"
    for client in (core.thing, mine):
        yield CONNECT, arn(fleet, "iot", f"client/{client}")
        yield BOTH, arn(fleet, "iot", f"topic/$aws/things/{client}/*")
        yield SUBSCRIBE, arn(fleet, "iot", f"topicfilter/$aws/things/{client}/*")
        yield SYNC, arn(fleet, "iot", f"thing/{client}")
    yield GROUP_ROLE, "*"
    yield FETCH, arn(fleet, "greengrass", f"{deployments}/*")
    yield TELL, arn(fleet, "greengrass", f"{deployments}/*/cores/{quote(thing, safe='')}")
    yield GET_PLACE, thing
    yield TELL_PLACE, thing


def _v1_topics(fleet: Fleet) -> Iterator[Allowance]:
    """The core relays its group's messages to and from the cloud with its own certificate."""
    for topic in sorted({each.topic for each in fleet.incoming.get(CLOUD, ())}):
        for pattern in patterns(topic):
            yield PUBLISH, arn(fleet, "iot", f"topic/{pattern}")
    for topic in sorted({each.topic for each in fleet.outgoing.get(CLOUD, ())}):
        yield SUBSCRIBE, arn(fleet, "iot", f"topicfilter/{topic}")
        for pattern in patterns(topic):
            yield RECEIVE, arn(fleet, "iot", f"topic/{pattern}")
