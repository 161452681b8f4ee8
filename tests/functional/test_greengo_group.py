"""A group in greengo's YAML as a fleet: every value of it is rendered, or listed here with why not.

greengo is another tool for V1 groups; its sample is not part of the project.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from functional.ggfleet_command import ROOT
from functional.v1_rules import Tree, rule_problems
from functional.v1_sample import made_up_manifest
from functional.v1_service import all_shape_problems, documents_of
from ggfleet.render import render
from ggfleet.spec import load

SAMPLE = ROOT.parent / "shared/samples/greengo.yaml"
NAME = "GreengrassHelloWorld"
CERTIFICATE = "arn:aws:iot:eu-west-1:123456789012:cert/0a1b"
INVENTORY = {
    "_meta": {
        "hostvars": {"GreengoGroup_core_1": {"greengrass_certificate_arn": CERTIFICATE}},
    },
    "all": {"children": ["cores"]},
    "cores": {"hosts": ["GreengoGroup_core_1"]},
}
SPEC = f"""\
fleet: GreengoGroup
aws: {{region: eu-west-1, account: "123456789012", bucket: greengo-greengrass}}
platforms:
  dev: {{architecture: x86_64, python: "3.8", glibc: "2.31"}}
cores: {{inventory: hosts.json, groups: {{cores: dev}}, sync_shadow: false}}
resources:
  path_to_input: {{volume: /images, destination: /input}}
functions:
  {NAME}:
    source: code
    handler: function.handler
    pinned: true
    memory: 128000 KiB
    timeout: 10 s
    environment: {{name: value}}
    resources: {{path_to_input: rw}}  # in a comment there; what nothing uses is left out here
subscriptions:
  - {{from: {NAME}, topic: hello/world, to: cloud}}
  - {{from: cloud, topic: hello/world, to: {NAME}}}
loggers:
  - {{component: lambda, level: DEBUG, to: file, space: 1024 KiB}}
client_devices:
  ml_take2_thing_1: {{cores: cores, certificate: "{CERTIFICATE}"}}
"""

NOT_SAID = {
    r"Group\.name": "a group is called after its fleet and its core",
    r"Cores\.0\.(key|config)_path": "files of a core are the playbooks' matter",
    r"Lambdas\.0\.package": "any folder: the spec names its own",
    r"Lambdas\.0\.environment\.foo": "variables of the function in Lambda; the spec has a core's",
    r"Lambdas\.1\..*": "a function that is in Lambda already: one of a fleet has a source",
    r"(Resources|Loggers)\.0\.Id": "Ids follow from names, and from what a logger says",
    r"Devices\.0\.key_path": "files of a client device are its own matter",
}


@pytest.fixture(scope="module")
def leaves() -> dict[str, Any]:
    if not SAMPLE.is_file():
        pytest.skip(f"greengo's sample is not part of the project, and not at {SAMPLE}")
    return dict(flat(yaml.safe_load(SAMPLE.read_text()), ""))


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    folder = tmp_path_factory.mktemp("greengo")
    (folder / "code").mkdir()
    (folder / "code/function.py").write_text("def handler(event, context):\n    pass\n")
    (folder / "hosts.json").write_text(json.dumps(INVENTORY))
    (folder / "fleet.yml").write_text(SPEC)
    fleet = load(folder / "fleet.yml", lambda path: json.loads(path.read_text()))
    return documents_of(render(fleet, made_up_manifest(fleet), "group-v1"))


def flat(value: Any, at: str) -> Iterator[tuple[str, Any]]:
    """Every leaf of a tree, with its path."""
    for key, item in value.items() if isinstance(value, dict) else enumerate(value):
        path = f"{at}.{key}".lstrip(".")
        if isinstance(item, dict | list):
            yield from flat(item, path)
        else:
            yield path, item


def said(documents: Mapping[str, Any]) -> dict[str, Any]:
    """By path in greengo's file: the value that is rendered for it."""
    function = version(documents, "platforms/dev/function-definition.json")["Functions"][0]
    settings = function["FunctionConfiguration"]
    environment = settings["Environment"]
    core = version(documents, "cores/GreengoGroup_core_1/core-definition.json")["Cores"][0]
    devices = version(documents, "cores/GreengoGroup_core_1/device-definition.json")["Devices"]
    found = {
        "Cores.0.name": core["Id"],
        "Cores.0.SyncShadow": core["SyncShadow"],
        "Devices.0.name": devices[0]["Id"],
        "Lambdas.0.name": function["Id"],
        "Lambdas.0.handler": documents[f"platforms/dev/lambda/{NAME}.json"]["Handler"],
        "Lambdas.0.alias": documents[f"platforms/dev/lambda-alias/{NAME}.json"]["Name"],
    }
    configuration = {key: settings[key] for key in ("MemorySize", "Timeout", "Pinned")}
    configuration["Environment"] = {key: environment[key] for key in ("AccessSysfs", "Variables")}
    found |= flat(configuration, "Lambdas.0.greengrassConfig")
    return found | subscriptions(documents, function["FunctionArn"]) | beside(documents)


def subscriptions(documents: Mapping[str, Any], arn: str) -> dict[str, Any]:
    path = "cores/GreengoGroup_core_1/subscription-definition.json"
    shared = "platforms/dev/subscription-definition.json"
    listed = version(documents, path if path in documents else shared)["Subscriptions"]
    return {
        f"Subscriptions.{index}.{key}": f"Lambda::{NAME}" if each[key] == arn else each[key]
        for index, each in enumerate(listed)
        for key in ("Source", "Subject", "Target")
    }


def beside(documents: Mapping[str, Any]) -> dict[str, Any]:
    """The volume and the logger."""
    [resource] = version(documents, "platforms/dev/resource-definition.json")["Resources"]
    [logger] = version(documents, "platforms/dev/logger-definition.json")["Loggers"]
    words = {key: logger[key] for key in ("Component", "Level", "Space", "Type")}
    return {
        "Resources.0.Name": resource["Name"].removeprefix("res-"),
        **dict(flat(resource["ResourceDataContainer"], "Resources.0")),
        **dict(flat(words, "Loggers.0")),
    }


def version(documents: Mapping[str, Any], path: str) -> Tree:
    return documents[path]["InitialVersion"]  # type: ignore[no-any-return]


def problems(leaves: Mapping[str, Any], rendered: Mapping[str, Any]) -> list[str]:
    """Leaves that are neither rendered nor listed, and what is rendered or listed beyond them."""
    listed = {leaf: [p for p in NOT_SAID if re.fullmatch(p, leaf)] for leaf in leaves}
    found = [
        f"{leaf}: {value!r}"
        for leaf, value in leaves.items()
        if (leaf in rendered and rendered[leaf] == value) + len(listed[leaf]) != 1
    ]
    found += [f"not in the sample: {leaf}" for leaf in rendered if leaf not in leaves]
    used = {pattern for patterns in listed.values() for pattern in patterns}
    return [*found, *(f"nothing there: {pattern}" for pattern in NOT_SAID if pattern not in used)]


def test_every_value_is_rendered_or_listed(leaves: dict[str, Any], documents: Tree) -> None:
    rendered = said(documents)
    assert problems(leaves, rendered) == []
    assert len(rendered) >= 20


def test_another_value_is_noticed(leaves: dict[str, Any], documents: Tree) -> None:
    """Each leaf that is rendered is compared, whichever changes."""
    rendered = said(documents)
    for leaf in rendered:
        assert problems({**leaves, leaf: "other"}, rendered) == [f"{leaf}: 'other'"]


def test_the_documents_are_acceptable(documents: Tree) -> None:
    assert all_shape_problems(documents) == []
    assert rule_problems(documents) == []
