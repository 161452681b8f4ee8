"""What a V1 template says, as single facts: a path and a text. Two templates are compared by them.

Both are read the same way, after SAM's transform, with their own names for the same parts told
apart: a function is called by its Id, an ML resource by its Id, without what stands before them.
Knows nothing of the renderer.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

from functional.cloudformation_judges import Tree, of_type, translated

Facts = dict[str, str]
"""By path, such as `functions.NAME.Timeout`; a value that is absent has no fact."""

ML = ("S3MachineLearningModelResourceData", "SageMakerMachineLearningModelResourceData")
PSEUDO = {"AWS::Region": "eu-west-1", "AWS::AccountId": "123456789012"}
SECTIONS = ("Parameters", "Mappings", "Rules", "Conditions", "Outputs")


def read_template(path: Path) -> Tree:
    """A template in YAML with CloudFormation's tags. `Version: 2012-10-17` is a date in YAML."""
    read = json.loads(json.dumps(cfn_yaml.load(str(path)), default=str))
    assert isinstance(read, dict)
    return read


@dataclass(frozen=True)
class Names:
    """What stands before the plain names of functions and ML resources in their Ids."""

    function: str = ""
    resource: str = ""


def facts_of(template: Tree, given: Mapping[str, str], names: Names) -> Facts:
    """All facts. `given` are values of parameters, which go before their defaults."""
    return Reader(template, given, names).facts()


class Reader:
    """Follows the references of one template."""

    def __init__(self, template: Tree, given: Mapping[str, str], names: Names) -> None:
        self._written = template
        self._template = translated(with_remote_code(template))
        defaults = {k: p.get("Default", "") for k, p in template.get("Parameters", {}).items()}
        self._values = {**PSEUDO, **defaults, **given}
        self._names = names

    def facts(self) -> Facts:
        parts = (self._group, self._core, self._functions, self._resources)
        more = (self._subscriptions, self._permissions, self._stack)
        found = [pair for part in (*parts, *more) for pair in part()]
        assert len(dict(found)) == len(found), "two facts have one path"
        return dict(found)

    # Values

    def text(self, value: Any) -> str:
        """A value as a text; what belongs to a resource is `<resource>` or `<resource.attribute>`."""
        match value:
            case {"Ref": name}:
                return str(self._values[name]) if name in self._values else f"<{name}>"
            case {"Fn::GetAtt": [name, attribute]}:
                return f"<{name}.{attribute}>"
            case {"Fn::Join": [separator, parts]}:
                return str(separator).join(map(self.text, parts))
            case {"Fn::Sub": str(text)}:
                for name, known in self._values.items():
                    text = text.replace(f"${{{name}}}", known)
                return text
            case bool():
                return str(value).lower()
        return str(value)

    def flat(self, value: Any, at: str) -> Iterator[tuple[str, str]]:
        """Every leaf of a tree."""
        if isinstance(value, dict) and not _is_reference(value):
            for key, item in value.items():
                yield from self.flat(item, f"{at}.{key}")
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from self.flat(item, f"{at}.{index}")
        else:
            yield at, self.text(value)

    def named(self, reference: str) -> Tree:
        """The properties of what a `<resource>` or `<resource.attribute>` stands for."""
        name = reference.strip("<>").partition(".")[0]
        return self._template["Resources"][name]["Properties"]  # type: ignore[no-any-return]

    def version(self, kind: str) -> Tree:
        """What the group deploys of a kind, whether a version of its own or an initial one."""
        [group] = of_type(self._template, "::Greengrass::Group").values()
        versions = [*of_type(self._template, "::GroupVersion").values()]
        pointers = versions[0] if versions else group["InitialVersion"]
        found = self.named(self.text(pointers[f"{kind}DefinitionVersionArn"]))
        return found.get("InitialVersion", found)  # type: ignore[no-any-return]

    # Parts

    def _group(self) -> Iterator[tuple[str, str]]:
        [group] = of_type(self._template, "::Greengrass::Group").values()
        for key in ("Name", "RoleArn"):
            if key in group:
                yield f"group.{key}", self.text(group[key])
        defaults = self.version("Function").get("DefaultConfig", {})
        yield from self.flat(defaults, "group.DefaultConfig")

    def _core(self) -> Iterator[tuple[str, str]]:
        [core] = self.version("Core")["Cores"]
        yield from self.flat(core, "core")

    def _listed(self) -> Iterator[tuple[str, Tree]]:
        for each in self.version("Function")["Functions"]:
            yield self.text(each["Id"]).removeprefix(self._names.function), each

    def _functions(self) -> Iterator[tuple[str, str]]:
        for name, each in self._listed():
            at = f"functions.{name}"
            yield f"{at}.Id", self.text(each["Id"])
            settings = copy.deepcopy(each["FunctionConfiguration"])
            for policy in settings["Environment"].pop("ResourceAccessPolicies", []):
                resource = self._resource(policy["ResourceId"])
                yield f"{at}.may use {resource}", policy.get("Permission", "no Permission")
            yield from self.flat(settings, at)
            yield from self._lambda(name, f"{at}.lambda")

    def _lambda(self, name: str, at: str) -> Iterator[tuple[str, str]]:
        """The function at Lambda, and the alias of the version that the group deploys."""
        reference, properties = self._deployed(name)
        wanted = ("Handler", "Runtime", "Timeout", "MemorySize", "Architectures", "FunctionName")
        for key in wanted:
            if key in properties:
                yield from self.flat(properties[key], f"{at}.{key}")
        aliases = of_type(self._template, "::Lambda::Alias").values()
        for alias in (a for a in aliases if self.text(a["FunctionName"]) == reference):
            yield f"{at}.alias", self.text(alias["Name"])

    def _deployed(self, name: str) -> tuple[str, Tree]:
        each = dict(self._listed())[name]
        version = self.named(self.text(each["FunctionArn"]))
        reference = self.text(version["FunctionName"])
        return reference, self.named(reference)

    def _resource(self, value: Any) -> str:
        return self.text(value).removeprefix(self._names.resource)

    def _resources(self) -> Iterator[tuple[str, str]]:
        for each in self.version("Resource")["Resources"]:
            at = f"resources.{self._resource(each['Id'])}"
            yield from ((f"{at}.{key}", self.text(each[key])) for key in ("Id", "Name"))
            yield from self.flat(each["ResourceDataContainer"], at)

    def _subscriptions(self) -> Iterator[tuple[str, str]]:
        arns = {self.text(each["FunctionArn"]): name for name, each in self._listed()}
        for each in self.version("Subscription")["Subscriptions"]:
            source, subject, target = (self.text(each[k]) for k in ("Source", "Subject", "Target"))
            ends = f"{arns.get(source, source)} {subject} {arns.get(target, target)}"
            yield f"subscriptions.{ends}", self.text(each["Id"])

    def _permissions(self) -> Iterator[tuple[str, str]]:
        """Who may do what: the action, and on which resources."""
        labels = self._labels()
        for name, role in of_type(self._template, "::IAM::Role").items():
            documents = [policy["PolicyDocument"] for policy in role.get("Policies", [])]
            for label in labels.get(name, ["stack helpers"]):
                at = f"permissions.{label}"
                yield from self.flat(_trusted(role), f"{at}.trusts")
                for arn in role.get("ManagedPolicyArns", []):
                    yield f"{at}.{self.text(arn).rsplit('/', 1)[1]}", "managed policy"
                yield from self._allowed(documents, at)
        for policy in of_type(self._template, "::IAM::RolePolicy").values():
            at = f"permissions.{self.text(policy['RoleName'])}"
            yield from self._allowed([policy["PolicyDocument"]], at)

    def _labels(self) -> dict[str, list[str]]:
        """By role: the group, or the functions at Lambda that have it."""
        labels: dict[str, list[str]] = {}
        for name, _ in self._listed():
            role = self.text(self._deployed(name)[1]["Role"])
            labels.setdefault(role.strip("<>").partition(".")[0], []).append(f"lambda {name}")
        [group] = of_type(self._template, "::Greengrass::Group").values()
        if "RoleArn" in group:
            labels[self.text(group["RoleArn"]).strip("<>").partition(".")[0]] = ["group role"]
        return labels

    def _allowed(self, documents: list[Tree], at: str) -> Iterator[tuple[str, str]]:
        for statement in (s for document in documents for s in document["Statement"]):
            where = " ".join(map(self.text, _list(statement["Resource"])))
            for action in _list(statement["Action"]):
                yield f"{at}.{action}", where

    def _stack(self) -> Iterator[tuple[str, str]]:
        """How many resources of which type are written, and what else a template has."""
        types = [each["Type"] for each in self._written["Resources"].values()]
        yield from ((f"types.{each}", str(types.count(each))) for each in dict.fromkeys(types))
        for section in SECTIONS:
            for name, entry in self._written.get(section, {}).items():
                told = entry.get("Default", "given") if section == "Parameters" else "there"
                yield f"{section.lower()}.{name}", str(told)


def with_remote_code(template: Tree) -> Tree:
    """The same with code in S3, as `aws cloudformation package` leaves it for the transform."""
    made = copy.deepcopy(template)
    for properties in of_type(made, "::Serverless::Function").values():
        if isinstance(properties["CodeUri"], str):
            properties["CodeUri"] = "s3://code/package.zip"
    return made


def _is_reference(value: Tree) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _trusted(role: Tree) -> list[str]:
    statements = role["AssumeRolePolicyDocument"]["Statement"]
    return [each for s in statements for each in _list(s["Principal"]["Service"])]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
