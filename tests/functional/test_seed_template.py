"""AWS's sample template and `examples/seed`: what is the same, and that the docs tell the rest."""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from functional.cloudformation_judges import (
    FLEET,
    Tree,
    dated_problems,
    lint_problems,
    meant_groups,
    permission_problems,
    translated,
)
from functional.ggfleet_command import ROOT, ggfleet
from functional.template_facts import Facts, Names, facts_of, read_template
from functional.test_cloudformation import expected_groups
from functional.v1_rules import rule_problems
from functional.v1_sample import made_up_manifest
from functional.v1_service import all_shape_problems, documents_of
from ggfleet.model import Fleet
from ggfleet.render import render
from ggfleet.spec import load

SPEC = ROOT / "examples/seed/fleet.yml"
DOCS = ROOT / "docs/seed-template.md"
TEMPLATE = ROOT.parent / "shared/samples/seed-template.yaml"
ARCHIVES = "s3://gg-ml-sample-greengrass/image_classifier"
GIVEN = {
    "MLResourceLocationTFFull": f"{ARCHIVES}/tensorflow-full.zip",
    "MLResourceLocationNeo": f"{ARCHIVES}/neo.zip",
}
OURS = Names(resource="model-")
THEIRS = Names(function="gg_ml_sample_")


@functools.cache
def load_seed() -> Fleet:
    """Takes a second, most of it Ansible's start."""
    return load(SPEC)


def rendered(target: str) -> Tree:
    fleet = load_seed()
    return documents_of(render(fleet, made_up_manifest(fleet), target))


@pytest.fixture(scope="module")
def templates() -> Tree:
    return rendered("cloudformation")


@pytest.fixture(scope="module")
def ours(templates: Tree) -> Facts:
    return facts_of(templates[FLEET], {}, OURS)


@pytest.fixture(scope="module")
def written() -> Tree:
    if not TEMPLATE.is_file():
        pytest.skip(f"AWS's template is not part of the project, and not at {TEMPLATE}")
    return read_template(TEMPLATE)


@pytest.fixture(scope="module")
def theirs(written: Tree) -> Facts:
    return facts_of(written, GIVEN, THEIRS)


# The tables of the docs


@dataclass(frozen=True)
class Row:
    """A line of a table: which facts it is about, and what it says of each side (empty: nothing)."""

    value: str
    template: str
    ggfleet: str
    why: str

    def names(self, path: str) -> dict[str, str] | None:
        """What `{…}` of the row stand for in a path; None if it is about another."""
        found = re.fullmatch(as_pattern(self.value, r"(?P<\1>[^.]+)"), path)
        return found.groupdict() if found else None

    def tells(self, path: str, template: str | None, ours: str | None) -> bool:
        names = self.names(path)
        return names is not None and all(
            says(cell, names, value)
            for cell, value in ((self.template, template), (self.ggfleet, ours))
        )


def as_pattern(text: str, named: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", named, re.escape(text)).replace("…", ".+")


def says(cell: str, names: dict[str, str], value: str | None) -> bool:
    if not cell or value is None:
        return not cell and value is None
    for name, known in names.items():
        cell = cell.replace(f"{{{name}}}", known)
    return re.fullmatch(as_pattern(cell, r"\1"), value) is not None


@functools.cache
def rows() -> tuple[Row, ...]:
    lines = DOCS.read_text().split("## What differs")[1].splitlines()
    cells = [[c.strip() for c in line.strip("|").split("|")] for line in lines if "|" in line]
    found = [each for each in cells if each[0].startswith("`")]
    return tuple(
        Row(value.strip("`"), template.strip("`"), ggfleet.strip("`"), why)
        for value, template, ggfleet, why in found
    )


def problems(theirs: Facts, ours: Facts) -> list[str]:
    """Differences that no row or several tell, and rows that no difference has."""
    paths = [p for p in dict.fromkeys([*theirs, *ours]) if theirs.get(p) != ours.get(p)]
    told = {p: [r for r in rows() if r.tells(p, theirs.get(p), ours.get(p))] for p in paths}
    used = [row for found in told.values() for row in found]
    untold = [
        f"{p}: {theirs.get(p)} | {ours.get(p)}" for p, found in told.items() if len(found) != 1
    ]
    return [*untold, *(f"no difference: {row.value}" for row in rows() if row not in used)]


def test_the_docs_list_every_difference_and_no_other(theirs: Facts, ours: Facts) -> None:
    assert problems(theirs, ours) == []


def test_the_docs_count_what_is_the_same(theirs: Facts, ours: Facts) -> None:
    """Of what a core is told nothing differs but the Id, what is left out and what is written out."""
    same = [path for path, value in theirs.items() if ours.get(path) == value]
    assert re.findall(r"(\d+) values are the same", DOCS.read_text()) == [str(len(same))]
    alike = ("Pinned", "Timeout", "MemorySize", "Environment", "may use")
    of_cores = [p for p in {**theirs, **ours} if p.startswith("functions.")]
    wanted = [p for p in of_cores if p.split(".")[2].startswith(alike)]
    assert len(wanted) == 26
    assert set(wanted) <= set(same)


def test_every_difference_has_a_reason() -> None:
    assert len(rows()) > 30
    assert [row.value for row in rows() if not row.why or row.template == row.ggfleet] == []


def test_what_the_docs_say_of_ggfleet_is_so(ours: Facts) -> None:
    """Needs no template: every value of the third column is rendered, and no other."""
    for row in rows():
        found = {p: (row.names(p), v) for p, v in ours.items() if row.names(p) is not None}
        assert bool(found) == bool(row.ggfleet), row.value
        for path, (names, value) in found.items():
            assert names is not None
            assert says(row.ggfleet, names, value), path


# The judges notice


def less_memory(template: Tree) -> None:
    functions_of(template)[1]["FunctionConfiguration"]["MemorySize"] = "900000"


def other_user(template: Tree) -> None:
    execution(template, 2)["RunAs"]["Uid"] = "2"


def no_container(template: Tree) -> None:
    execution(template, 2)["IsolationMode"] = "NoContainer"


def more_access(template: Tree) -> None:
    environment = functions_of(template)[2]["FunctionConfiguration"]["Environment"]
    environment["ResourceAccessPolicies"][0]["Permission"] = "rw"


def other_topic(template: Tree) -> None:
    version = template["Resources"]["SubscriptionDefinition"]["Properties"]["InitialVersion"]
    version["Subscriptions"][3]["Subject"] = "gg_ml_sample/elsewhere"


def one_subscription_less(template: Tree) -> None:
    version = template["Resources"]["SubscriptionDefinition"]["Properties"]["InitialVersion"]
    version["Subscriptions"].pop()


def other_owner(template: Tree) -> None:
    version = template["Resources"]["GreengrassResourceDefinitionVersion"]["Properties"]
    data = version["Resources"][0]["ResourceDataContainer"]["S3MachineLearningModelResourceData"]
    data["OwnerSetting"]["GroupPermission"] = "rw"


def wider_role(template: Tree) -> None:
    role = template["Resources"]["GreengrassResourceRole"]["Properties"]
    [policy] = role["Policies"]
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy["PolicyDocument"]["Statement"].append(statement)


def other_default(template: Tree) -> None:
    version = template["Resources"]["FunctionDefinition"]["Properties"]["InitialVersion"]
    version["DefaultConfig"]["Execution"]["IsolationMode"] = "NoContainer"


def closed_network(template: Tree) -> None:
    del template["Resources"]["InternetGateway"], template["Parameters"]["SecurityAccessCIDR"]


def functions_of(template: Tree) -> list[Tree]:
    version = template["Resources"]["FunctionDefinition"]["Properties"]["InitialVersion"]
    return version["Functions"]  # type: ignore[no-any-return]


def execution(template: Tree, index: int) -> Tree:
    environment = functions_of(template)[index]["FunctionConfiguration"]["Environment"]
    return environment["Execution"]  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "mutate",
    [
        less_memory,
        other_user,
        no_container,
        more_access,
        other_topic,
        one_subscription_less,
        other_owner,
        wider_role,
        other_default,
        closed_network,
    ],
)
def test_another_template_is_noticed(
    written: Tree, ours: Facts, mutate: Callable[[Tree], None]
) -> None:
    changed = copy.deepcopy(written)
    mutate(changed)
    assert len(problems(facts_of(changed, GIVEN, THEIRS), ours)) in (1, 2)


# The spec by itself


def test_the_check_finds_what_the_docs_say() -> None:
    """One note: nobody makes the group 999."""
    done = ggfleet("check", SPEC, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["problems"]
    assert [each["rule"] for each in found] == ["owner-missing"]


def test_both_targets_mean_the_same_group(templates: Tree) -> None:
    fleet = load_seed()
    meant = meant_groups(templates)
    assert meant == expected_groups(fleet, made_up_manifest(fleet))
    assert list(meant) == ["gg_ml_sample-classifier-01"]


def test_the_documents_are_acceptable(templates: Tree) -> None:
    """By the API's model and the guide's rules, cfn-lint, and least privilege."""
    documents = rendered("group-v1")
    assert all_shape_problems(documents) == []
    assert rule_problems(documents) == []
    assert [*lint_of(templates)] == []
    assert permission_problems(templates[FLEET]) == []
    assert all("python3.7" in message for message in dated_problems(templates[FLEET]))


def lint_of(templates: Tree) -> Iterator[str]:
    for template in templates.values():
        yield from lint_problems(template)
        yield from lint_problems(translated(template))
