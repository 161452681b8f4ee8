"""Components of libraries, models and functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ggfleet.model import (
    ADAPTER,
    CLOUD,
    Encoding,
    Fleet,
    Function,
    Install,
    Json,
    Layout,
    Library,
    LocalVolume,
    Model,
    Part,
    Platform,
)
from ggfleet.render.known import attached_ml
from ggfleet.render.v2 import scripts
from ggfleet.render.v2.access import access_control, aws_components
from ggfleet.render.v2.aws import RANGE, STREAMS
from ggfleet.render.v2.component import HARD, SOFT, Body, Component, assemble, requirement
from ggfleet.render.v2.content import (
    ROOT,
    Content,
    absolute,
    below_artifacts,
    of_remote,
)
from ggfleet.render.v2.logs import USUAL, adapter_level
from ggfleet.render.v2.names import component_name
from ggfleet.render.v2.sources import Sources
from ggfleet.render.v2.users import is_root

ADAPTER_PROGRAM = "component_runtime.py"


@dataclass(frozen=True)
class Parts:
    """Components by the name of what they are made of, then by platform."""

    ml: Mapping[tuple[str, str], Mapping[str, Component]]
    functions: Mapping[str, Mapping[str, Component]]

    def of(self, resource: Library | Model, platform: Platform) -> Component:
        """The component of a library or model on a platform."""
        return self.ml[_kind(resource), resource.name][platform.name]

    def on(self, platform: Platform) -> Iterator[Component]:
        """The components of a platform: what others need comes first."""
        for variants in (*self.ml.values(), *self.functions.values()):
            yield variants[platform.name]


def make_parts(sources: Sources) -> Parts:
    """Every component of the fleet."""
    fleet = sources.fleet
    ml = {(_kind(each), each.name): _ml(sources, each) for each in attached_ml(fleet)}
    parts = Parts(ml, {})
    # Once for each platform, not for each function: a fleet takes as long as it has functions.
    on = {each.name: sources.fleet_on(each).on(each.name) for each in fleet.used_platforms()}
    functions = {n: _function(sources, each, parts, on) for n, each in fleet.functions.items()}
    return Parts(ml, functions)


def _kind(resource: Library | Model) -> str:
    return "library" if isinstance(resource, Library) else "model"


def _ml(sources: Sources, resource: Library | Model) -> dict[str, Component]:
    fleet, kind = sources.fleet, _kind(resource)

    def build(component: str, platform: Platform) -> Body:
        content = _ml_content(sources, resource, platform)
        steps = _ml_steps(component, content)
        return Body(steps, (content,), native=isinstance(resource, Library))

    name = component_name(fleet, kind, resource.name)
    description = f"The {kind} {resource.name} of the fleet {fleet.name}"
    here = [resource.on(platform.name) for platform in fleet.used_platforms()]
    if any(isinstance(each, Model) and not each.is_local for each in here):
        assert isinstance(resource, Model)
        # Its files cannot be looked into: its number has to move the component's.
        description += f", version {resource.version}"
    return assemble(fleet, name, description, fleet.used_platforms(), build)


def _ml_content(sources: Sources, resource: Library | Model, platform: Platform) -> Content:
    if isinstance(resource, Library):
        return sources.content(Part.LIBRARIES, resource.name, platform, resource.layout)
    chosen = resource.on(platform.name)
    if chosen.is_local:
        return sources.content(Part.MODEL, resource.name, platform)
    return of_remote(chosen, unpack=sources.unpack)


def _ml_steps(component: str, content: Content) -> dict[str, Json]:
    if content.layout is Layout.IMAGE:
        script = scripts.mount(component, content)
        return {"run": {"Script": script, "RequiresPrivilege": True}}
    return _steps([content], scripts.SLEEP)


def _steps(
    contents: Sequence[Content],
    script: str,
    variables: dict[str, Json] | None = None,
    *,
    privileged: bool = False,
) -> dict[str, Json]:
    """The run step, and an install step where something is to be unpacked."""
    own = scripts.unpacked(contents)
    forget = scripts.forget_others(own) if own else ""
    run: dict[str, Json] = {"Script": scripts.join(forget, script)}
    if variables:
        run["Setenv"] = variables
    if privileged:
        run["RequiresPrivilege"] = True
    if not own:
        return {"run": run}
    timeout = sum(each.timeout for each in own)
    return {"install": {"Script": scripts.unpack(own), "Timeout": timeout}, "run": run}


def _function(
    sources: Sources, function: Function, parts: Parts, on: Mapping[str, Fleet]
) -> dict[str, Component]:
    """`on` are the fleets of platforms, with the resources that each one has."""
    fleet = sources.fleet

    def build(component: str, platform: Platform) -> Body:
        here = sources.fleet_on(platform)
        one = here.functions[function.name]
        needed = [(each, parts.of(each, platform)) for each in _attached(here, one)]
        own = sources.content(Part.FUNCTION, one.name, platform)
        adapter = sources.content(Part.ADAPTER, ADAPTER, platform)
        places = _places(platform, needed) | _volumes(on[platform.name], one.name)
        return Body(
            _function_steps(here, one, platform, (adapter, own), needed),
            (adapter, own),
            native=True,
            configuration=_configuration(here, one, component, places, needed),
            dependencies=_dependencies(here, one, [each for _, each in needed]),
        )

    name = component_name(fleet, "function", function.name)
    description = f"The function {function.name} of the fleet {fleet.name}"
    return assemble(fleet, name, description, fleet.used_platforms(), build)


Needed = Sequence[tuple[Library | Model, Component]]


def _attached(fleet: Fleet, function: Function) -> list[Library | Model]:
    libraries = fleet.libraries_of(function, Install.ML_RESOURCE)
    return [*libraries, *(fleet.models[name] for name in function.models)]


def _function_steps(
    fleet: Fleet,
    function: Function,
    platform: Platform,
    contents: tuple[Content, Content],
    needed: Needed,
) -> dict[str, Json]:
    """The platform's own Python starts the adapter: native wheels are for one minor version."""
    adapter, own = contents
    images = [each.path(platform) for _, each in needed if each.is_image(platform)]
    libraries = [
        absolute(f"{component.path(platform)}{resource.place.removeprefix(resource.destination)}")
        for resource, component in needed
        if isinstance(resource, Library)
    ]
    start = (
        f'exec python{platform.python} -u "{adapter.own_path()}/{ADAPTER_PROGRAM}"'
        f' --root "{ROOT}" --package "{own.own_path()}"'
    )
    if (level := adapter_level(fleet)) != USUAL:
        start += f" --level {level}"
    variables: dict[str, Json] = {"PYTHONPATH": ":".join([*libraries, adapter.own_path()])}
    script = scripts.join(scripts.wait_for_images(images), start)
    return _steps([adapter, own], script, variables, privileged=is_root(fleet, function))


def _places(platform: Platform, needed: Needed) -> dict[str, Json]:
    """Where the adapter shows libraries and models, and where they are."""
    return {each.destination: below_artifacts(one.path(platform)) for each, one in needed}


def _volumes(here: Fleet, function: str) -> dict[str, Json]:
    """The same of a function's folders; `here` is the fleet of one platform."""
    resources = (here.resources[name] for name in here.functions[function].resources)
    return {each.destination: each.source for each in resources if isinstance(each, LocalVolume)}


def _configuration(
    fleet: Fleet, function: Function, component: str, places: dict[str, Json], needed: Needed
) -> dict[str, Json]:
    """What the adapter reads over the IPC; numbers would come back as 1.0, so there are none."""
    encoding: dict[str, Json] = {}
    if function.encoding is not Encoding.JSON:
        encoding = {"encoding": str(function.encoding)}
    settings: dict[str, Json] = {
        "handler": function.handler,
        **encoding,
        "subscribe": [
            {"from": _realm(each.source), "topic": each.topic}
            for each in fleet.incoming.get(function.name, ())
        ],
        "publish": [
            {"to": _realm(each.target), "topic": each.topic}
            for each in fleet.outgoing.get(function.name, ())
        ],
        "resources": places,
        "environment": _environment(function, needed),
    }
    control = access_control(fleet, function, component)
    return {"function": settings, **({"accessControl": control} if control else {})}


def _environment(function: Function, needed: Needed) -> dict[str, Json]:
    """The spec's variables. A PYTHONPATH among them replaces the step's, so it names all again."""
    values: dict[str, Json] = dict(function.environment)
    if own := function.environment.get("PYTHONPATH"):
        places = [each.place for each, _ in needed if isinstance(each, Library)]
        values["PYTHONPATH"] = ":".join([*places, own])
    return values


def _realm(end: str) -> str:
    return "iot-core" if end == CLOUD else "local"


def _dependencies(
    fleet: Fleet, function: Function, components: Sequence[Component]
) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for component in components:
        found |= requirement(component)
    for name in aws_components(fleet, function):
        found[name] = {"VersionRequirement": RANGE, "DependencyType": HARD}
    if fleet.system_functions.stream_manager is not None:
        # Any function may use it; SOFT starts it first and ends nobody with it.
        found[STREAMS] = {"VersionRequirement": RANGE, "DependencyType": SOFT}
    return found
