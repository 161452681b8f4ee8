"""The parts of a fleet that carry something: platforms, libraries, models, resources, functions."""

from __future__ import annotations

from pathlib import Path

from ggfleet.model import (
    Aws,
    Function,
    Install,
    Library,
    LocalDevice,
    LocalResource,
    LocalVolume,
    Model,
    Platform,
    Secret,
)
from ggfleet.spec import tables
from ggfleet.spec.section import Section


def read_aws(top: Section) -> Aws:
    """`aws:`: Region, account and bucket."""
    section = tables.Spec.aws.read(top)
    if section is None:
        return Aws("", "", "")
    table = tables.Aws
    return Aws(table.region.read(section), table.account.read(section), table.bucket.read(section))


def read_platforms(top: Section) -> dict[str, Platform]:
    """`platforms:`: what archives are built for."""
    return {name: _platform(name, section) for name, section in tables.Spec.platforms.read(top)}


def _platform(name: str, section: Section) -> Platform:
    table = tables.Platform
    return Platform(
        name=name,
        architecture=table.architecture.read(section),
        os=table.os.read(section),
        python=table.python.read(section) or "0.0",
        glibc=table.glibc.read(section) or "0.0",
        gpu=table.gpu.read(section),
    )


def read_libraries(top: Section, folder: Path) -> dict[str, Library]:
    """`libraries:`: what changes rarely and weighs much."""
    found = tables.Spec.libraries.read(top)
    return {name: _library(name, section, folder) for name, section in found}


def _library(name: str, section: Section, folder: Path) -> Library:
    table = tables.Library
    install = table.install.read(section)
    if install is Install.ML_RESOURCE:
        section.require("destination")
    elif section.has("destination"):
        section.error(
            "destination",
            f"has no meaning with install: {install}",
            "remove it, or write install: ml-resource",
        )
    return Library(
        name=name,
        requirements=folder / table.requirements.read(section),
        install=install,
        destination=_trimmed(table.destination.read(section)),
        owner=table.owner.read(section),
    )


def read_models(top: Section, folder: Path) -> dict[str, Model]:
    """`models:`: what changes often."""
    return {name: _model(name, section, folder) for name, section in tables.Spec.models.read(top)}


def _model(name: str, section: Section, folder: Path) -> Model:
    table = tables.Model
    source = table.source.read(section)
    remote = source.startswith(("s3://", "arn:"))
    return Model(
        name=name,
        source=source if remote else str(folder / source),
        version=table.version.read(section),
        destination=_trimmed(table.destination.read(section)),
        owner=table.owner.read(section),
    )


def _trimmed(path: str) -> str:
    return path.rstrip("/") or path


def read_resources(top: Section) -> dict[str, LocalResource]:
    """`resources:`: devices, volumes and secrets; each has exactly one of three kinds."""
    found = ((name, _resource(name, each)) for name, each in tables.Spec.resources.read(top))
    return {name: resource for name, resource in found if resource is not None}


def _resource(name: str, section: Section) -> LocalResource | None:
    table = tables.Resource
    kinds = [kind for kind in table.one_of if section.has(kind)]
    if len(kinds) != 1:
        section.problems.error(
            section.path,
            "must be one of device, volume or secret",
            "write {device: /dev/video0}, {volume: /srv/x, destination: /x} or {secret: ARN}",
        )
        return None
    if kinds == ["volume"]:
        section.require("destination")
        volume, destination = table.volume.read(section), table.destination.read(section)
        return LocalVolume(name, volume, _trimmed(destination))
    if section.has("destination"):
        section.error("destination", f"has no meaning for a {kinds[0]}", "remove it")
    if kinds == ["device"]:
        return LocalDevice(name, table.device.read(section))
    return Secret(name, table.secret.read(section))


def read_functions(top: Section, folder: Path) -> dict[str, Function]:
    """`functions:`: what changes sometimes, a few KB."""
    found = tables.Spec.functions.read(top)
    return {name: _function(name, section, folder) for name, section in found}


def _function(name: str, section: Section, folder: Path) -> Function:
    table = tables.Function
    return Function(
        name=name,
        sources=tuple(folder / source for source in table.source.read(section) if source),
        handler=table.handler.read(section),
        pinned=table.pinned.read(section),
        timeout=table.timeout.read(section),
        isolation=table.isolation.read(section),
        memory=table.memory.read(section),
        libraries=table.libraries.read(section),
        models=table.models.read(section),
        resources=table.resources.read(section),
        environment=_environment(section),
    )


def _environment(section: Section) -> dict[str, str]:
    variables = tables.Function.environment.read(section)
    for name in variables:
        if not (name.isascii() and name.isidentifier()):
            section.section("environment").error(  # type: ignore[union-attr]
                name, f"{name!r} cannot be the name of a variable", "letters, digits and _"
            )
    return variables
