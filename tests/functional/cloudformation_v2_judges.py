"""What templates of V2 mean, and what AWS's schemas of the two resource types say to them.

Written from the schemas and guides, and knows nothing of the renderer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema

from functional.cloudformation_judges import Templates, Tree, of_type
from functional.v2_rules import shared_schema

FLEET = "v2/fleet.json"
NAMED = ("Components", "Tags")
TYPES = {
    "AWS::GreengrassV2::ComponentVersion": "cfn-greengrassv2-componentversion.json",
    "AWS::GreengrassV2::Deployment": "cfn-greengrassv2-deployment.json",
}
SCHEMAS = {name: shared_schema(file) for name, file in TYPES.items()}
POLICY_CHARACTERS = 2048


def schema_problems(template: Tree) -> list[str]:
    """What AWS's schemas have against a template; what only the service sets is refused too."""
    found = []
    for name, each in template["Resources"].items():
        schema = SCHEMAS.get(each["Type"])
        if schema:
            judge = jsonschema.Draft7Validator(schema)
            found += [f"{name}: {e.message}" for e in judge.iter_errors(each["Properties"])]
            own = {path.rsplit("/", 1)[1] for path in schema["readOnlyProperties"]}
            found += [f"{name}: sets {key}" for key in own & each["Properties"].keys()]
    return found


def meant_calls(templates: Templates) -> tuple[dict[str, Tree], dict[str, Tree]]:
    """The bodies of the API that the stacks amount to: components by name, deployments by name."""
    made = [p for t in templates.values() for p in of_type(t, "::ComponentVersion").values()]
    components = {json.loads(each["InlineRecipe"])["ComponentName"]: _api(each) for each in made}
    assert len(components) == len(made), "a component stands in two stacks"
    deployed = [p for t in templates.values() for p in of_type(t, "V2::Deployment").values()]
    return components, {each["DeploymentName"]: _api(each) for each in deployed}


def _api(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key[0].lower() + key[1:]: {name: _api(each) for name, each in item.items()}
            if key in NAMED
            else _api(item)
            for key, item in value.items()
        }
    return [_api(each) for each in value] if isinstance(value, list) else value


def waits_of(template: Tree) -> dict[str, set[str]]:
    """What every resource waits for, directly or through others. Refuses a circle."""
    direct = {k: set(r.get("DependsOn", [])) for k, r in template["Resources"].items()}
    return {name: _reached(direct, name, ()) for name in direct}


def _reached(direct: Mapping[str, set[str]], name: str, way: tuple[str, ...]) -> set[str]:
    assert name not in way, f"{name} waits for itself"
    found = set(direct[name])
    for each in direct[name]:
        found |= _reached(direct, each, (*way, name))
    return found


def makers(templates: Templates) -> dict[str, str]:
    """By component: the resource of the fleet's template that makes it, itself or a nested stack."""
    found = {}
    for path, template in templates.items():
        [stack] = [
            name
            for name, p in of_type(templates[FLEET], "::Stack").items()
            if f"v2/{p['TemplateURL']}" == path
        ] or [""]
        for name, properties in of_type(template, "::ComponentVersion").items():
            found[json.loads(properties["InlineRecipe"])["ComponentName"]] = stack or name
    return found


def allowed(template: Tree, certificate: str) -> set[tuple[str, str]]:
    """Actions with what they are allowed on, of all policies that a certificate has."""
    attached = of_type(template, "::PolicyPrincipalAttachment").values()
    names = [each["PolicyName"]["Ref"] for each in attached if each["Principal"] == certificate]
    return {pair for name in names for pair in _pairs(of_type(template, "IoT::Policy")[name])}


def _pairs(properties: Tree) -> Iterator[tuple[str, str]]:
    for statement in properties["PolicyDocument"]["Statement"]:
        assert statement.keys() == {"Effect", "Action", "Resource"}
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            yield from ((action, each) for each in statement["Resource"])


def long_policies(template: Tree) -> list[str]:
    """Policies of certificates that AWS IoT would refuse for their length."""
    sizes = {
        name: len(json.dumps(each["PolicyDocument"], separators=(",", ":")))
        for name, each in of_type(template, "IoT::Policy").items()
    }
    return [f"{name}: {size}" for name, size in sizes.items() if size > POLICY_CHARACTERS]
