"""What a fleet is made of: account, platforms, libraries, models, resources."""

from __future__ import annotations

from pathlib import Path

from ggfleet.model import (
    Aws,
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
    owner, permission = table.owner.read(section)
    return Library(
        name=name,
        requirements=folder / table.requirements.read(section),
        install=install,
        destination=_trimmed(table.destination.read(section)),
        owner=owner,
        permission=permission,
    )


def read_models(top: Section, folder: Path) -> dict[str, Model]:
    """`models:`: what changes often."""
    return {name: _model(name, section, folder) for name, section in tables.Spec.models.read(top)}


def _model(name: str, section: Section, folder: Path) -> Model:
    table = tables.Model
    source = table.source.read(section)
    remote = source.startswith(("s3://", "arn:"))
    owner, permission = table.owner.read(section)
    return Model(
        name=name,
        source=source if remote else str(folder / source),
        version=table.version.read(section),
        destination=_trimmed(table.destination.read(section)),
        owner=owner,
        permission=permission,
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
    kind = kinds[0]
    for key, allowed in (("destination", ("volume",)), ("owner", ("device", "volume")),
                         ("staging_labels", ("secret",))):  # fmt: skip
        if kind not in allowed and section.has(key):
            section.error(key, f"has no meaning for a {kind}", "remove it")
    owner = table.owner.read(section)
    if kind == "device":
        return LocalDevice(name, table.device.read(section), owner)
    if kind == "secret":
        return Secret(name, table.secret.read(section), table.staging_labels.read(section))
    section.require("destination")
    volume, destination = table.volume.read(section), table.destination.read(section)
    return LocalVolume(name, volume, _trimmed(destination), owner)
