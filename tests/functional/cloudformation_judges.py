"""What CloudFormation would say to templates, and what they mean, told from templates alone.

cfn-lint and the SAM translator judge the shapes. The rest is written from the guides of IAM,
CloudFormation and V1, and knows nothing of the renderer.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from cfnlint.config import ConfigMixIn, ManualArgs
from cfnlint.decode import decode_str
from cfnlint.rules import Match, Rules
from cfnlint.runner import Runner, run_template_by_data
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Tree = dict[str, Any]
Templates = Mapping[str, Tree]

BY_THE_DAY = ("W2531", "E2531", "E2533")
"""Rules that judge a Lambda runtime by today's date. A core needs the runtime of its Python, so what
they say is right, and for the fleet's owner to hear; a test would break with the calendar."""

FLEET = "group-v1/fleet.json"
MADE_OF = re.compile(r"\$\{([\w:.]+)\}")
ARN = r"arn:aws(-cn|-us-gov)?"
LOGS = ARN + r":logs:[a-z0-9-]+:\d{12}:log-group:/aws/greengrass"
WILDCARDS = {
    rf"{LOGS}/GreengrassSystem/\*": (
        "the parts of the core software write one group each, and no list of them is published"
    ),
    rf"{LOGS}/Lambda/[^*]+:\*": "how IAM writes the streams of one log group",
    rf"{LOGS}/GreengrassSystemComponent/[a-z0-9-]+/System:\*": "the streams of one log group",
    rf"{LOGS}/UserComponent/[a-z0-9-]+/([\w-]+\.)*[\w-]+\.\*": "the components of one fleet",
    ARN + r":s3:::[^/*]+/ggfleet/[^/*]+/\*": "devices fetch archives of every version",
}
"""Every resource with a wildcard that an Allow may name, and why."""
OF_ACTIONS = {
    "s3:PutObject": ARN + r":s3:::[^/*]+/[^*]*\*",
    "cloudwatch:PutMetricData": r"\*",
}
"""Likewise for one action: where samples are put under names of their own; IAM knows no metrics."""


def lint_problems(template: Tree, region: str = "eu-west-1") -> list[str]:
    """What cfn-lint finds, with the template's own suppressions."""
    found = _linted(template, region)
    return [f"{m.rule.id} {m.message}" for m in found if m.rule.id not in BY_THE_DAY]


def dated_problems(template: Tree) -> list[str]:
    """What cfn-lint finds by the date."""
    found = _linted(template, "eu-west-1")
    return [m.message for m in found if m.rule.id in BY_THE_DAY]


def _linted(template: Tree, region: str) -> list[Match]:
    """What `cfnlint.api.lint` finds. It would load all rules for each template: most of its time."""
    decoded, errors = decode_str(json.dumps(template, ensure_ascii=False))
    assert decoded is not None, errors
    config = ConfigMixIn(**ManualArgs(regions=[region]))
    return list(run_template_by_data(decoded, config, _rules()))


@functools.cache
def _rules() -> Rules:
    """All rules. As with many files on cfn-lint's command line, each template sets them anew."""
    rules: Rules = Runner(ConfigMixIn(**ManualArgs(regions=["eu-west-1"]))).rules
    return rules


def translated(template: Tree) -> Tree:
    """What SAM's transform makes of a template, without a network."""
    done: Tree = _translator().translate(copy.deepcopy(template), {})
    return json.loads(json.dumps(done))  # type: ignore[no-any-return]


@functools.cache
def _translator() -> Translator:
    return Translator({}, Parser(), boto_session=boto3.Session(region_name="eu-west-1"))


def of_type(template: Tree, suffix: str) -> dict[str, Tree]:
    """The properties of all resources whose type ends so."""
    return {
        name: each.get("Properties", {})
        for name, each in template["Resources"].items()
        if each["Type"].endswith(suffix)
    }


def limit_problems(template: Tree) -> list[str]:
    """The quotas of the user guide, of a template as it is and of what SAM makes of it."""
    found = []
    for each in (template, translated(template)):
        for section, limit in (("Resources", 500), ("Outputs", 200), ("Parameters", 200)):
            if len(each.get(section, {})) > limit:
                found.append(f"{len(each[section])} {section}")
        if len(json.dumps(each, indent=2)) > 1_000_000:
            found.append("more than 1 MB")
    return found


# Permissions


def permission_problems(template: Tree) -> list[str]:
    """Every Allow must name its actions and its resources."""
    return [
        f"{name}: {problem}"
        for name, statement in statements(template)
        if statement["Effect"] == "Allow"
        for problem in _statement_problems(statement)
    ]


def statements(template: Tree) -> Iterator[tuple[str, Tree]]:
    """All policy statements, with the resource that holds them."""
    for name, each in template["Resources"].items():
        for document in _policies(each.get("Properties", {})):
            for statement in document["Statement"]:
                yield name, statement


def _policies(value: object) -> Iterator[Tree]:
    if isinstance(value, dict):
        if "Statement" in value:
            yield value
        for item in value.values():
            yield from _policies(item)
    if isinstance(value, list):
        for item in value:
            yield from _policies(item)


def _statement_problems(statement: Tree) -> Iterator[str]:
    if any(key.startswith("Not") for key in statement):
        yield "allows all but something"
    if statement.get("Principal") == "*":
        yield "trusts everybody"
    actions = _list(statement["Action"])
    yield from (f"allows {a}" for a in actions if "*" in a)
    known = [*WILDCARDS, *(OF_ACTIONS[a] for a in actions if a in OF_ACTIONS and len(actions) == 1)]
    for each in _list(statement.get("Resource", [])):
        text = each if isinstance(each, str) else each["Fn::Sub"]
        if "*" in text and not any(re.fullmatch(pattern, text) for pattern in known):
            yield f"allows it on {text}"


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


# Meaning: the bodies of group-v1 that a stack amounts to


def meant_groups(templates: Templates) -> dict[str, Tree]:
    """By group name: the definition versions that the group deploys, by field of its version.

    References are followed through the templates, parameters and Parameter Store, to the texts
    that `group-v1` has in their places.
    """
    shared = templates[FLEET]
    return {
        template["Resources"][version["GroupId"]["Ref"]]["Properties"]["Name"]: {
            field: _meant(shared, _followed(template, shared, value["Ref"]))
            for field, value in version.items()
            if field != "GroupId"
        }
        for path, template in templates.items()
        if path != "bucket.json"
        for version in of_type(template, "::GroupVersion").values()
    }


def _followed(template: Tree, shared: Tree, name: str) -> Tree:
    """The version that a logical id stands for, in this template or the fleet's."""
    if name in template["Resources"]:
        return template["Resources"][name]["Properties"]  # type: ignore[no-any-return]
    stored = template["Parameters"][name]["Default"]
    [told] = [p for p in of_type(shared, "::SSM::Parameter").values() if p["Name"] == stored]
    return shared["Resources"][told["Value"]["Ref"]]["Properties"]  # type: ignore[no-any-return]


def _meant(template: Tree, version: Tree) -> Tree:
    """A version as the API takes it."""
    return {
        name: _text(template, value)
        for name, value in version.items()
        if not name.endswith("DefinitionId")
    }


def _text(template: Tree, value: Any) -> Any:
    if isinstance(value, list):
        return [_text(template, each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return _alias(template, value["Ref"])
    if set(value) == {"Fn::Sub"}:
        return MADE_OF.sub(lambda m: template["Parameters"][m[1]]["Default"], value["Fn::Sub"])
    return {name: _text(template, each) for name, each in value.items()}


def _alias(template: Tree, name: str) -> str:
    """The alias that names the same version in `group-v1`, where platforms share a function."""
    function = template["Resources"][name.removesuffix(".Version")]["Properties"]
    assert name.endswith(".Version")
    platform = function["AutoPublishAlias"]
    shared = function["FunctionName"].removesuffix(f"-{platform}")
    return f"{shared}:{platform}"


def version_ids(template: Tree) -> dict[str, list[str]]:
    """The logical ids of the Lambda versions that SAM makes, by function name: a new id publishes."""
    done = translated(template)
    names = {k: p["FunctionName"] for k, p in of_type(done, "::Lambda::Function").items()}
    found: dict[str, list[str]] = {}
    for name, properties in of_type(done, "::Lambda::Version").items():
        found.setdefault(names[properties["FunctionName"]["Ref"]], []).append(name)
    return found
