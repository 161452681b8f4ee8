"""Taking certificates of cores, and cores, out of a stand-in for AWS IoT again."""

from __future__ import annotations

from dataclasses import replace

from functional.registrations import depart, register, request_of
from ggfleet.cloud import Leave
from ggfleet.model import Registration
from iot_support import Iot


def test_rotation_keeps_the_new_certificate_alone(wanted: Registration, iot: Iot) -> None:
    """Deactivated and detached first; deleted with consent alone; nothing to do afterwards."""
    device = wanted.devices[0]
    alone = replace(wanted, devices=(device,))
    old = register(alone, iot, {device.core: request_of("old")}).cores[0].certificate
    new = register(alone, iot, {device.core: request_of("new")}).cores[0].certificate
    assert old is not None
    assert new is not None
    assert len(iot.reader().certificates_of(device.thing)) == 2
    depart(device, Leave(keep=new.id), iot)
    assert [c.id for c in iot.reader().certificates_of(device.thing)] == [new.id]
    left = iot.reader().certificate(old.id)
    assert left is not None
    assert (left.status, iot.reader().attached(old.arn)) == ("INACTIVE", [])
    assert iot.reader().attached(new.arn) == [device.policies[0].name]
    assert not depart(device, Leave(keep=new.id), iot).changed
    depart(device, Leave(certificates=(old.id,), delete=True), iot)
    assert iot.reader().certificate(old.id) is None


def test_a_core_is_never_left_without_a_certificate(wanted: Registration, iot: Iot) -> None:
    """What is to be kept must be active and attached."""
    device = wanted.devices[0]
    register(wanted, iot, {device.core: request_of("only")})
    [failed] = depart(device, Leave(keep="0" * 64), iot).failed
    assert "nothing is taken from it" in str(failed.error)
    assert [c.status for c in iot.reader().certificates_of(device.thing)] == ["ACTIVE"]


def test_a_certificate_of_two_things_is_not_taken_from_both(wanted: Registration, iot: Iot) -> None:
    first, second = wanted.devices
    register(wanted, iot, {first.core: request_of("shared")})
    [certificate] = iot.reader().certificates_of(first.thing)
    client = iot.clients().iot
    client.attach_thing_principal(thingName=second.thing, principal=certificate.arn)
    [failed] = depart(first, Leave(), iot).failed
    assert f"serves {second.thing} too" in str(failed.error)


def test_a_whole_core_goes_with_what_is_its_own(wanted: Registration, iot: Iot) -> None:
    """First out of use, then with consent deleted; the other core and the role stay."""
    first, second = wanted.devices
    register(wanted, iot, {core.core: request_of(core.core) for core in wanted.devices})
    depart(first, Leave(), iot)
    assert iot.reader().groups_of(first.thing) == []
    assert iot.reader().thing(first.thing)
    depart(first, Leave(delete=True), iot)
    assert not iot.reader().thing(first.thing)
    assert iot.reader().policy(first.policies[0].name) is None
    assert len(iot.reader().certificates_of(second.thing)) == 1
    assert not depart(first, Leave(delete=True), iot).changed


def test_a_revoked_certificate_stays_revoked(wanted: Registration, iot: Iot) -> None:
    device = wanted.devices[0]
    made = register(wanted, iot, {device.core: request_of("x")}).cores[0].certificate
    assert made is not None
    depart(device, Leave(certificates=(made.id,), revoke=True), iot)
    depart(device, Leave(certificates=(made.id,)), iot)
    found = iot.reader().certificate(made.id)
    assert found is not None
    assert found.status == "REVOKED"
