"""What a fleet is made of: account, platforms, libraries, models."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from ggfleet.model import (
    REST,
    Aws,
    Components,
    Compression,
    Hardware,
    Index,
    Install,
    Layer,
    Layout,
    Library,
    Model,
    Platform,
)
from ggfleet.spec import tables
from ggfleet.spec.presets import PRESETS
from ggfleet.spec.section import Section
from ggfleet.spec.tables.parts import AS_RESOURCE
from ggfleet.spec.tables.patterns import normal_name
from ggfleet.spec.variants import Platforms, chosen


def read_aws(top: Section) -> Aws:
    """`aws:`: Region, account and bucket."""
    section = tables.Spec.aws.read(top)
    if section is None:
        return Aws("", "", "")
    table = tables.Aws
    return Aws(
        table.region.read(section),
        table.account.read(section),
        table.bucket.read(section),
        table.group_role.read(section),
    )


def read_platforms(top: Section) -> dict[str, Platform]:
    """`platforms:`: what archives are built for."""
    return {name: _platform(name, section) for name, section in tables.Spec.platforms.read(top)}


def _platform(name: str, section: Section) -> Platform:
    table = tables.Platform
    preset = PRESETS.get(table.preset.read(section))
    if preset is None and not section.has("preset"):
        for key in ("architecture", "python", "glibc"):
            section.require(key)
    own = tuple(Hardware(kind, paths) for kind, paths in table.hardware.read(section).items())
    usual = preset.hardware if preset else ()
    named = {hardware.kind for hardware in own}
    return Platform(
        name=name,
        architecture=table.architecture.read(section) or (preset.architecture if preset else ""),
        os=table.os.read(section),
        python=table.python.read(section) or (preset.python if preset else "0.0"),
        glibc=table.glibc.read(section) or (preset.glibc if preset else "0.0"),
        gpu=table.gpu.read(section) or (preset.gpu if preset else ""),
        shared_libraries=table.shared_libraries.read(section),
        hardware=(*own, *(each for each in usual if each.kind not in named)),
        provides=_provided(section),
        indexes=_indexes(table.indexes.read(section)),
    )


def _indexes(sections: Sequence[tuple[str, Section]]) -> tuple[Index, ...]:
    owners: dict[str, str] = {}
    indexes = [(_index(name, section), section) for name, section in sections]
    for index, section in indexes:
        for package in index.packages:
            owner = owners.setdefault(package, index.name)
            if owner != index.name:
                fix = f"take it out here, or of {owner}"
                section.error("packages", f"names {package}, which comes from {owner}", fix)
    return tuple(index for index, _ in indexes)


def _index(name: str, section: Section) -> Index:
    packages = tables.Index.packages.read(section)
    for package in packages:
        if not re.fullmatch(tables.PACKAGE, package):
            section.error("packages", f"cannot be {package!r}", "write it as pip knows it: numpy")
    normal = tuple(dict.fromkeys(map(normal_name, packages)))
    index = Index(name, tables.Index.url.read(section), normal)
    if "@" in index.url:
        fix = f"put them into the environment ({index.variable('PASSWORD')}) or into ~/.netrc"
        section.error("url", "holds credentials, or an @", fix)
    return index


def _provided(section: Section) -> tuple[tuple[str, str], ...]:
    found = {}
    for package, version in tables.Platform.provides.read(section).items():
        at = f"{section.at('provides')}.{package}"
        name = normal_name(package)
        if not re.fullmatch(tables.PACKAGE, package):
            section.problems.error(at, "is no name of a package", "write it as pip knows it: numpy")
        elif not re.fullmatch(tables.RELEASE, version):
            fix = "write it as `dpkg -l python3-numpy` tells, without Debian's own part: 1.24.2"
            section.problems.error(at, f"{version!r} is no version of a package", fix)
        elif name in found:
            section.problems.error(at, f"names {name} twice", "write it once")
        else:
            found[name] = version
    return tuple(sorted(found.items()))


def read_libraries(top: Section, folder: Path, platforms: Platforms) -> dict[str, Library]:
    """`libraries:`: what changes rarely and weighs much."""
    found = tables.Spec.libraries.read(top)
    return {name: _library(name, section, folder, platforms) for name, section in found}


def _library(name: str, section: Section, folder: Path, platforms: Platforms) -> Library:
    table = tables.Library
    install = table.install.read(section)
    as_resource = install is Install.ML_RESOURCE
    if as_resource:
        section.require("destination")
    for key in AS_RESOURCE if not as_resource else ():
        if section.has(key):
            section.error(
                key,
                f"has no meaning with install: {install}",
                "remove it, or write install: ml-resource",
            )
    owner, permission = table.owner.read(section)
    common, variants = chosen(section, table.requirements, platforms, "")
    layout = table.layout.read(section)
    return Library(
        name=name,
        requirements=folder / common,
        install=install,
        destination=_trimmed(table.destination.read(section)),
        owner=owner,
        permission=permission,
        layout=layout,
        archive=table.archive.read(section),
        compression=_compression(section, layout) if as_resource else Compression.GZIP,
        layers=_layers(section) if as_resource else (),
        updates=table.updates.read(section),
        variants=tuple((platform, folder / file) for platform, file in variants),
    )


def _compression(section: Section, layout: Layout | None) -> Compression:
    """That of an image; nothing else has a choice."""
    found = tables.Library.compression.read(section)
    if section.has("compression") and layout is not Layout.IMAGE:
        fix = "remove it, or write layout: image"
        section.error("compression", "has no meaning without layout: image", fix)
    return found


def _layers(section: Section) -> tuple[Layer, ...]:
    """Layers whose names will do as parts of paths and of names."""
    found = tables.Library.layers.read(section)
    for each in found[:-1]:
        at = f"{section.at('layers')}.{each.name}"
        if not re.fullmatch(tables.LAYER, each.name):
            fix = f"small letters, digits and -, at most 32; {REST} holds what no layer names"
            section.problems.error(at, f"{each.name!r} cannot be a layer's name", fix)
        elif not each.packages and not each.least:
            section.problems.error(at, "is empty", "name a package, or remove the layer")
    if len(found) == 1:
        section.error("layers", "is empty", "write auto, or name layers and their packages")
    return found


def read_components(top: Section, folder: Path) -> Components:
    """`components:`: what V2 components are called, and the adapter for functions."""
    section = tables.Spec.components.read(top)
    if section is None:
        return Components()
    table = tables.Components
    required = table.adapter_requirements.read(section)
    return Components(
        wanted=True,
        prefix=table.prefix.read(section),
        publisher=table.publisher.read(section),
        adapter=tuple(folder / each for each in table.adapter.read(section)),
        adapter_requirements=folder / required if required else None,
        user=table.user.read(section),
    )


def read_models(top: Section, folder: Path, platforms: Platforms) -> dict[str, Model]:
    """`models:`: what changes often."""
    found = tables.Spec.models.read(top)
    return {name: _model(name, section, folder, platforms) for name, section in found}


def _model(name: str, section: Section, folder: Path, platforms: Platforms) -> Model:
    table = tables.Model
    common, variants = chosen(section, table.source, platforms, "")
    owner, permission = table.owner.read(section)
    return Model(
        name=name,
        source=_source(common, folder),
        version=table.version.read(section),
        destination=_trimmed(table.destination.read(section)),
        owner=owner,
        permission=permission,
        updates=table.updates.read(section),
        variants=tuple((platform, _source(text, folder)) for platform, text in variants),
    )


def _source(text: str, folder: Path) -> str:
    return text if text.startswith(("s3://", "arn:")) else str(folder / text)


def _trimmed(path: str) -> str:
    return path.rstrip("/") or path
