"""What a fleet is: one frozen value that every renderer, bundler and measurement starts from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from ggfleet.model.platform import Platform
from ggfleet.model.reference import Reference
from ggfleet.model.resource import LocalDevice, LocalResource, LocalVolume
from ggfleet.model.runtime import (
    Broker,
    ClientDevice,
    Connector,
    Encoding,
    FunctionDefaults,
    Isolation,
    Nucleus,
    RunAs,
    SystemFunctions,
)


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


CLOUD = "cloud"
"""The source or target of a subscription that stands for AWS IoT Core."""

SHADOW = "shadow"
"""The source or target that stands for the core's shadow service."""

RESOURCE_OWNER = "ggc_ml"
"""Default Linux group of unpacked ML resources that a function without a container reads.

A group of its own: a V1 deployment fails when a function *runs as* the owner group of an ML
resource that is not attached to it, and functions run as `ggc_group` unless told otherwise.
"""


@dataclass(frozen=True)
class Aws:
    """Account, Region and the bucket that carries archives.

    `group_role` is the ARN of the role that functions have in AWS on V1 cores, or empty.
    """

    region: str
    account: str
    bucket: str
    group_role: str = ""


@dataclass(frozen=True)
class Core:
    """One Greengrass core: a host of the inventory."""

    name: str
    group: str
    platform: str
    thing: str
    certificate_arn: Reference
    sync_shadow: bool = True


@dataclass(frozen=True)
class Library:
    """ML libraries that travel together. `destination` is absolute; empty unless ml-resource.

    `permission` is what the owner group may do with the unpacked files. `layout` is for V2, and
    None where the spec leaves it to the size of the archive. `variants` are platforms and their own
    requirements; `on` chooses.
    """

    name: str
    requirements: Path
    install: Install
    destination: str = ""
    owner: str = RESOURCE_OWNER
    layout: Layout | None = None
    permission: Access = Access.READ
    variants: tuple[tuple[str, Path], ...] = ()

    def on(self, platform: str) -> Library:
        """The library of one platform."""
        chosen = dict(self.variants).get(platform, self.requirements)
        return replace(self, requirements=chosen, variants=()) if self.variants else self


@dataclass(frozen=True)
class Model:
    """A trained model. `source` is a file or folder, or a URI (`s3://`, a training-job ARN).

    `variants` are platforms and their own sources; `on` chooses.
    """

    name: str
    source: str
    version: str
    destination: str
    owner: str = RESOURCE_OWNER
    permission: Access = Access.READ
    variants: tuple[tuple[str, str], ...] = ()

    def on(self, platform: str) -> Model:
        """The model of one platform."""
        chosen = dict(self.variants).get(platform, self.source)
        return replace(self, source=chosen, variants=()) if self.variants else self

    def each(self) -> tuple[Model, ...]:
        """The model with each of its sources, once: they may differ by platform."""
        sources = dict.fromkeys([self.source, *(source for _, source in self.variants)])
        return tuple(replace(self, source=source, variants=()) for source in sources)

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

    @property
    def contained(self) -> bool:
        """Whether the function runs in a Greengrass container."""
        return self.isolation is Isolation.CONTAINER

    @property
    def in_python(self) -> bool:
        """Whether its code is Python's: no native executable, no other language's runtime."""
        return not self.executable and (not self.runtime or self.runtime.startswith("python"))


@dataclass(frozen=True)
class Subscription:
    """Messages on `topic` from `source` go to `target`.

    Each end is a function, a client device, a connector, `cloud` or `shadow`.
    """

    source: str
    topic: str
    target: str


@dataclass(frozen=True)
class Logger:
    """Where a component's log goes. `space` is in KB (0: the service's default)."""

    component: str
    level: str
    to: str
    space: int = 0


@dataclass(frozen=True)
class Rollout:
    """Job rollout: `start` cores a minute, times `factor` after each `after` successes."""

    start: int
    factor: float
    after: int


@dataclass(frozen=True)
class Abort:
    """Stop a rollout when `percent` of at least `after` cores have failed."""

    percent: float
    after: int


@dataclass(frozen=True)
class Deployment:
    """How a change reaches the fleet. V1 has none of this; V2 renderers use it.

    `thing_groups` and `nuclei` are by platform name; `components` are others' components with the
    version to pin. Times are in seconds, 0 where the service's default holds; `update` is `notify`
    or `skip`.
    """

    on_failure: str = "rollback"
    rollout: Rollout | None = None
    abort: Abort | None = None
    timeout: int = 0
    update: str = "notify"
    update_timeout: int = 0
    validation_timeout: int = 0
    thing_groups: Mapping[str, str] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)
    nuclei: Mapping[str, Nucleus] = field(default_factory=dict)
    broker: Broker = Broker.MOQUETTE

    def nucleus_of(self, platform: str) -> Nucleus:
        """What runs components on the cores of a platform."""
        return self.nuclei.get(platform, Nucleus.CLASSIC)


@dataclass(frozen=True)
class Components:
    """What V2 components are called, and the adapter that runs a V1 function as one.

    `wanted` tells that the spec has the section: only then an adapter is built. `adapter` are
    folders that are laid into one archive with `component_runtime.py` at its top, and
    `adapter_requirements` is the requirements file of what it imports: ggfleet's own when empty.
    `user` is `user` or `user:group` by name, the nuclei's own default when empty.
    """

    wanted: bool = False
    prefix: str = ""
    publisher: str = ""
    adapter: tuple[Path, ...] = ()
    adapter_requirements: Path | None = None
    user: str = ""


@dataclass(frozen=True)
class Fleet:
    """Everything that one spec says. Mappings keep the order of the file."""

    name: str
    aws: Aws
    platforms: Mapping[str, Platform]
    cores: tuple[Core, ...]
    libraries: Mapping[str, Library]
    models: Mapping[str, Model]
    resources: Mapping[str, LocalResource]
    functions: Mapping[str, Function]
    subscriptions: tuple[Subscription, ...]
    loggers: tuple[Logger, ...]
    deployment: Deployment
    components: Components = Components()
    client_devices: Mapping[str, ClientDevice] = field(default_factory=dict)
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    function_defaults: FunctionDefaults = field(default_factory=FunctionDefaults)
    system_functions: SystemFunctions = field(default_factory=SystemFunctions)

    def ends(self) -> list[str]:
        """What a subscription can join."""
        return [CLOUD, *self.functions, *self.client_devices, *self.connectors, SHADOW]

    def used_resources(self) -> set[str]:
        """The names of resources that a function or a connector uses."""
        used = {name for function in self.functions.values() for name in function.resources}
        return used.union(*(each.resources.values() for each in self.connectors.values()))

    def used_platforms(self) -> tuple[Platform, ...]:
        """The platforms that at least one core has, in the order of the spec."""
        return self._used_platforms

    @cached_property
    def _used_platforms(self) -> tuple[Platform, ...]:
        """Found once: cores may be many, and a fleet does not change."""
        used = {core.platform for core in self.cores}
        return tuple(platform for name, platform in self.platforms.items() if name in used)

    def on(self, platform: str) -> Fleet:
        """The same fleet with the libraries, models and resources that one platform has.

        A device that stands for several nodes and folders becomes several, in functions too; one
        that the platform is known not to have goes from them.
        """
        resources = {name: each.on(platform) for name, each in self.resources.items()}
        functions = {
            name: replace(each, resources=_attached(each.resources, self.resources, resources))
            for name, each in self.functions.items()
        }
        return replace(
            self,
            libraries={name: each.on(platform) for name, each in self.libraries.items()},
            models={name: each.on(platform) for name, each in self.models.items()},
            resources={part.name: part for parts in resources.values() for part in parts},
            functions=functions,
        )

    def only(self, platforms: Collection[str]) -> Fleet:
        """The same fleet with the cores of some platforms only."""
        return replace(self, cores=tuple(c for c in self.cores if c.platform in platforms))

    def libraries_of(self, function: Function, install: Install) -> Iterator[Library]:
        """The function's libraries that arrive by `install`, in the function's order."""
        for name in function.libraries:
            if self.libraries[name].install is install:
                yield self.libraries[name]

    def is_used(self, resource: Library | Model) -> bool:
        """Whether a function or a connector uses a library or model."""
        named = {name for each in self.connectors.values() for name in each.resources.values()}
        # Names of resources and models go first, where a library has the same.
        others = {*self.resources, *(self.models if isinstance(resource, Library) else ())}
        return bool(self.users_of(resource)) or resource.name in named - others

    def users_of(self, resource: Library | Model) -> tuple[Function, ...]:
        """The functions that a library or model is attached to."""
        wanted = "libraries" if isinstance(resource, Library) else "models"
        return tuple(f for f in self.functions.values() if resource.name in getattr(f, wanted))


def _attached(
    named: Mapping[str, Access],
    before: Mapping[str, LocalResource],
    after: Mapping[str, tuple[LocalResource, ...]],
) -> dict[str, Access]:
    """The parts of each resource with its access; a name without a resource stays for the rules.

    A folder that belongs to a device holds the vendor's libraries: it is read alone.
    """
    found: dict[str, Access] = {}
    for name, access in named.items():
        if name not in before:
            found[name] = access
        for part in after.get(name, ()):
            is_library = isinstance(part, LocalVolume) and isinstance(before[name], LocalDevice)
            found[part.name] = Access.READ if is_library else access
    return found
