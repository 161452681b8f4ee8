"""What archives are made of: libraries, models and functions, which change at different rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from ggfleet.model.archive import TAR_FOLDER, Archive, Compression, Form
from ggfleet.model.layer import Layer
from ggfleet.model.runtime import Encoding, Isolation, RunAs

RESOURCE_OWNER = "ggc_ml"
"""Default Linux group of unpacked ML resources that a function without a container reads.

A group of its own: a V1 deployment fails when a function *runs as* the owner group of an ML
resource that is not attached to it, and functions run as `ggc_group` unless told otherwise.
"""

DEFAULT_TIMEOUT = 3
"""Seconds for one message: what Greengrass V1 takes when nothing is said."""


class Install(StrEnum):
    """How ML libraries reach a device."""

    ML_RESOURCE = "ml-resource"
    OS_PIP = "os-pip"
    IN_FUNCTION = "in-function"


class Layout(StrEnum):
    """How a V2 device gets at what an archive holds."""

    ZIP = "zip"
    SELF_UNPACK = "self-unpack"
    IMAGE = "image"


class Access(StrEnum):
    """What a function may do with a resource."""

    READ = "ro"
    WRITE = "rw"


@dataclass(frozen=True)
class Library:
    """ML libraries that travel together. `destination` is absolute; empty unless ml-resource.

    `permission` is what the owner group may do with the unpacked files. `layout` is for V2, and
    None where the spec leaves it to the size of the archive; `archive` is the form in which V1 and
    the other layouts get it, `compression` that of an image. `variants` are platforms and their own
    requirements; `on` chooses. `layers` divide them, `apart` gives each as a library of its own:
    then `layer` is its name and `whole` that of the library. `updates` are those of a year, None
    where the spec does not tell.
    """

    name: str
    requirements: Path
    install: Install
    destination: str = ""
    owner: str = RESOURCE_OWNER
    layout: Layout | None = None
    permission: Access = Access.READ
    variants: tuple[tuple[str, Path], ...] = ()
    archive: Form = Form.ZIP
    compression: Compression = Compression.GZIP
    layers: tuple[Layer, ...] = ()
    layer: str = ""
    whole: str = ""
    updates: float | None = None

    def on(self, platform: str) -> Library:
        """The library of one platform."""
        chosen = dict(self.variants).get(platform, self.requirements)
        return replace(self, requirements=chosen, variants=()) if self.variants else self

    def apart(self) -> tuple[Library, ...]:
        """Each layer as a library, at a folder of its own below the destination; else itself."""
        if self.layer or not self.layers:
            return (self,)
        return tuple(
            replace(
                self,
                name=f"{self.name}-{each.name}",
                destination=f"{self.destination}/{each.name}",
                layer=each.name,
                whole=self.name,
            )
            for each in self.layers
        )

    def compresses(self, archive: Archive) -> bool:
        """Whether an archive of it is compressed as it is to be now: images have a choice."""
        return archive.form is not Form.IMAGE or archive.compression is self.compression

    @property
    def place(self) -> str:
        """The folder below which functions find the modules."""
        return f"{self.destination}/{TAR_FOLDER}" if self.archive is Form.TAR else self.destination

    @property
    def path(self) -> str:
        """Where the spec tells of it."""
        return f"libraries.{self.whole or self.name}"


@dataclass(frozen=True)
class Model:
    """A trained model. `source` is a file or folder, or a URI (`s3://`, a training-job ARN).

    `variants` are platforms and their own sources; `on` chooses. `updates` as in `Library`.
    """

    name: str
    source: str
    version: str
    destination: str
    owner: str = RESOURCE_OWNER
    permission: Access = Access.READ
    variants: tuple[tuple[str, str], ...] = ()
    updates: float | None = None

    def on(self, platform: str) -> Model:
        """The model of one platform."""
        chosen = dict(self.variants).get(platform, self.source)
        return replace(self, source=chosen, variants=()) if self.variants else self

    def each(self) -> tuple[Model, ...]:
        """The model with each of its sources, once: they may differ by platform."""
        sources = dict.fromkeys([self.source, *(source for _, source in self.variants)])
        return tuple(replace(self, source=source, variants=()) for source in sources)

    @property
    def path(self) -> str:
        """Where the spec tells of it."""
        return f"models.{self.name}"

    @property
    def is_local(self) -> bool:
        """Whether `source` is a path that ggfleet bundles, rather than something in AWS."""
        return not self.source.startswith(("s3://", "arn:"))


@dataclass(frozen=True)
class Function:
    """A Lambda function on the core.

    `sources` are folders whose contents are laid into one package; `memory` is in KB (0: not set),
    `timeout` in seconds. `libraries`, `models` and the keys of `resources` are names in the fleet;
    `library_access` and `model_access` tell of some what a container may do with them (the others:
    read). `credentials` tells that the code calls AWS, which a V2 component must ask for.
    `executable` is a native one in the package; `runtime` replaces the platform's Python.
    `isolation_told` tells that the spec says it of the function itself, as opposed to nothing.
    `updates` as in `Library`.
    """

    name: str
    sources: tuple[Path, ...]
    handler: str
    pinned: bool
    timeout: int
    isolation: Isolation
    memory: int = 0
    libraries: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    resources: Mapping[str, Access] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    credentials: bool = False
    library_access: Mapping[str, Access] = field(default_factory=dict)
    model_access: Mapping[str, Access] = field(default_factory=dict)
    encoding: Encoding = Encoding.JSON
    executable: str = ""
    exec_args: str = ""
    run_as: RunAs | None = None
    access_sysfs: bool = False
    runtime: str = ""
    isolation_told: bool = False
    updates: float | None = None

    @property
    def contained(self) -> bool:
        """Whether the function runs in a Greengrass container."""
        return self.isolation is Isolation.CONTAINER

    @property
    def in_python(self) -> bool:
        """Whether its code is Python's: no native executable, no other language's runtime."""
        return not self.executable and (not self.runtime or self.runtime.startswith("python"))
