"""A component: its recipe, one for all platforms or one for each, and the version that follows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ggfleet.model import Fleet, Json, Layout, Platform, limits
from ggfleet.render.v2.content import Content
from ggfleet.render.v2.names import ARCHITECTURES, version_of
from ggfleet.system.files import to_json

LITE_BYTES = limits.LITE_RECIPE
UNIT_BYTES = limits.LITE_UNIT
UNIT_BESIDES = 600
"""Roughly what a unit holds besides (our reading of its generator)."""

HARD = "HARD"
SOFT = "SOFT"


@dataclass(frozen=True)
class Body:
    """What a recipe says for one platform. Steps are by their lower-case names.

    A `native` one is for the architecture of its platform; any other must be alike on all.
    """

    steps: dict[str, Json]
    contents: tuple[Content, ...]
    native: bool
    configuration: dict[str, Json] = field(default_factory=dict)
    dependencies: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Component:
    """A recipe, and the contents of its manifests by platform name."""

    name: str
    version: str
    recipe: dict[str, Json]
    contents: dict[str, tuple[Content, ...]]

    @property
    def defaults(self) -> Json:
        """Its DefaultConfiguration; `{}` when it has none."""
        return defaults_of(self.recipe)

    @property
    def size(self) -> int:
        """Bytes of the recipe's file."""
        return len(to_json(self.recipe).strip())

    @property
    def unit_size(self) -> int:
        """About the bytes of lite's unit: `BindsTo=` and `After=` for each dependency."""
        names = self.recipe.get("ComponentDependencies") or {}
        assert isinstance(names, Mapping)
        return UNIT_BESIDES + sum(2 * len(f"BindsTo=ggl.{name}.service\n") for name in names)

    def path(self, platform: Platform) -> str:
        """Where its dependents find the files of its only content."""
        (content,) = self.contents[platform.name]
        return content.path(self.name, self.version)

    def is_image(self, platform: Platform) -> bool:
        """Whether its files are there only while an image is mounted."""
        return any(each.layout is Layout.IMAGE for each in self.contents[platform.name])


Build = Callable[[str, Platform], Body]
"""A component's name and a platform to what its recipe says there."""


def assemble(
    fleet: Fleet, name: str, description: str, platforms: Sequence[Platform], build: Build
) -> dict[str, Component]:
    """The component of each platform, by the platform's name.

    Nuclei choose a manifest by architecture and know nothing of Python or a GPU. So there is one
    component when that is enough to tell the platforms apart, and otherwise one for each, with the
    platform as the last part of its name.
    """
    bodies = {platform.name: build(name, platform) for platform in platforms}
    if _fit_together(platforms, bodies):
        component = _component(fleet, name, description, platforms, bodies)
        return dict.fromkeys(bodies, component)
    made = {}
    for platform in platforms:
        own = f"{name}.{platform.name}"
        body = {platform.name: build(own, platform)}
        made[platform.name] = _component(fleet, own, description, [platform], body)
    return made


def defaults_of(recipe: Mapping[str, Json]) -> Json:
    """The DefaultConfiguration of a recipe; `{}` when it has none."""
    configuration = recipe.get("ComponentConfiguration")
    if not isinstance(configuration, Mapping):
        return {}
    default: Json = configuration.get("DefaultConfiguration", {})
    return default


def requirement(component: Component) -> dict[str, Json]:
    """A dependency on exactly this version: the paths of its files hold it."""
    return {component.name: {"VersionRequirement": component.version, "DependencyType": HARD}}


def _fit_together(platforms: Iterable[Platform], bodies: dict[str, Body]) -> bool:
    by_architecture: dict[str, Body] = {}
    for platform in platforms:
        body = bodies[platform.name]
        key = platform.architecture if body.native else ""
        if by_architecture.setdefault(key, body) != body:
            return False
    first, *others = by_architecture.values()
    return all(
        (body.configuration, body.dependencies) == (first.configuration, first.dependencies)
        for body in others
    )


def _component(
    fleet: Fleet,
    name: str,
    description: str,
    platforms: Sequence[Platform],
    bodies: dict[str, Body],
) -> Component:
    first = bodies[platforms[0].name]
    recipe: dict[str, Json] = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": "",
        "ComponentDescription": description,
    }
    if fleet.components.publisher:
        recipe["ComponentPublisher"] = fleet.components.publisher
    if first.configuration:
        recipe["ComponentConfiguration"] = {"DefaultConfiguration": first.configuration}
    if first.dependencies:
        recipe["ComponentDependencies"] = first.dependencies
    recipe["Manifests"] = _manifests(platforms, bodies)
    recipe["ComponentVersion"] = version_of(recipe)
    contents = {platform: body.contents for platform, body in bodies.items()}
    return Component(name, str(recipe["ComponentVersion"]), recipe, contents)


def _manifests(platforms: Sequence[Platform], bodies: dict[str, Body]) -> list[Json]:
    """One for each architecture, or a single one without where no code is native."""
    first = bodies[platforms[0].name]
    if not first.native:
        return [_manifest({}, first)]
    by_architecture = {
        ARCHITECTURES[platform.architecture]: bodies[platform.name] for platform in platforms
    }
    return [_manifest({"architecture": name}, body) for name, body in by_architecture.items()]


def _manifest(more: dict[str, Json], body: Body) -> Json:
    """`runtime: "*"` lets lite take it too; classic lets it pass, without knowing the attribute."""
    return {
        "Platform": {"os": "linux", "runtime": "*", **more},
        "Lifecycle": body.steps,
        "Artifacts": [each.artifact() for each in body.contents],
    }
