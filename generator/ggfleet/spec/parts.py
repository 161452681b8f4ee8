"""The parts of a fleet that carry something: platforms, libraries, models, resources, functions."""

from __future__ import annotations

from pathlib import Path

from ggfleet.model import (
    RESOURCE_OWNER,
    Access,
    Aws,
    Components,
    Function,
    Install,
    Isolation,
    Layout,
    Library,
    LocalDevice,
    LocalResource,
    LocalVolume,
    Model,
    Platform,
    Secret,
)
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import Section

ARCHITECTURES = ("aarch64", "x86_64", "armv7l")
DEFAULT_TIMEOUT = 3
"""Seconds; what Greengrass V1 takes when nothing is said."""

_VERSION = r"\d+\.\d+"
_ABSOLUTE = r"/(?!/).*"
# A private component of an AWS name would shadow AWS's own.
_PREFIX = r"(?!aws\.greengrass)[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*"
_GROUP = r"[a-z_][a-z0-9_-]{0,31}|\d+"


def read_aws(top: Section) -> Aws:
    """`aws:`: Region, account and bucket."""
    section = top.section("aws", required=True)
    if section is None:
        return Aws("", "", "")
    section.allow("region", "account", "bucket")
    return Aws(
        region=section.text("region", pattern=r"[a-z]{2}(-[a-z]+)+-\d", like="eu-west-1"),
        account=section.text("account", pattern=r"\d{12}", like='"123456789012"'),
        # A dot breaks TLS to the bucket's own host name: V1 cores cannot read from such a bucket.
        bucket=section.text(
            "bucket",
            pattern=r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
            like="line-vision-greengrass (3 to 63 of a-z, 0-9 and -, no dots)",
        ),
    )


def read_platforms(top: Section) -> dict[str, Platform]:
    """`platforms:`: what archives are built for."""
    return {
        name: _platform(name, section) for name, section in top.named("platforms", required=True)
    }


def _platform(name: str, section: Section) -> Platform:
    section.allow("os", "architecture", "python", "glibc", "gpu")
    architecture = section.text("architecture")
    if architecture and architecture not in ARCHITECTURES:
        section.error(
            "architecture",
            f"cannot be {architecture!r}",
            suggestion({"arm64": "aarch64", "amd64": "x86_64"}.get(architecture, architecture),
                       ARCHITECTURES),
        )  # fmt: skip
    return Platform(
        name=name,
        architecture=architecture,
        os=section.text("os", "linux", pattern="linux", like="linux"),
        python=section.text("python", pattern=_VERSION, like='"3.11"') or "0.0",
        glibc=section.text("glibc", pattern=_VERSION, like='"2.36" (`ldd --version` tells)')
        or "0.0",
        gpu=section.text("gpu", "", pattern="jetson", like="jetson"),
    )


def read_libraries(top: Section, folder: Path) -> dict[str, Library]:
    """`libraries:`: what changes rarely and weighs much."""
    return {name: _library(name, section, folder) for name, section in top.named("libraries")}


def _library(name: str, section: Section, folder: Path) -> Library:
    section.allow("requirements", "install", "destination", "owner", "layout")
    install = section.choice("install", Install)
    as_resource = install is Install.ML_RESOURCE
    for key in ("destination", "layout") if not as_resource else ():
        if section.has(key):
            section.error(
                key,
                f"has no meaning with install: {install}",
                "remove it, or write install: ml-resource",
            )
    return Library(
        name=name,
        requirements=folder / section.text("requirements"),
        install=install,
        destination=_destination(section, None if as_resource else ""),
        owner=section.text("owner", RESOURCE_OWNER, pattern=_GROUP, like=RESOURCE_OWNER),
        layout=section.choice("layout", Layout) if section.has("layout") else None,
    )


def read_components(top: Section, folder: Path) -> Components:
    """`components:`: what V2 components are called, and the adapter for functions."""
    section = top.section("components")
    if section is None:
        return Components()
    section.allow("prefix", "publisher", "adapter", "adapter_requirements")
    required = section.has("adapter_requirements")
    return Components(
        wanted=True,
        prefix=section.text("prefix", "", pattern=_PREFIX, like="com.example"),
        publisher=section.text("publisher", ""),
        adapter=tuple(folder / each for each in section.texts("adapter"))
        if section.has("adapter")
        else (),
        adapter_requirements=folder / section.text("adapter_requirements") if required else None,
    )


def read_models(top: Section, folder: Path) -> dict[str, Model]:
    """`models:`: what changes often."""
    return {name: _model(name, section, folder) for name, section in top.named("models")}


def _model(name: str, section: Section, folder: Path) -> Model:
    section.allow("source", "version", "destination", "owner")
    source = section.text("source")
    remote = source.startswith(("s3://", "arn:"))
    return Model(
        name=name,
        source=source if remote else str(folder / source),
        version=section.text("version", pattern=r"\d+\.\d+\.\d+([-+].+)?", like="1.2.0"),
        destination=_destination(section, None),
        owner=section.text("owner", RESOURCE_OWNER, pattern=_GROUP, like=RESOURCE_OWNER),
    )


def _destination(section: Section, default: str | None) -> str:
    path = section.text("destination", default, pattern=_ABSOLUTE, like="/mllibs")
    return path.rstrip("/") or path


def read_resources(top: Section) -> dict[str, LocalResource]:
    """`resources:`: devices, volumes and secrets; each has exactly one of three kinds."""
    found = ((name, _resource(name, section)) for name, section in top.named("resources"))
    return {name: resource for name, resource in found if resource is not None}


def _resource(name: str, section: Section) -> LocalResource | None:
    section.allow("device", "volume", "destination", "secret")
    kinds = [kind for kind in ("device", "volume", "secret") if section.has(kind)]
    if len(kinds) != 1:
        section.problems.error(
            section.path,
            "must be one of device, volume or secret",
            "write {device: /dev/video0}, {volume: /srv/x, destination: /x} or {secret: ARN}",
        )
        return None
    if kinds != ["volume"] and section.has("destination"):
        section.error("destination", f"has no meaning for a {kinds[0]}", "remove it")
    if kinds == ["device"]:
        return LocalDevice(name, section.text("device", pattern=r"/dev/.+", like="/dev/video0"))
    if kinds == ["secret"]:
        arn = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+"
        like = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-broker-AbCdEf"
        return Secret(name, section.text("secret", pattern=arn, like=like))
    volume = section.text("volume", pattern=_ABSOLUTE, like="/srv/frames")
    return LocalVolume(name, volume, _destination(section, None))


_FUNCTION_KEYS = (
    "source", "handler", "pinned", "memory", "timeout", "isolation", "libraries", "models",
    "resources", "environment", "credentials",
)  # fmt: skip


def read_functions(top: Section, folder: Path) -> dict[str, Function]:
    """`functions:`: what changes sometimes, a few KB."""
    return {
        name: _function(name, section, folder)
        for name, section in top.named("functions", required=True)
    }


def _function(name: str, section: Section, folder: Path) -> Function:
    section.allow(*_FUNCTION_KEYS)
    return Function(
        name=name,
        sources=tuple(folder / source for source in section.texts("source") if source),
        handler=section.text(
            "handler",
            pattern=r"[A-Za-z_][\w/]*(\.[A-Za-z_]\w*)+",
            like="digits.function_handler (module.function)",
        ),
        pinned=section.flag("pinned", default=False),
        timeout=section.seconds("timeout", DEFAULT_TIMEOUT),
        isolation=section.choice("isolation", Isolation, Isolation.CONTAINER),
        memory=section.size("memory"),
        libraries=section.names("libraries"),
        models=section.names("models"),
        resources=_access(section),
        environment=_environment(section),
        credentials=section.flag("credentials", default=False),
    )


def _access(section: Section) -> dict[str, Access]:
    attached = section.section("resources")
    return {name: attached.choice(name, Access) for name in attached.given()} if attached else {}


def _environment(section: Section) -> dict[str, str]:
    variables = section.mapping("environment")
    for name in variables:
        if not name.isidentifier():
            section.section("environment").error(  # type: ignore[union-attr]
                name, f"{name!r} cannot be the name of a variable", "letters, digits and _"
            )
    return variables
