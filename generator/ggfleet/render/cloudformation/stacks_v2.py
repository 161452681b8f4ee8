"""Which templates the components and deployments of a fleet take.

`fleet.json` has what they all need and, while it holds them, the components; otherwise these are in
templates nested in it, since a component must be there before its deployment and go after it. What
certificates allow is in `cores.json`, or in several: it needs nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ggfleet.errors import GgfleetError
from ggfleet.model import Core, Fleet, Json, Manifest, Rendering
from ggfleet.render.cloudformation.components import (
    Bodies,
    after,
    bodies_of,
    component_id,
    components_part,
    deployment_part,
)
from ggfleet.render.cloudformation.device_policies import core_policies
from ggfleet.render.cloudformation.device_role import device_role
from ggfleet.render.cloudformation.notes_v2 import notes
from ggfleet.render.cloudformation.rules import lets_pass, of_texts, where_the_spec_says
from ggfleet.render.cloudformation.shares import cores_apart, spread
from ggfleet.render.cloudformation.template import (
    MAX_RESOURCES,
    Part,
    Section,
    Template,
    logical_id,
    ref,
    resource,
    together,
)
from ggfleet.render.v2 import render_deployment_v2, render_recipes_v2

FOLDER = "v2"
"""Of the templates that make components and deployments."""

SHARES = 16
"""Templates that components are spread over, of either kind, when one does not hold them. Never
more: a component that moved would be made in its new stack while the old one still has it, and the
service refuses a version twice.
"""

PACKAGED = {
    "W3002": "The templates that are nested here lie beside this one until `aws cloudformation "
    "package` has put them into a bucket."
}
"""Of cfn-lint's checks: why it is not for a template with others in it."""

Places = Mapping[str, str]
"""The logical id of the resource in `fleet.json` that makes a component, by its name."""


def render_stacks_v2(fleet: Fleet, manifest: Manifest) -> Rendering:
    """The templates of components and deployments, below `v2/`.

    What the calls' notes say of roles and policies is made here.
    Raises as `render_recipes_v2` does, and `GgfleetError` for what CloudFormation does not take.
    """
    recipes = render_recipes_v2(fleet, manifest)
    deployments = render_deployment_v2(fleet, manifest)
    bodies = bodies_of(recipes, deployments)
    nested = _nested(fleet, bodies)
    templates = {**nested, **_cores(fleet, bodies)}
    documents = [each.document(f"{FOLDER}/{name}.json") for name, each in templates.items()]
    own = notes(fleet, bodies, nested=len(nested) - 1)
    others = [replace(each, in_aws="") for each in (*recipes.notes, *deployments.notes)]
    told = dict.fromkeys([*own, *others])
    return Rendering(tuple(documents), tuple(told))


def _nested(fleet: Fleet, bodies: Bodies) -> dict[str, Template]:
    """`fleet.json`, and the templates nested in it if it does not hold the components."""
    components = components_part(bodies, bodies.components)
    places: Places = {name: component_id(name) for name in bodies.components}
    merges = of_texts(bodies.merges())
    checks = {**merges, **of_texts(bodies.recipe_texts(bodies.components))}
    alone = _fleet_template(fleet, bodies, components, places, lets_pass(checks))
    if not alone.excess():
        return {"fleet": alone}
    inner = _component_templates(fleet, bodies)
    stacks, places = _stacks(bodies, inner)
    outer = _fleet_template(fleet, bodies, stacks, places, lets_pass({**PACKAGED, **merges}))
    for template in (outer, *(each for each, _ in inner.values())):
        if excess := template.excess():
            raise GgfleetError(
                f"a template of the components of {fleet.name} would have {excess}",
                fix="divide the functions among several fleets",
            )
    return {"fleet": outer, **{name: each for name, (each, _) in inner.items()}}


def _fleet_template(
    fleet: Fleet, bodies: Bodies, components: Part, places: Places, metadata: Section
) -> Template:
    """`components` are what makes the components: themselves, or nested stacks."""
    groups, made = _thing_groups(fleet, bodies)
    deployments = [
        deployment_part(fleet, bodies, platform, _waits(bodies, platform, places, made))
        for platform in bodies.deployments
    ]
    part = together([device_role(fleet, bodies), groups, components, *deployments])
    description = f"The components and deployments of the Greengrass fleet {fleet.name}"
    return Template(description, part, where_the_spec_says(fleet), metadata)


def _waits(bodies: Bodies, platform: str, places: Places, made: Places) -> list[str]:
    waits = [places[name] for name in bodies.entries(platform) if name in places]
    return [*dict.fromkeys(waits), *([made[platform]] if platform in made else [])]


def _thing_groups(fleet: Fleet, bodies: Bodies) -> tuple[Part, Places]:
    """The groups that the spec does not name, which are there already; and their ids."""
    made: dict[str, Json] = {}
    ids: dict[str, str] = {}
    outputs: dict[str, Json] = {}
    for platform, body in bodies.deployments.items():
        name = logical_id("ThingGroup", platform)
        if platform not in fleet.deployment.thing_groups:
            group = str(body["targetArn"]).rpartition("/")[2]
            made[name] = resource("AWS::IoT::ThingGroup", {"ThingGroupName": group})
            outputs[name] = {"Description": f"Of the cores of {platform}", "Value": ref(name)}
            ids[platform] = name
    return Part(made, outputs), ids


def _component_templates(fleet: Fleet, bodies: Bodies) -> dict[str, tuple[Template, Sequence[str]]]:
    """By file name, with the components in each. Those that others need are apart from those."""
    found: dict[str, tuple[Template, Sequence[str]]] = {}
    for kind, names in _kinds(bodies):
        for number, some in spread(names, str, SHARES).items():
            description = f"Components of the Greengrass fleet {fleet.name}, share {number}"
            metadata = lets_pass(of_texts(bodies.recipe_texts(some)))
            template = Template(description, components_part(bodies, some), metadata=metadata)
            found[f"{kind}-{number:03}"] = (template, some)
    return found


def _kinds(bodies: Bodies) -> Iterator[tuple[str, list[str]]]:
    yield "parts", [name for name in bodies.components if not bodies.needed(name)]
    yield "functions", [name for name in bodies.components if bodies.needed(name)]


def _stacks(
    bodies: Bodies, inner: Mapping[str, tuple[Template, Sequence[str]]]
) -> tuple[Part, Places]:
    """The nested stacks. Their files lie beside the template until it is packaged."""
    ids = {file: logical_id("Stack", file) for file in inner}
    places = {name: ids[file] for file, (_, names) in inner.items() for name in names}
    made: dict[str, Json] = {}
    for file, (_, names) in inner.items():
        needed = {places[each] for name in names for each in bodies.needed(name)}
        made[ids[file]] = resource(
            "AWS::CloudFormation::Stack", {"TemplateURL": f"{file}.json"}, **after(sorted(needed))
        )
    return Part(made), places


def _cores(fleet: Fleet, bodies: Bodies) -> dict[str, Template]:
    parts = core_policies(fleet, bodies)
    rules = where_the_spec_says(fleet)

    def template(share: str, cores: Sequence[Core]) -> Template:
        description = f"What certificates of the Greengrass fleet {fleet.name} allow, {share}"
        return Template(description, together(parts[core.name] for core in cores), rules)

    if not fleet.cores:
        return {}
    if len(fleet.cores) <= MAX_RESOURCES:  # each has one at least
        alone = template("all cores", fleet.cores)
        if not alone.excess():
            return {"cores": alone}
    return cores_apart(fleet.cores, template)
