"""DeviceDefinitionVersion: the client devices of one core."""

from __future__ import annotations

from collections.abc import Sequence

from ggfleet.model import ClientDevice, Fleet, Json, Resolved
from ggfleet.render.group_v1.names import arn, element_id, refuse_repeated


def device_version(fleet: Fleet, devices: Sequence[ClientDevice]) -> dict[str, Json]:
    """The devices as the spec orders them; a certificate that is pending was told before."""
    refuse_repeated("client devices", (each.thing for each in devices))
    return {"Devices": [_device(fleet, each) for each in devices]}


def thing_arn(fleet: Fleet, device: ClientDevice) -> str:
    """What subscriptions call a device."""
    return arn(fleet, "iot", f"thing/{device.thing}")


def _device(fleet: Fleet, device: ClientDevice) -> dict[str, Json]:
    certificate = device.certificate_arn
    assert isinstance(certificate, Resolved), f"the certificate of {device.name} is pending"
    return {
        "Id": element_id(device.thing, f"the thing name of the client device {device.name}"),
        "ThingArn": thing_arn(fleet, device),
        "CertificateArn": certificate.value,
        "SyncShadow": device.sync_shadow,
    }
