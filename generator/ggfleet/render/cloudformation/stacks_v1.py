"""Which templates the V1 groups of a fleet take: one while it fits, otherwise one for what cores
share and others for cores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ggfleet.errors import GgfleetError
from ggfleet.model import Core, Fleet, Json, Manifest, Rendering, SystemFunctions
from ggfleet.render.cloudformation.access import GROUP_ROLE, access_part, has_group_role
from ggfleet.render.cloudformation.functions import BUCKET, function_links, functions_part
from ggfleet.render.cloudformation.group import CORE_OUTPUTS, Calls, calls_of
from ggfleet.render.cloudformation.notes_v1 import notes
from ggfleet.render.cloudformation.rules import lets_pass, where_the_spec_says
from ggfleet.render.cloudformation.shares import cores_apart
from ggfleet.render.cloudformation.template import (
    MAX_OUTPUTS,
    Part,
    Section,
    Template,
    attribute,
    logical_id,
    ref,
    resource,
    together,
)
from ggfleet.render.group_v1.group import render_group_v1
from ggfleet.render.group_v1.names import archive_uri
from ggfleet.render.known import Known, resolve

FOLDER = "group-v1"
"""Of the templates that make V1 groups."""

ENDED = {
    "W3696": "AWS ended Greengrass V1 on 2026-10-07. These types are what the fleet has; the "
    "targets for V2 say what to move to."
}
OWN_ARNS = {
    "E1160": "The core's own functions have ARNs without account and Region "
    "(arn:aws:lambda:::function:GGIPDetector:1)."
}
NATIVE = {
    "E3030": "The runtime of native executables (arn:aws:greengrass:::runtime/function/executable) "
    "is none of Lambda's own; Lambda took it for Greengrass."
}
"""Of cfn-lint's checks: why they are not for a template."""


def render_stacks_v1(fleet: Fleet, manifest: Manifest) -> Rendering:
    """The templates of the groups, below `group-v1/`.

    Raises `PendingError` naming every archive and certificate that is missing, and `GgfleetError`
    for what V1 or CloudFormation does not take.
    """
    known = resolve(fleet, manifest)
    calls_rendered = render_group_v1(fleet, manifest)
    calls = calls_of(calls_rendered, {**function_links(fleet), **_archive_links(fleet, known)})
    templates = _templates(fleet, known, calls)
    documents = [each.document(f"{FOLDER}/{name}.json") for name, each in templates.items()]
    told = notes(fleet, calls_rendered.notes, cores_apart=len(templates.keys() - {"fleet"}))
    return Rendering(tuple(documents), tuple(told))


def _templates(fleet: Fleet, known: Known, calls: Calls) -> dict[str, Template]:
    """By file name. A template that stands alone, or one for the fleet and more for its cores."""
    shared = together(
        [
            _bucket_part(fleet),
            access_part(fleet, known),
            functions_part(fleet, known),
            *(calls.definition(path) for path in calls.shared),
        ]
    )
    if len(fleet.cores) * CORE_OUTPUTS > MAX_OUTPUTS:  # known without making them
        return _split(fleet, calls, shared)
    role = attribute(GROUP_ROLE, "Arn") if has_group_role(fleet) else _given_role(fleet)
    groups = [calls.group(core, role) for core in fleet.cores]
    alone = _template(
        fleet, calls, f"The Greengrass fleet {fleet.name}", together([shared, *groups])
    )
    return {"fleet": alone} if not alone.excess() else _split(fleet, calls, shared)


def _split(fleet: Fleet, calls: Calls, shared: Part) -> dict[str, Template]:
    _refuse_links_of_cores(fleet, calls)
    first = _template(
        fleet,
        calls,
        f"What the cores of the Greengrass fleet {fleet.name} share",
        together([shared, _told(fleet, calls)]),
    )
    excess = first.excess()
    if excess:
        raise GgfleetError(
            f"what the cores of {fleet.name} share makes a template of {excess}",
            fix="render the platforms one by one (--platform), each to stacks of its own",
        )
    apart = _cores_apart(fleet, calls)
    # CloudFormation refuses a template without resources.
    return {"fleet": first, **apart} if first.part.resources else apart


def _refuse_links_of_cores(fleet: Fleet, calls: Calls) -> None:
    """Groups with client devices have subscriptions of their own, which name functions.

    Those are in another template then, and only what cores share is told in Parameter Store.
    """
    if any(calls.names_functions(path) for paths in calls.own.values() for path in paths):
        raise GgfleetError(
            f"the cores of {fleet.name} take several templates, and those with client devices have "
            "subscriptions of their own that name functions of another one",
            fix="render the platforms one by one (--platform), each to stacks of its own",
        )


def _cores_apart(fleet: Fleet, calls: Calls) -> dict[str, Template]:
    groups = {c.name: calls.group(c, _role_elsewhere(fleet, c.platform)) for c in fleet.cores}

    def template(share: str, cores: Sequence[Core]) -> Template:
        part = together([_read(fleet, calls, cores), *(groups[core.name] for core in cores)])
        return _template(fleet, calls, f"Cores of the Greengrass fleet {fleet.name}, {share}", part)

    return cores_apart(fleet.cores, template)


def _read(fleet: Fleet, calls: Calls, cores: Sequence[Core]) -> Part:
    """Parameters in the place of what the fleet's template has under the same ids.

    CloudFormation reads their values from Parameter Store whenever the stack is updated.
    """
    used = {path for core in cores for path in calls.used_by(core)}
    parameters: dict[str, Json] = {
        calls.version_id(path): _read_parameter(_told_name(fleet, path))
        for path in calls.shared
        if path in used
    }
    if has_group_role(fleet):
        for platform in sorted({core.platform for core in cores}):
            parameters[_role_id(platform)] = _read_parameter(_role_name(fleet, platform))
    return Part(parameters=parameters)


def _told(fleet: Fleet, calls: Calls) -> Part:
    """What the fleet's stack tells those of its cores, in Parameter Store.

    Exports would not do: one that is imported cannot change, and these change with every version.
    """
    entries: dict[str, Json] = {
        logical_id("Told", path): _write_parameter(
            _told_name(fleet, path), ref(calls.version_id(path))
        )
        for path in calls.shared
    }
    if has_group_role(fleet):
        for platform in fleet.used_platforms():
            name, value = _role_name(fleet, platform.name), attribute(GROUP_ROLE, "Arn")
            entries[logical_id("ToldRole", platform.name)] = _write_parameter(name, value)
    return Part(entries)


def _role_elsewhere(fleet: Fleet, platform: str) -> Json:
    return ref(_role_id(platform)) if has_group_role(fleet) else _given_role(fleet)


def _given_role(fleet: Fleet) -> Json:
    return fleet.aws.group_role or None


def _role_id(platform: str) -> str:
    return logical_id("GroupRole", platform)


def _role_name(fleet: Fleet, platform: str) -> str:
    return _told_name(fleet, f"platforms/{platform}/group-role")


def _told_name(fleet: Fleet, path: str) -> str:
    return f"/ggfleet/{fleet.name}/{path.removesuffix('.json')}"


def _write_parameter(name: str, value: Json) -> Json:
    return resource("AWS::SSM::Parameter", {"Name": name, "Type": "String", "Value": value})


def _read_parameter(name: str) -> Json:
    return {"Type": "AWS::SSM::Parameter::Value<String>", "Default": name}


def _template(fleet: Fleet, calls: Calls, description: str, part: Part) -> Template:
    return Template(description, part, where_the_spec_says(fleet), _judged(fleet, calls))


def _judged(fleet: Fleet, calls: Calls) -> Section:
    """What cfn-lint is to let pass, and why; no more than the fleet's own parts make it find."""
    checks = {**ENDED, **calls.checks}
    if fleet.system_functions != SystemFunctions():
        checks |= OWN_ARNS
    if any(function.executable for function in fleet.functions.values()):
        checks |= NATIVE
    return lets_pass(checks)


def _bucket_part(fleet: Fleet) -> Part:
    """SAM writes the bucket's name into functions, so that the output is its one sure use."""
    parameter: Json = {
        "Type": "String",
        "Default": fleet.aws.bucket,
        "AllowedPattern": "[a-z0-9][a-z0-9-]{1,61}[a-z0-9]",
        "Description": "The bucket with the archives, in this Region; V1 takes no dots in its name",
    }
    output: Json = {"Description": "Where the archives come from", "Value": ref(BUCKET)}
    return Part(outputs={BUCKET: output}, parameters={BUCKET: parameter})


def _archive_links(fleet: Fleet, known: Known) -> Mapping[str, Json]:
    return {
        archive_uri(fleet, each.key): {"Fn::Sub": f"s3://${{{BUCKET}}}/{each.key}"}
        for each in known.archives.values()
    }
