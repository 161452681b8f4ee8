"""What functions may use on the device: devices, volumes, secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from ggfleet.model import LocalDevice, LocalResource, LocalVolume, Platform, Secret
from ggfleet.spec import tables
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import Section
from ggfleet.spec.variants import Platforms, chosen

ALSO = MappingProxyType(
    {
        "device": ("owner",),
        "volume": ("destination", "owner"),
        "secret": ("staging_labels",),
    }
)
"""The keys that each kind may have beside its own."""


def read_resources(top: Section, platforms: Platforms) -> dict[str, LocalResource]:
    """`resources:`: devices, volumes and secrets; each has exactly one of three kinds."""
    found = tables.Spec.resources.read(top)
    read = ((name, _resource(name, section, platforms)) for name, section in found)
    return {name: resource for name, resource in read if resource is not None}


def _resource(name: str, section: Section, platforms: Platforms) -> LocalResource | None:
    kinds = [kind for kind in tables.Resource.one_of if section.has(kind)]
    if len(kinds) != 1:
        section.problems.error(
            section.path,
            "must be one of device, volume or secret",
            "write {device: /dev/video0}, {volume: /srv/x, destination: /x} or {secret: ARN}",
        )
        return None
    kind = kinds[0]
    for key in ("destination", "owner", "staging_labels"):
        if key not in ALSO[kind] and section.has(key):
            section.error(key, f"has no meaning for a {kind}", "remove it")
    return _READERS[kind](name, section, platforms)


def _device(name: str, section: Section, platforms: Platforms) -> LocalDevice:
    table = tables.Resource
    owner = table.owner.read(section)
    common, variants = chosen(section, table.device, platforms, ())
    if len(common) == 1 and common[0].startswith("/") and not variants:
        return LocalDevice(name, common[0], owner)
    words = dict(variants) if variants else dict.fromkeys(platforms, common)
    paths = tuple((each, tuple(_paths(section, platforms[each], words[each]))) for each in words)
    kinds = {word for listed in words.values() for word in listed if not word.startswith("/")}
    first = next((path for _, listed in paths for path in listed), "")
    return LocalDevice(name, first, owner, paths, tuple(sorted(kinds)))


def _paths(section: Section, platform: Platform, words: tuple[str, ...]) -> Iterator[str]:
    """Paths as written, and those that a platform has for the name of its hardware."""
    for word in words:
        hardware = None if word.startswith("/") else platform.find(word)
        if hardware is not None:
            yield from hardware.paths
        elif word.startswith("/"):
            yield word
        elif word:
            known = [each.kind for each in platform.hardware]
            hint = suggestion(word, known) if known else ""
            message = f"names {word}, which the platform {platform.name} is not known to have"
            fix = f"add hardware: {{{word}: [/dev/...]}} to the platform, or [] if it has none"
            section.error("device", message, f"{hint}; {fix}" if "mean" in hint else fix)


def _volume(name: str, section: Section, platforms: Platforms) -> LocalVolume:
    table = tables.Resource
    section.require("destination")
    common, variants = chosen(section, table.volume, platforms, "")
    destination = table.destination.read(section)
    destination = destination.rstrip("/") or destination
    return LocalVolume(name, common, destination, table.owner.read(section), variants)


def _secret(name: str, section: Section, _: Platforms) -> Secret:
    table = tables.Resource
    return Secret(name, table.secret.read(section), table.staging_labels.read(section))


_READERS: Mapping[str, Callable[[str, Section, Platforms], LocalResource]] = MappingProxyType(
    {"device": _device, "volume": _volume, "secret": _secret}
)
