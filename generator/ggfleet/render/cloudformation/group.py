"""The calls of `group-v1` as resources: definitions with their versions, groups with theirs.

Versions are resources of their own, because `InitialVersion` is read when a definition or group is
made and a change of it would replace the group, with a new id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from ggfleet.model import Core, Json, Rendering
from ggfleet.render.cloudformation.rules import of_texts
from ggfleet.render.cloudformation.template import Part, logical_id, ref, resource
from ggfleet.render.group_v1.names import core_folder

CORE_OUTPUTS = 3
"""Outputs of a core: its group, the group's version, and the command that deploys it."""

NOT_MADE = ("StartBulkDeployment", "AssociateRoleToGroup")
"""Calls without a resource: a stack deploys no group, and a role is a property of its group."""

_ANSWER = re.compile(r"\$\{(?P<body>[^:}]+):LatestVersionArn\}")
_DEFINITION = re.compile(r"Create(?P<kind>[A-Za-z]+)Definition")


@dataclass(frozen=True)
class Calls:
    """The bodies of the Greengrass calls of a rendering, and their operations, by path."""

    operations: Mapping[str, str]
    bodies: Mapping[str, Json]
    links: Mapping[str, Json]
    """What stands in a template for a text of `group-v1`, such as a function's ARN."""
    shared: tuple[str, ...]
    """The definitions that groups share, in the order of the calls."""
    own: Mapping[str, tuple[str, ...]]
    """Those of one core, by its folder."""
    pointers: Mapping[str, Mapping[str, str]]
    """The fields of each group's version, with the body that a value is the answer to, by path."""

    @cached_property
    def checks(self) -> Mapping[str, str]:
        """Which of cfn-lint's checks the texts of shared definitions need left out."""
        return of_texts(json.dumps(self.bodies[path], ensure_ascii=False) for path in self.shared)

    def definition(self, path: str) -> Part:
        """A definition and the version of it that the body says."""
        kind, body = self._kind(path), _mapping(self.bodies[path])
        definition = logical_id(f"{kind}Definition", _owner(path), path)
        version: dict[str, Json] = {f"{kind}DefinitionId": ref(definition)}
        version |= _mapping(_linked(body["InitialVersion"], self.links))
        if kind == "Function":
            version["Functions"] = _without_override(version["Functions"])
        made = resource(f"AWS::Greengrass::{kind}Definition", {"Name": body["Name"]})
        return Part(
            {
                definition: made,
                self.version_id(path): resource(
                    f"AWS::Greengrass::{kind}DefinitionVersion", version
                ),
            }
        )

    def version_id(self, path: str) -> str:
        """The logical id of a definition's version; its `Ref` is the version's ARN."""
        return self._version_ids[path]

    @cached_property
    def _version_ids(self) -> Mapping[str, str]:
        """By path: groups point at the same few a thousand times over."""
        paths = (*self.shared, *chain.from_iterable(self.own.values()))
        kinds = ((path, f"{self._kind(path)}DefinitionVersion") for path in paths)
        return {path: logical_id(kind, _owner(path), path) for path, kind in kinds}

    def names_functions(self, path: str) -> bool:
        """Whether a body holds a text that a template replaces by what another resource gives."""
        return _linked(self.bodies[path], self.links) != self.bodies[path]

    def used_by(self, core: Core) -> tuple[str, ...]:
        """The shared definitions that a core's group points at."""
        return tuple(path for path in self.pointers[_group(core)].values() if _is_shared(path))

    def group(self, core: Core, role: Json) -> Part:
        """A core's own definitions and its group. `role` is the ARN of the group role, or None."""
        path = _group(core)
        own = self.own.get(path.rpartition("/")[0], ())
        group, version = logical_id("Group", core.name), logical_id("GroupVersion", core.name)
        properties: dict[str, Json] = {"Name": _mapping(self.bodies[path])["Name"]}
        if role is not None:
            properties["RoleArn"] = role
        pointers: dict[str, Json] = {
            field: ref(self.version_id(each)) for field, each in self.pointers[path].items()
        }
        made = {
            group: resource("AWS::Greengrass::Group", properties),
            version: resource("AWS::Greengrass::GroupVersion", {"GroupId": ref(group), **pointers}),
        }
        definitions = {k: v for each in own for k, v in self.definition(each).resources.items()}
        return Part({**definitions, **made}, _outputs(core, group, version))

    def _kind(self, path: str) -> str:
        found = _DEFINITION.fullmatch(self.operations[path])
        assert found, f"{path} is the body of {self.operations[path]}, which makes no definition"
        return found["kind"]


def calls_of(rendering: Rendering, links: Mapping[str, Json]) -> Calls:
    """The Greengrass calls of a `group-v1` rendering. One that is not known is our mistake."""
    bodies = {document.path: document.content for document in rendering.documents}
    listed = bodies["calls.json"]
    assert isinstance(listed, list)
    operations = {
        c["body"]: c["operation"]
        for c in listed
        if c["service"] == "greengrass" and c["operation"] not in NOT_MADE
    }
    shared: list[str] = []
    own: dict[str, tuple[str, ...]] = {}
    pointers: dict[str, dict[str, str]] = {}
    for path, operation in operations.items():
        folder = path.rsplit("/", 1)[0]
        if operation == "CreateGroup":
            version = _mapping(_mapping(bodies[path])["InitialVersion"])
            pointers[path] = {field: _answered(value) for field, value in version.items()}
            continue
        assert _DEFINITION.fullmatch(operation), f"no resource for {operation} ({path})"
        if _is_shared(path):
            shared.append(path)
        else:
            own[folder] = (*own.get(folder, ()), path)
    return Calls(operations, bodies, links, tuple(shared), own, pointers)


def _is_shared(path: str) -> bool:
    return path.startswith("platforms/")


def _group(core: Core) -> str:
    return f"{core_folder(core)}/group.json"


def _owner(path: str) -> str:
    """The platform or core that a body is for."""
    return path.split("/")[1]


def _answered(value: Json) -> str:
    found = _ANSWER.fullmatch(str(value))
    assert found, f"{value} names no version"
    return found["body"]


def _mapping(value: Json) -> Mapping[str, Json]:
    assert isinstance(value, Mapping)
    return value


def _linked(value: Json, links: Mapping[str, Json]) -> Json:
    """The same with linked texts replaced; the environment of a function is its author's own."""
    if isinstance(value, str):
        return links.get(value, value)
    if isinstance(value, Mapping):
        return {k: v if k == "Variables" else _linked(v, links) for k, v in value.items()}
    return [_linked(each, links) for each in value] if isinstance(value, list) else value


def _without_override(functions: Json) -> Json:
    """The resource type has no FunctionRuntimeOverride; a note tells it."""
    assert isinstance(functions, list)
    made: list[Json] = []
    for each in functions:
        settings = dict(_mapping(each["FunctionConfiguration"]))
        settings.pop("FunctionRuntimeOverride", None)
        made.append({**each, "FunctionConfiguration": settings})
    return made


def _outputs(core: Core, group: str, version: str) -> dict[str, Json]:
    """The ids that a deployment takes, and the command that makes one."""
    # arn:...:/greengrass/groups/<group>/versions/<version>
    number: Json = {"Fn::Select": [5, {"Fn::Split": ["/", ref(version)]}]}
    command = (
        "aws greengrass create-deployment --region ${AWS::Region} --deployment-type NewDeployment "
        f"--group-id ${{{group}}} --group-version-id ${{VersionId}}"
    )
    return {
        logical_id("GroupId", core.name): _output(f"{core.name}: the group", ref(group)),
        logical_id("GroupVersionId", core.name): _output(f"{core.name}: its version", number),
        logical_id("Deploy", core.name): _output(
            f"{core.name}: deploys this version", {"Fn::Sub": [command, {"VersionId": number}]}
        ),
    }


def _output(description: str, value: Json) -> Json:
    return {"Description": description, "Value": value}
