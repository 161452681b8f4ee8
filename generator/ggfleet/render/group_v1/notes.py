"""What a V1 group leaves out or changes, in the order of the spec."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Deployment, Fleet, Install, LocalDevice, Note

NEWEST_PYTHON = (3, 8)
"""The newest runtime of the last core software, 1.11."""

END_OF_V1 = (
    "AWS ended Greengrass V1 on 2026-10-07; the documents are for endpoints that still speak its "
    "API, for `ggfleet run`, and for comparing with V2"
)


def notes(fleet: Fleet) -> Iterator[Note]:
    """Every note on a fleet."""
    yield Note("", END_OF_V1)
    yield from _platforms(fleet)
    yield from _libraries(fleet)
    yield from _unused(fleet)
    yield from hardware(fleet)
    yield from _containers(fleet)
    yield from _deployment(fleet)


def _platforms(fleet: Fleet) -> Iterator[Note]:
    plain = [f for f in fleet.functions.values() if not f.runtime and not f.executable]
    for platform in fleet.used_platforms():
        if platform.python_version > NEWEST_PYTHON and plain:
            message = (
                f"V1 cores know python3.8 at most: they do not start functions of the "
                f"runtime python{platform.python}"
            )
            yield Note(f"platforms.{platform.name}.python", message)


def _libraries(fleet: Fleet) -> Iterator[Note]:
    for library in fleet.libraries.values():
        if library.install is Install.OS_PIP:
            message = "is installed at OS level by the playbooks; the group does not carry it"
            yield Note(library.path, message, hint=True)


def _unused(fleet: Fleet) -> Iterator[Note]:
    message = "is used by no function and no connector, and left out"
    for library in fleet.libraries.values():
        if library.install is Install.ML_RESOURCE and not fleet.is_used(library):
            yield Note(library.path, message)
    for model in fleet.models.values():
        if not fleet.is_used(model):
            yield Note(f"models.{model.name}", message)
    used = fleet.used_resources()
    for name in fleet.resources:
        if name not in used:
            yield Note(f"resources.{name}", message)


def hardware(fleet: Fleet) -> Iterator[Note]:
    """Paths that nobody tried, and platforms without what others have."""
    used = fleet.used_resources()
    devices = [each for each in fleet.resources.values() if isinstance(each, LocalDevice)]
    for device in (each for each in devices if each.name in used):
        for platform in fleet.used_platforms():
            at = f"resources.{device.name}"
            if device.variants and not dict(device.variants).get(platform.name):
                yield Note(at, f"is left out for {platform.name}, which has no such hardware")
            for kind in device.hardware:
                hardware = platform.find(kind)
                if hardware is not None and hardware.doubt and hardware.paths:
                    paths = ", ".join(hardware.paths)
                    message = f"is {paths} on {platform.name}: {hardware.doubt}"
                    yield Note(at, message, hint=True)


def _containers(fleet: Fleet) -> Iterator[Note]:
    for function in fleet.functions.values():
        if function.memory and not function.contained:
            message = "is left out: V1 refuses a memory limit without a container"
            yield Note(f"functions.{function.name}.memory", message)
        if function.access_sysfs and not function.contained:
            message = "is left out: V1 refuses it without a container, where /sys is seen anyway"
            yield Note(f"functions.{function.name}.access_sysfs", message, hint=True)


def _deployment(fleet: Fleet) -> Iterator[Note]:
    if fleet.deployment != Deployment():
        yield Note("deployment", "is left out: V1 has no rollout, abort or failure settings")
