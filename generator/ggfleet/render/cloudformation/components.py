"""The calls of `recipes-v2` and `deployment-v2` as resources.

CloudFormation's names are the API's with a capital. Both types are replaced whenever something but
their tags changes: a version is never created twice, since its number follows from its content, and
a deployment for the same target is a revision that takes the place of the one before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from ggfleet.model import Fleet, Json, Rendering
from ggfleet.render.cloudformation.template import Part, logical_id, resource
from ggfleet.render.v2.access import MQTT

COMPONENT = "CreateComponentVersion"
DEPLOYMENT = "CreateDeployment"
TO_CLOUD = "aws.greengrass#PublishToIoTCore"
FROM_CLOUD = "aws.greengrass#SubscribeToIoTCore"
CLOUD = "IotCore"
"""As the MQTT bridge calls it."""

_BY_NAME = frozenset({"components", "tags"})
"""Maps whose keys are names."""

Tree = Mapping[str, Json]


@dataclass(frozen=True)
class Bodies:
    """The bodies of the calls: components by name, in the order of the calls, with their recipes;
    deployments by platform. `others` are operations that no resource type stands for.
    """

    components: Mapping[str, Tree]
    recipes: Mapping[str, Tree]
    deployments: Mapping[str, Tree]
    others: tuple[str, ...]

    def needed(self, name: str) -> list[str]:
        """The fleet's components that one depends on."""
        dependencies = _tree(self.recipes[name].get("ComponentDependencies", {}))
        return [each for each in dependencies if each in self.components]

    def entries(self, platform: str) -> Tree:
        """What the deployment of a platform says, by component."""
        return _tree(self.deployments[platform]["components"])

    def is_deployed(self, name: str, platform: str = "") -> bool:
        """Whether devices of the platform, or of any, get a component."""
        platforms = [platform] if platform else self.deployments
        return any(name in self.entries(each) for each in platforms)

    def recipe_texts(self, names: Iterable[str]) -> Iterator[str]:
        """The recipes of some components, as the calls have them."""
        return (str(self.components[name]["inlineRecipe"]) for name in names)

    def merges(self) -> Iterator[str]:
        """What the deployments lay over configurations, as text."""
        for platform in self.deployments:
            for entry in self.entries(platform).values():
                yield _merge(_tree(entry))

    def artifacts(self) -> set[str]:
        """The URI of every artifact."""
        manifests = (_trees(recipe["Manifests"]) for recipe in self.recipes.values())
        return {
            str(artifact["Uri"])
            for each in manifests
            for manifest in each
            for artifact in _trees(manifest["Artifacts"])
        }

    def topics(self, platform: str) -> Mapping[str, list[str]]:
        """Topic filters of IoT Core by what the components of a platform may do with them."""
        found: dict[str, set[str]] = {}
        for name, entry in self.entries(platform).items():
            for policy in self._mqtt_policies(name):
                for operation in _strings(policy["operations"]):
                    found.setdefault(operation, set()).update(_strings(policy["resources"]))
            for operation, topic in _bridged(_tree(entry)):
                found.setdefault(operation, set()).add(topic)
        return {operation: sorted(topics) for operation, topics in found.items()}

    def _mqtt_policies(self, name: str) -> Iterator[Tree]:
        configuration = _tree(self.recipes.get(name, {}).get("ComponentConfiguration", {}))
        defaults = _tree(configuration.get("DefaultConfiguration", {}))
        services = _tree(defaults.get("accessControl", {}))
        yield from map(_tree, _tree(services.get(MQTT, {})).values())


def bodies_of(recipes: Rendering, deployments: Rendering) -> Bodies:
    """The bodies of the calls of two renderings."""
    components: dict[str, Tree] = {}
    found: dict[str, Tree] = {}
    others = []
    for operation, path, body in (*_calls(recipes), *_calls(deployments)):
        if operation == COMPONENT:
            components[PurePosixPath(path).stem] = body
        elif operation == DEPLOYMENT:
            found[PurePosixPath(path).stem] = body
        else:
            others.append(operation)
    parsed = {name: json.loads(str(body["inlineRecipe"])) for name, body in components.items()}
    return Bodies(components, parsed, found, tuple(dict.fromkeys(others)))


def component_id(name: str) -> str:
    """The logical id of a component. It stays while versions come and go."""
    return logical_id("Component", name)


def components_part(bodies: Bodies, names: Iterable[str]) -> Part:
    """Some of the components. Each waits for those that it needs, where they are among them."""
    here = dict.fromkeys(names)
    made: dict[str, Json] = {}
    for name in here:
        needed = [component_id(each) for each in bodies.needed(name) if each in here]
        made[component_id(name)] = resource(
            "AWS::GreengrassV2::ComponentVersion",
            _tree(as_properties(bodies.components[name])),
            **after(needed),
        )
    return Part(made)


def deployment_part(fleet: Fleet, bodies: Bodies, platform: str, waits: Iterable[str]) -> Part:
    """The deployment of a platform, after what it `waits` for. Versions stand in it as text."""
    properties = dict(_tree(as_properties(bodies.deployments[platform])))
    properties["Tags"] = {"ggfleet:fleet": fleet.name, **_tree(properties.get("Tags", {}))}
    name = logical_id("Deployment", platform)
    made = resource("AWS::GreengrassV2::Deployment", properties, **after(waits))
    output: Json = {
        "Description": f"{platform}: the latest revision of its deployment",
        "Value": {"Fn::GetAtt": [name, "DeploymentId"]},
    }
    return Part({name: made}, {logical_id("DeploymentId", platform): output})


def after(waits: Iterable[str]) -> dict[str, Json]:
    """The attribute that makes a resource wait for others; none where there are none."""
    listed: list[Json] = [*waits]
    return {"DependsOn": listed} if listed else {}


def as_properties(body: Json) -> Json:
    """A body of the API with the names of properties."""
    if isinstance(body, Mapping):
        return {
            key[:1].upper() + key[1:]: _named(value) if key in _BY_NAME else as_properties(value)
            for key, value in body.items()
        }
    return [as_properties(each) for each in body] if isinstance(body, list) else body


def _named(entries: Json) -> Json:
    return {name: as_properties(entry) for name, entry in _tree(entries).items()}


def _calls(rendering: Rendering) -> Iterator[tuple[str, str, Tree]]:
    """Operation, path and body of every call."""
    documents = {each.path: each.content for each in rendering.documents}
    for call in _trees(documents["calls.json"]):
        path = str(call["body"])
        yield str(call["operation"]), path, _tree(documents[path])


def _bridged(entry: Tree) -> Iterator[tuple[str, str]]:
    """What AWS's MQTT bridge sends and gets, as the deployment configures it."""
    for each in json.loads(_merge(entry)).get("mqttTopicMapping", {}).values():
        if each["source"] == CLOUD:
            yield FROM_CLOUD, each["topic"]
        if each["target"] == CLOUD:
            yield TO_CLOUD, each.get("targetTopicPrefix", "") + each["topic"]


def _merge(entry: Tree) -> str:
    return str(_tree(entry.get("configurationUpdate", {})).get("merge", "{}"))


def _tree(value: Json) -> Tree:
    assert isinstance(value, Mapping)
    return value


def _trees(value: Json) -> Iterator[Tree]:
    assert isinstance(value, list)
    yield from map(_tree, value)


def _strings(value: Json) -> Iterator[str]:
    assert isinstance(value, list)
    yield from map(str, value)
