"""What must go in AWS with certificates of cores, or with cores. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ggfleet.cloud.plan import Call, CorePlan, Plan, for_each
from ggfleet.cloud.reading import ACTIVE, INACTIVE, REVOKED, Found, Reader
from ggfleet.errors import CloudError, GgfleetError
from ggfleet.model import Device, Json
from ggfleet.system.progress import Progress


@dataclass(frozen=True)
class Leave:
    """What goes. Without `keep` and `certificates` it is all that a core has.

    `keep` is the id of the one certificate that stays, together with thing and policies;
    `certificates` are ids of those that go alone. `revoke` cannot be taken back. `delete` deletes
    what was detached.
    """

    keep: str = ""
    certificates: tuple[str, ...] = ()
    revoke: bool = False
    delete: bool = False

    @property
    def whole(self) -> bool:
        """Whether the core itself goes."""
        return not self.keep and not self.certificates


def plan_departure(
    devices: Iterable[Device], leave: Leave, reader: Reader, progress: Progress
) -> Plan:
    """The calls that are missing; what has gone already needs none."""
    named = [(device.core, device) for device in devices]
    cores = for_each(named, lambda device: _plan_core(device, leave, reader), progress, "read")
    return Plan((), tuple(cores))


def _plan_core(device: Device, leave: Leave, reader: Reader) -> CorePlan:
    try:
        calls = [*_core_calls(device, leave, reader)]
    except GgfleetError as error:
        return CorePlan(device.core, device.thing, refused=error)
    return CorePlan(device.core, device.thing, tuple(calls))


def _core_calls(device: Device, leave: Leave, reader: Reader) -> Iterator[Call]:
    is_there = reader.thing(device.thing)
    attached = reader.certificates_of(device.thing) if is_there else []
    for certificate in _going(device, leave, attached, reader):
        yield from _certificate_calls(device, certificate, leave, reader)
    if not leave.whole:
        return
    if device.group and is_there and device.group in reader.groups_of(device.thing):
        arguments: dict[str, Json] = {"thingName": device.thing, "thingGroupName": device.group}
        tells = f"take {device.thing} out of the thing group {device.group}"
        yield Call("iot", "remove_thing_from_thing_group", arguments, tells)
    if leave.delete:
        for policy in device.policies:
            yield from _delete_policy_calls(policy.name, reader)
        if is_there:
            arguments = {"thingName": device.thing}
            yield Call("iot", "delete_thing", arguments, f"delete the thing {device.thing}")


def _going(device: Device, leave: Leave, attached: list[Found], reader: Reader) -> Iterator[Found]:
    if leave.certificates:
        found = [reader.certificate(each) for each in leave.certificates]
        yield from (each for each in found if each is not None)
        return
    stays = [each for each in attached if each.id == leave.keep and each.status == ACTIVE]
    if leave.keep and not stays:
        raise CloudError(
            f"{leave.keep} is no active certificate of {device.thing}: nothing is taken from it, "
            "since a core without a certificate cannot be reached any more",
            fix="name the id of the certificate that the device uses",
        )
    yield from (each for each in attached if each.id != leave.keep)


def _certificate_calls(
    device: Device, certificate: Found, leave: Leave, reader: Reader
) -> Iterator[Call]:
    things = reader.things_of(certificate.arn)
    others = [thing for thing in things if thing != device.thing]
    if others:
        raise CloudError(
            f"the certificate {certificate.id} serves {', '.join(others)} too",
            fix="detach it there first",
        )
    name = f"the certificate {certificate.id}"
    status = REVOKED if leave.revoke else INACTIVE
    if certificate.status not in (status, REVOKED):
        word = "revoke" if leave.revoke else "deactivate"
        arguments: dict[str, Json] = {"certificateId": certificate.id, "newStatus": status}
        yield Call("iot", "update_certificate", arguments, f"{word} {name}")
    for policy in reader.attached(certificate.arn):
        arguments = {"policyName": policy, "target": certificate.arn}
        yield Call("iot", "detach_policy", arguments, f"detach the policy {policy} from {name}")
    if things:
        arguments = {"thingName": device.thing, "principal": certificate.arn}
        tells = f"detach {name} from {device.thing}"
        yield Call("iot", "detach_thing_principal", arguments, tells)
    if leave.delete:
        arguments = {"certificateId": certificate.id}
        yield Call("iot", "delete_certificate", arguments, f"delete {name}")


def _delete_policy_calls(name: str, reader: Reader) -> Iterator[Call]:
    if reader.policy(name) is None:
        return
    for version in reader.spare_versions(name):
        arguments: dict[str, Json] = {"policyName": name, "policyVersionId": version}
        tells = f"delete version {version} of the policy {name}"
        yield Call("iot", "delete_policy_version", arguments, tells)
    yield Call("iot", "delete_policy", {"policyName": name}, f"delete the policy {name}")
