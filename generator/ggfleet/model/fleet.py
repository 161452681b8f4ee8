"""What a fleet is: one frozen value that every renderer, bundler and measurement starts from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from ggfleet.model.deployment import Components, Deployment
from ggfleet.model.parts import Access, Function, Install, Library, Model
from ggfleet.model.platform import Platform
from ggfleet.model.reference import Reference
from ggfleet.model.resource import LocalDevice, LocalResource, LocalVolume
from ggfleet.model.runtime import (
    ClientDevice,
    Connector,
    FunctionDefaults,
    Nucleus,
    SystemFunctions,
)

CLOUD = "cloud"
"""The source or target of a subscription that stands for AWS IoT Core."""

SHADOW = "shadow"
"""The source or target that stands for the core's shadow service."""


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
    components: Components = field(default_factory=Components)
    client_devices: Mapping[str, ClientDevice] = field(default_factory=dict)
    connectors: Mapping[str, Connector] = field(default_factory=dict)
    function_defaults: FunctionDefaults = field(default_factory=FunctionDefaults)
    system_functions: SystemFunctions = field(default_factory=SystemFunctions)

    def ends(self) -> list[str]:
        """What a subscription can join."""
        return [CLOUD, *self.functions, *self.client_devices, *self.connectors, SHADOW]

    @cached_property
    def incoming(self) -> Mapping[str, tuple[Subscription, ...]]:
        """The subscriptions by their target; found once, as neither they nor the fleet change."""
        return _by_end((each.target, each) for each in self.subscriptions)

    @cached_property
    def outgoing(self) -> Mapping[str, tuple[Subscription, ...]]:
        """The subscriptions by their source."""
        return _by_end((each.source, each) for each in self.subscriptions)

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

    def platforms_of(self, nucleus: Nucleus) -> tuple[Platform, ...]:
        """Those of the used platforms whose cores run this nucleus."""
        nuclei = self.deployment.nucleus_of
        return tuple(each for each in self.used_platforms() if nuclei(each.name) is nucleus)

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

    @cached_property
    def in_layers(self) -> Fleet:
        """The same fleet with each layer as a library of its own: what archives are made of.

        Functions have all layers of a library in its place.
        """
        if all(each.layer or not each.layers for each in self.libraries.values()):
            return self
        apart = {name: each.apart() for name, each in self.libraries.items()}
        libraries = {one.name: one for each in apart.values() for one in each}
        functions = {name: _with(each, apart) for name, each in self.functions.items()}
        return replace(self, libraries=libraries, functions=functions)

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


def _with(function: Function, apart: Mapping[str, tuple[Library, ...]]) -> Function:
    """A function with its libraries' layers; a name without a library stays for the rules."""
    names = {
        name: [one.name for one in apart[name]] for name in function.libraries if name in apart
    }
    access = {
        layer: access
        for name, access in function.library_access.items()
        for layer in names.get(name, [name])
    }
    libraries = tuple(layer for name in function.libraries for layer in names.get(name, [name]))
    return replace(function, libraries=libraries, library_access=access)


def _by_end(ends: Iterable[tuple[str, Subscription]]) -> dict[str, tuple[Subscription, ...]]:
    found: dict[str, list[Subscription]] = {}
    for end, each in ends:
        found.setdefault(end, []).append(each)
    return {end: tuple(each) for end, each in found.items()}


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
