"""Devices and volumes of the core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ggfleet.model import Access, Fleet, LocalDevice, LocalVolume, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import below, is_plain
from ggfleet.spec.rules.registry import LAMBDAS, V1, Finding, rule

SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the one folder below /dev that V1 mounts
CAMERA = frozenset({"/dev/vcsm", "/dev/vchiq"})
ROOT_ALONE = frozenset({"/dev/mem", "/dev/kmem", "/dev/port"})
MAX_ID = 128
"""Characters of an id."""
_VOLUME = "resources:\n  data: {{volume: {}, destination: {}}}\n"
_USED = "functions:\n  classify: {{resources: {{data: {}}}}}\n"


def _volumes(fleet: Fleet) -> Iterator[LocalVolume]:
    """The volumes; one whose folders differ by platform comes with each."""
    for each in fleet.resources.values():
        if isinstance(each, LocalVolume):
            yield from (replace(each, source=source) for source in _sources(each))


def _sources(volume: LocalVolume) -> list[str]:
    return list(dict.fromkeys([volume.source, *(source for _, source in volume.variants)]))


@rule(
    "local-path",
    Severity.ERROR,
    LAMBDAS,
    reason="A path with `..` or doubled slashes is not the path that it seems to be, and none of "
    "the rules on folders that may not be mounted could be judged.",
    source=pages.LOCAL_RESOURCES,
    fix="Write it like /srv/frames.",
    example=_VOLUME.format("/srv/../var/data", "/data") + _USED.format("ro"),
)
def local_paths_are_plain(fleet: Fleet) -> Iterator[Finding]:
    """Paths of devices and volumes are plain."""
    for name, each in fleet.resources.items():
        paths: list[tuple[str, str]] = []
        if isinstance(each, LocalDevice):
            paths = [("device", path) for path in dict.fromkeys(_nodes(each))]
        elif isinstance(each, LocalVolume):
            paths = [
                *(("volume", path) for path in _sources(each)),
                ("destination", each.destination),
            ]
        for key, path in paths:
            if path and not is_plain(path.rstrip("/") if key == "volume" else path):
                message = f"{path} is not a plain absolute path"
                yield f"resources.{name}.{key}", message, "write it like /srv/frames"


@rule(
    "local-device-shm",
    Severity.ERROR,
    V1,
    reason="A device of V1 is a character or block device below /dev; /dev/shm is a folder, and "
    "can be a volume alone.",
    source=pages.LOCAL_RESOURCES,
    fix="Write {volume: /dev/shm, destination: /shm}, and rw where a function names it.",
    example="resources:\n  data: {device: /dev/shm}\n" + _USED.format("rw"),
)
def shared_memory_is_no_device(fleet: Fleet) -> Iterator[Finding]:
    """Shared memory is a volume and no device."""
    for name, each in fleet.resources.items():
        nodes = _nodes(each) if isinstance(each, LocalDevice) else []
        if any(below(path, SHARED_MEMORY) for path in nodes):
            message = f"is {SHARED_MEMORY}, a folder and no device"
            yield f"resources.{name}.device", message, "write volume: and destination:"


@rule(
    "local-device-root",
    Severity.WARNING,
    V1,
    reason="V1 gives a function a device with the rights of its group and no others: what only "
    "root may use, such as the machine's memory, stays closed.",
    source=pages.LOCAL_RESOURCES,
    fix="Use a device that a group may open, such as /dev/gpiomem for /dev/mem.",
    example="resources:\n  data: {device: /dev/mem}\n" + _USED.format("rw"),
)
def devices_need_no_root(fleet: Fleet) -> Iterator[Finding]:
    """A device is one that others than root may use."""
    for name, each in fleet.resources.items():
        if isinstance(each, LocalDevice) and ROOT_ALONE.intersection(_nodes(each)):
            message = f"is {each.path}, which root alone may use"
            yield f"resources.{name}.device", message, "use one that a group may open"


@rule(
    "local-camera",
    Severity.WARNING,
    V1,
    reason="The camera of older Raspberry Pi systems is two nodes, /dev/vcsm and /dev/vchiq, and "
    "its software opens both for writing.",
    source=f"{pages.ML_INFERENCE} (ml-console)",
    fix="Attach both with rw; device: legacy-camera stands for both on a platform with a preset.",
    example="resources:\n  data: {device: /dev/vchiq}\n" + _USED.format("rw"),
)
def cameras_are_whole(fleet: Fleet) -> Iterator[Finding]:
    """A function has both nodes of the Raspberry Pi's older camera, and may write to them."""
    devices = {name: _nodes(x) for name, x in fleet.resources.items() if isinstance(x, LocalDevice)}
    for function in fleet.functions.values():
        found = {name: CAMERA.intersection(devices.get(name, ())) for name in function.resources}
        nodes = {path for paths in found.values() for path in paths}
        for name, paths in found.items():
            at = f"functions.{function.name}.resources.{name}"
            if paths and function.resources[name] is Access.READ:
                yield at, "is a camera, which is opened for writing", "write rw"
            elif paths and nodes != CAMERA:
                missing = ", ".join(sorted(CAMERA - nodes))
                yield at, f"is a part of a camera without {missing}", "attach both nodes"


def _nodes(device: LocalDevice) -> list[str]:
    return [device.path, *(path for _, listed in device.variants for path in listed)]


@rule(
    "local-device-id",
    Severity.ERROR,
    V1,
    reason="A device of several paths is several resources, whose ids are made of the paths: with "
    "- for all but letters, digits, _ and -, and 128 characters at most.",
    source=f"{pages.API_V1} (Id)",
    fix="Define them as devices of their own.",
    example="resources:\n  data: {device: [/dev/bus/usb, /dev/bus-usb]}\n" + _USED.format("rw"),
    firm=True,
)
def ids_of_devices_fit(fleet: Fleet) -> Iterator[Finding]:
    """The paths of one device make ids that differ and fit."""
    for platform in fleet.used_platforms():
        for name, each in fleet.resources.items():
            if (
                isinstance(each, LocalDevice)
                and len(dict(each.variants).get(platform.name, ())) > 1
            ):
                ids = [f"res-{part.name}" for part in each.on(platform.name)]
                if len({*ids}) < len(ids) or max(map(len, ids)) > MAX_ID:
                    message = "has paths whose ids are the same or longer than 128 characters"
                    yield f"resources.{name}.device", message, "define them as devices of their own"


@rule(
    "local-volume-source",
    Severity.ERROR,
    V1,
    reason="V1 refuses volumes from /sys, from /dev (but /dev/shm) and from /var. Device nodes are "
    "devices, not volumes.",
    source=f"{pages.API_V1} (LocalVolumeResourceData); {pages.LOCAL_RESOURCES}",
    fix="Bind-mount what is needed elsewhere on the device, such as /srv, and name that place.",
    example=_VOLUME.format("/var/data", "/data") + _USED.format("ro"),
)
def volumes_come_from_elsewhere(fleet: Fleet) -> Iterator[Finding]:
    """A volume does not come from /sys, /dev or /var."""
    for volume in _volumes(fleet):
        if below(volume.source, "/sys", "/dev", "/var") and not below(volume.source, SHARED_MEMORY):
            yield (
                f"resources.{volume.name}.volume",
                f"{volume.source} cannot be a volume of V1, which refuses /sys, /dev and /var",
                "bind-mount it below /srv on the device and name that place",
            )


@rule(
    "local-volume-proc",
    Severity.ERROR,
    V1,
    reason="V1 mounts /proc for reading only, and not onto /proc, where the container has its own.",
    source=pages.LOCAL_RESOURCES,
    fix="Write ro where a function names it, and another destination, such as /host/proc.",
    example=_VOLUME.format("/proc", "/host/proc") + _USED.format("rw"),
)
def proc_is_read_only(fleet: Fleet) -> Iterator[Finding]:
    """A volume from /proc is read only, and not mounted on /proc."""
    for volume in _volumes(fleet):
        if below(volume.destination, "/proc"):
            yield (
                f"resources.{volume.name}.destination",
                f"{volume.destination} is the container's own",
                "choose another, such as /host/proc",
            )
        if below(volume.source, "/proc"):
            yield from _wanting(
                fleet, volume.name, Access.WRITE, "comes from /proc, which V1 only reads"
            )


@rule(
    "local-volume-shm",
    Severity.ERROR,
    V1,
    reason="V1 mounts /dev/shm for reading and writing only.",
    source=pages.LOCAL_RESOURCES,
    fix="Write rw where a function names it.",
    example=_VOLUME.format("/dev/shm", "/shm") + _USED.format("ro"),  # noqa: S108
)
def shared_memory_is_written(fleet: Fleet) -> Iterator[Finding]:
    """A volume from /dev/shm is read and written."""
    for volume in _volumes(fleet):
        if below(volume.source, SHARED_MEMORY):
            told = f"comes from {SHARED_MEMORY}, which V1 mounts for writing"
            yield from _wanting(fleet, volume.name, Access.READ, told)


def _wanting(fleet: Fleet, name: str, access: Access, message: str) -> Iterator[Finding]:
    other = Access.READ if access is Access.WRITE else Access.WRITE
    for function in fleet.functions.values():
        if function.resources.get(name) is access:
            yield f"functions.{function.name}.resources.{name}", message, f"write {other}"
