"""What must change in AWS so that the cores of a fleet are registered. Reads only."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ggfleet.cloud.plan import NEW_CERTIFICATE, SIGN, Call, Certificate, CorePlan, Plan, for_each
from ggfleet.cloud.reading import ACTIVE, Found, Reader
from ggfleet.cloud.requests import checked_request, is_expired, key_of
from ggfleet.errors import CloudError, GgfleetError
from ggfleet.model import OWN_POLICY, Device, DeviceRole, Json, Policy, Registration
from ggfleet.system.progress import Progress

MAX_VERSIONS = 5
"""Versions that a policy of AWS IoT may have (AWS IoT Core quotas)."""

Requests = Mapping[str, str]
"""Certificate signing requests as PEM, by core."""


@dataclass(frozen=True)
class _Shared:
    """What is planned for all cores together; `closed` groups choose their things themselves."""

    calls: tuple[Call, ...]
    notes: tuple[str, ...]
    closed: frozenset[str]


def plan_registration(
    wanted: Registration, requests: Requests, reader: Reader, progress: Progress
) -> Plan:
    """The calls that are missing. What is right already needs none.

    A core with a request gets a certificate for that key, unless an active one is attached to its
    thing already. A core without one keeps the certificates that it has.
    """
    shared = _plan_shared(wanted, reader)
    named = [(device.core, device) for device in wanted.devices]

    def plan(device: Device) -> CorePlan:
        return _plan_core(device, wanted.fleet, requests.get(device.core), shared.closed, reader)

    return Plan(shared.calls, tuple(for_each(named, plan, progress, "read")), shared.notes)


def _plan_shared(wanted: Registration, reader: Reader) -> _Shared:
    calls: list[Call] = []
    notes: list[str] = []
    closed = set()
    for name in sorted({device.group for device in wanted.devices} - {""}):
        found = reader.group(name)
        if found is None:
            arguments: dict[str, Json] = {"thingGroupName": name}
            calls.append(
                Call("iot", "create_thing_group", arguments, f"create the thing group {name}")
            )
        elif found.get("queryString"):
            closed.add(name)
            notes.append(
                f"the thing group {name} chooses its things itself: nothing is put into it"
            )
    if wanted.role:
        calls += _role_calls(wanted.role, wanted.fleet, reader, notes)
    if wanted.role and wanted.untold:
        notes.append(
            f"the role {wanted.role.name} allows what the spec tells alone: attach policies for "
            f"what {', '.join(wanted.untold)} call"
        )
    return _Shared(tuple(calls), tuple(notes), frozenset(closed))


def _role_calls(role: DeviceRole, fleet: str, reader: Reader, notes: list[str]) -> Iterator[Call]:
    known = reader.alias(role.alias)
    if known not in (None, role.arn):
        notes.append(
            f"the role alias {role.alias} stands for {known}, not made here: left as it is"
        )
        return
    yield from _plan_role(role, fleet, reader)
    if known is None:
        arguments: dict[str, Json] = {"roleAlias": role.alias, "roleArn": role.arn}
        yield Call("iot", "create_role_alias", arguments, f"create the role alias {role.alias}")


def _plan_role(role: DeviceRole, fleet: str, reader: Reader) -> Iterator[Call]:
    trusted = reader.role_trust(role.name)
    trust = json.dumps(role.trust)
    if trusted is None:
        tags: Json = [{"Key": "ggfleet:fleet", "Value": fleet}]
        arguments: dict[str, Json] = {
            "RoleName": role.name,
            "AssumeRolePolicyDocument": trust,
            "Description": f"What the Greengrass core devices of {fleet} may do in AWS",
            "Tags": tags,
        }
        yield Call("iam", "create_role", arguments, f"create the role {role.name}")
    elif trusted != role.trust:
        arguments = {"RoleName": role.name, "PolicyDocument": trust}
        tells = f"correct who may assume the role {role.name}"
        yield Call("iam", "update_assume_role_policy", arguments, tells)
    there = {} if trusted is None else reader.role_policies(role.name)
    for policy in role.policies:
        if there.get(policy.name) != policy.document:
            arguments = {
                "RoleName": role.name,
                "PolicyName": policy.name,
                "PolicyDocument": json.dumps(policy.document),
            }
            tells = f"write the policy {policy.name} of the role {role.name}"
            yield Call("iam", "put_role_policy", arguments, tells)
    wanted = {policy.name for policy in role.policies}
    for name in sorted(there.keys() - wanted):
        if name.startswith(OWN_POLICY):
            arguments = {"RoleName": role.name, "PolicyName": name}
            tells = f"remove the policy {name} of the role {role.name}"
            yield Call("iam", "delete_role_policy", arguments, tells)


def _plan_core(
    device: Device, fleet: str, request: str | None, closed: Collection[str], reader: Reader
) -> CorePlan:
    plan = CorePlan(device.core, device.thing)
    try:
        is_there = reader.thing(device.thing)
        found = reader.certificates_of(device.thing) if is_there else []
        kept = _chosen(device, request, found, reader)
        calls = [*_thing_calls(device, closed, reader, is_there=is_there)]
        for policy in device.policies:
            calls += _policy_calls(policy, reader)
        if request and kept is None:
            calls += _new_certificate_calls(device, request)
        served = [each for each in found if each.status == ACTIVE]
        if kept and kept not in served:
            arguments: dict[str, Json] = {"thingName": device.thing, "principal": kept.arn}
            tells = f"attach the certificate {kept.id} to {device.thing}"
            calls.append(Call("iot", "attach_thing_principal", arguments, tells))
            served.append(kept)
        for each in served:
            calls += _attachment_calls(device, fleet, each, reader)
    except GgfleetError as error:
        return CorePlan(plan.core, plan.thing, refused=error)
    only = kept or (served[0] if len(served) == 1 and not request else None)
    certificate = Certificate(only.arn, only.id, only.pem) if only else None
    return CorePlan(plan.core, plan.thing, tuple(calls), certificate)


def _thing_calls(
    device: Device, closed: Collection[str], reader: Reader, *, is_there: bool
) -> Iterator[Call]:
    if not is_there:
        arguments: dict[str, Json] = {"thingName": device.thing}
        yield Call("iot", "create_thing", arguments, f"create the thing {device.thing}")
    if not device.group or device.group in closed:
        return
    if not is_there or device.group not in reader.groups_of(device.thing):
        arguments = {"thingName": device.thing, "thingGroupName": device.group}
        tells = f"put {device.thing} into the thing group {device.group}"
        yield Call("iot", "add_thing_to_thing_group", arguments, tells)


def _policy_calls(policy: Policy, reader: Reader) -> Iterator[Call]:
    there = reader.policy(policy.name)
    text = json.dumps(policy.document, separators=(",", ":"))
    arguments: dict[str, Json] = {"policyName": policy.name, "policyDocument": text}
    if there is None:
        yield Call("iot", "create_policy", arguments, f"create the policy {policy.name}")
    elif there != policy.document:
        spare = reader.spare_versions(policy.name)
        if len(spare) + 1 >= MAX_VERSIONS:
            old: dict[str, Json] = {"policyName": policy.name, "policyVersionId": spare[0]}
            tells = f"delete version {spare[0]} of the policy {policy.name}"
            yield Call("iot", "delete_policy_version", old, tells)
        tells = f"write a new version of the policy {policy.name}"
        yield Call("iot", "create_policy_version", {**arguments, "setAsDefault": True}, tells)


def _chosen(
    device: Device, request: str | None, found: list[Found], reader: Reader
) -> Found | None:
    """The certificate that the core is to use: of the request's key, or the inventory's."""
    if request:
        return _of_key(device, checked_request(device.core, request), found)
    if not device.certificate_arn:
        return None
    named = reader.certificate(device.certificate_arn.rpartition("/")[2])
    if named is None or named.status != ACTIVE:
        state = "not known to AWS IoT" if named is None else named.status
        raise CloudError(
            f"the certificate {device.certificate_arn} of {device.core} is {state}",
            fix="correct greengrass_certificate_arn in the inventory, or leave it out and let the "
            "device make its key",
        )
    return named


def _of_key(device: Device, key: bytes, found: list[Found]) -> Found | None:
    """The attached certificate of this key. One that its owner has deactivated stays so."""
    same = [each for each in found if key_of(each.pem) == key and not is_expired(each.pem)]
    active = [each for each in same if each.status == ACTIVE]
    if same and not active:
        raise CloudError(
            f"the certificate {same[0].id} of {device.core} is {same[0].status}",
            fix="rotate it (playbooks/rotate_certificates.yml), or activate it in AWS IoT",
        )
    return active[0] if active else None


def _new_certificate_calls(device: Device, request: str) -> Iterator[Call]:
    sign: dict[str, Json] = {"certificateSigningRequest": request, "setAsActive": True}
    yield Call("iot", SIGN, sign, f"sign the request of {device.core}")
    # At once, so that a run that is cut off finds it again. Without a policy it allows nothing.
    attach: dict[str, Json] = {"thingName": device.thing, "principal": NEW_CERTIFICATE}
    tells = f"attach the new certificate to {device.thing}"
    yield Call("iot", "attach_thing_principal", attach, tells)
    for policy in device.policies:
        arguments: dict[str, Json] = {"policyName": policy.name, "target": NEW_CERTIFICATE}
        tells = f"attach the policy {policy.name} to the new certificate"
        yield Call("iot", "attach_policy", arguments, tells)


def _attachment_calls(
    device: Device, fleet: str, certificate: Found, reader: Reader
) -> Iterator[Call]:
    there = reader.attached(certificate.arn)
    wanted = [policy.name for policy in device.policies]
    for name in wanted:
        if name not in there:
            arguments: dict[str, Json] = {"policyName": name, "target": certificate.arn}
            tells = f"attach the policy {name} to the certificate {certificate.id}"
            yield Call("iot", "attach_policy", arguments, tells)
    own = re.compile(re.escape(f"{fleet}-core-{device.core}-") + r"\d+")
    for name in there:
        if name not in wanted and own.fullmatch(name):
            arguments = {"policyName": name, "target": certificate.arn}
            tells = f"detach the policy {name} from the certificate {certificate.id}"
            yield Call("iot", "detach_policy", arguments, tells)
