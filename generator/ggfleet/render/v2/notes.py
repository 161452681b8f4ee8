"""What V2 leaves out, changes or needs besides, in the order of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ggfleet.model import (
    DEFAULT_TIMEOUT,
    Compression,
    Fleet,
    Install,
    Layout,
    Library,
    LocalDevice,
    LocalVolume,
    Model,
    Note,
    Nucleus,
    Secret,
)
from ggfleet.render.group_v1.notes import hardware
from ggfleet.render.known import attached_ml
from ggfleet.render.v2.aws import VAULT
from ggfleet.render.v2.component import LITE_BYTES, UNIT_BYTES, Component
from ggfleet.render.v2.parts import Parts


def notes(fleet: Fleet, parts: Parts) -> Iterator[Note]:
    """Every note on the recipes of a fleet."""
    yield from _platforms(parts)
    for each in attached_ml(fleet):
        yield from _layout(fleet, parts, each)
    yield from _left_out(fleet)
    yield from _resources(fleet)
    yield from hardware(fleet)
    yield from _functions(fleet, parts)


def _platforms(parts: Parts) -> Iterator[Note]:
    apart = [
        each
        for each, variants in (
            *((n, v) for (_, n), v in parts.ml.items()),
            *parts.functions.items(),
        )
        if len({one.name for one in variants.values()}) > 1
    ]
    if apart:
        message = (
            "have components of their own for "
            f"{', '.join(apart)}: nuclei tell platforms apart by architecture alone, and all "
            "manifests of a recipe share its configuration and dependencies"
        )
        yield Note("platforms", message, hint=True)


def _layout(fleet: Fleet, parts: Parts, resource: Library | Model) -> Iterator[Note]:
    platform = fleet.used_platforms()[0]
    (content,) = parts.of(resource, platform).contents[platform.name]
    chosen = resource.layout if isinstance(resource, Library) else None
    at = resource.path
    if content.layout is Layout.IMAGE:
        packed = "" if content.compression is Compression.GZIP else f" with {content.compression}"
        message = (
            "is mounted, which takes root (RequiresPrivilege), a loop device and squashfs"
            f"{packed} in the device's kernel; where components may not have root, write layout: "
            "self-unpack"
        )
        yield Note(f"{at}.layout", message, hint=True)
    elif content.layout is Layout.SELF_UNPACK and chosen is None:
        message = (
            "is unpacked by its component, below work/: nucleus lite would take over a minute "
            "(1.5 MB a second), or V2 has no such archive form"
        )
        yield Note(at, message, hint=True)


def _left_out(fleet: Fleet) -> Iterator[Note]:
    used = set(attached_ml(fleet))
    for library in fleet.libraries.values():
        at = library.path
        if library.install is Install.OS_PIP:
            message = "is installed at OS level by the playbooks; no component carries it"
            yield Note(at, message, hint=True)
        elif library.install is Install.ML_RESOURCE and library not in used:
            yield Note(at, "is used by no function and left out")
    for model in fleet.models.values():
        if model not in used:
            yield Note(model.path, "is used by no function and left out")


def _resources(fleet: Fleet) -> Iterator[Note]:
    used = fleet.used_resources()
    for name, resource in fleet.resources.items():
        if name not in used:
            yield Note(f"resources.{name}", "is used by no function and left out")
        elif isinstance(resource, LocalDevice):
            paths = _told(resource, fleet)
            message = f"is {paths} itself: the components' user has to be in its group"
            yield Note(f"resources.{name}", message)
        elif isinstance(resource, LocalVolume):
            message = (
                f"is {_told(resource, fleet)} itself, which the adapter shows at "
                f"{resource.destination}: the components' user has to have access, and `ro` is not "
                "enforced"
            )
            yield Note(f"resources.{name}", message)
        elif isinstance(resource, Secret):
            message = f"needs {VAULT}, which nucleus lite does not have"
            in_aws = "the token exchange role needs secretsmanager:GetSecretValue"
            yield Note(f"resources.{name}", message, in_aws, hint=True)


def _told(resource: LocalDevice | LocalVolume, fleet: Fleet) -> str:
    """The paths of a resource, each once: they may differ by platform."""
    here = (each for p in fleet.used_platforms() for each in resource.on(p.name))
    paths = (each.path if isinstance(each, LocalDevice) else each.source for each in here)
    return ", ".join(dict.fromkeys(paths)) or resource.name


def _functions(fleet: Fleet, parts: Parts) -> Iterator[Note]:
    for function in fleet.functions.values():
        at = f"functions.{function.name}"
        if function.contained:
            message = "is left out: components have no container, and see the device's files"
            yield Note(f"{at}.isolation", message, hint=not function.isolation_told)
        if not function.pinned:
            yield Note(f"{at}.pinned", "is left out: a component runs for ever", hint=True)
        message = "is left out: nothing bounds a message's handling"
        yield Note(f"{at}.timeout", message, hint=function.timeout == DEFAULT_TIMEOUT)
        if function.models or [*fleet.libraries_of(function, Install.ML_RESOURCE)]:
            message = "imported as a Lambda it finds its libraries and models at no fixed path"
            yield Note(at, message, hint=True)
        yield from _big(fleet, at, parts.functions[function.name].values())


def _big(fleet: Fleet, at: str, components: Iterable[Component]) -> Iterator[Note]:
    classic = not fleet.platforms_of(Nucleus.LITE)
    for component in {one.name: one for one in components}.values():
        if component.unit_size >= UNIT_BYTES:
            message = (
                "has so many libraries and models that nucleus lite's unit for it may exceed "
                f"{UNIT_BYTES} bytes: join some of them"
            )
            yield Note(at, message, hint=classic)
        if component.size >= LITE_BYTES:
            message = (
                f"makes a recipe of {component.size} bytes, and nucleus lite takes less than "
                f"{LITE_BYTES}: only the classic nucleus runs it"
            )
            yield Note(at, message, hint=classic)
