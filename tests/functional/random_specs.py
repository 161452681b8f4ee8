"""Random fleets that are valid: a spec, the inventory of its cores and the files it names.

What a key may hold comes from the tables (`random_values`). What they cannot say is here, in
`random_fleet` and in `random_parts`: which parts refer to each other, and what V1 or V2 wants of
several keys together. A fleet is `portable` when every target can express it: V2 has no native
executables, no other languages than Python, and does not look up training jobs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from functional.random_fleet import COIN, DRAWER, Parts, cores, draw_names, inventory, platform
from functional.random_parts import function, library, model, resources
from functional.random_values import TEXTS, Tree, Value, names
from ggfleet.model import Severity
from ggfleet.render.v2.aws import VAULT
from ggfleet.spec import RULES, tables


@dataclass(frozen=True)
class Random:
    """A spec as a tree, what Ansible lists for it, and whether archives are alike everywhere."""

    tree: Tree
    inventory: Tree
    alike: bool


@st.composite
def specs(draw: st.DrawFn, *, portable: bool) -> Random:
    """A whole valid fleet. Sections that no other part depends on are drawn by their table alone."""
    parts = draw_names(draw)
    parts.resources = resources(draw, parts)
    functions = {name: function(draw, parts, name, portable=portable) for name in parts.functions}
    sections: dict[str, Value] = {
        "platforms": {name: platform(draw) for name in parts.platforms},
        "libraries": {name: library(draw, parts, name) for name in parts.libraries},
        "models": {name: model(draw, parts, name, portable=portable) for name in parts.models},
        "resources": parts.resources,
        **_wiring(draw, parts),
        "deployment": _deployment(draw, parts, functions),
    }
    given: dict[str, Value | None] = {
        "fleet": parts.fleet,
        "aws": _aws(draw),
        "cores": cores(draw, parts),
        "functions": functions,
        **{key: value or None for key, value in sections.items()},
    }
    tree = DRAWER.tree(draw, tables.Spec, given)
    return Random(tree, inventory(draw, parts), draw(COIN))


def _aws(draw: st.DrawFn) -> Tree:
    """Whatever else it names is of the fleet's account."""
    tree = DRAWER.tree(draw, tables.Aws)
    own = f":{tree['account']}:"
    return {key: re.sub(r":\d{12}:", own, value) for key, value in tree.items()}


# Wiring


def _wiring(draw: st.DrawFn, parts: Parts) -> dict[str, Value]:
    kinds = draw(_KINDS)
    return {
        "client_devices": {
            name: _client_device(draw, parts, number) for number, name in enumerate(parts.devices)
        },
        "connectors": {
            name: _connector(draw, parts, kind)
            for name, kind in zip(parts.connectors, kinds, strict=False)
        },
        "subscriptions": _subscriptions(draw, parts),
        "loggers": _loggers(draw),
        "suppress": _suppressions(draw),
    }


_KINDS = st.permutations(["SNS", "SerialStream", "ModbusRTUProtocolAdapter"])
"""A group has one connector of each."""
_SEPARATORS = st.sampled_from(":_-")


def _client_device(draw: st.DrawFn, parts: Parts, number: int) -> Tree:
    words = [*parts.cores, *(group for group, hosts in parts.hosts.items() if hosts)]
    chosen = [word for word in words if draw(COIN)]
    given = {
        "cores": chosen or words[0],
        "thing": f"device{draw(_SEPARATORS)}{number}",
        "certificate": f"arn:aws:iot:eu-west-1:123456789012:cert/d{number}",
    }
    return DRAWER.tree(draw, tables.ClientDevice, given)


_PARAMETERS = st.dictionaries(names(10), TEXTS, max_size=2)


def _connector(draw: st.DrawFn, parts: Parts, kind: str) -> Tree:
    """By name or by ARN. It takes the id of one resource, whatever the platform."""
    given: dict[str, Value | None] = {"connector": kind, "parameters": draw(_PARAMETERS)}
    if draw(COIN):
        arn = f"arn:aws:greengrass:eu-west-1::/connectors/{kind}/versions/3"
        given |= {"connector": arn, "version": None}
    else:
        given["version"] = draw(DRAWER.value(tables.Connector, tables.Connector.version))
    named = [name for name in _single(parts) if draw(COIN)]
    given["resources"] = {f"No{number}-ResourceId": name for number, name in enumerate(named)}
    return DRAWER.tree(draw, tables.Connector, given)


def _single(parts: Parts) -> list[str]:
    """The names that stand for one resource of a group."""
    names = Counter([*parts.resources, *parts.models, *parts.layers])
    several = {
        n for n, each in parts.resources.items() if not isinstance(each.get("device", ""), str)
    } | {name for name, layers in parts.layers.items() if layers is not None}
    return [name for name, count in names.items() if count == 1 and name not in several]


_WORDS = st.one_of(
    st.sampled_from(["digits", "request", "größe", "a b", "$aws", "things", "{}", "*", "%", "sport"]),
    st.text("abcxyz019-_.:é", min_size=1, max_size=10),
)  # fmt: skip
_LEVELS = st.lists(_WORDS, min_size=1, max_size=6)


def _topic(draw: st.DrawFn) -> str:
    """A topic or a filter: one + at most, # at the end."""
    levels = draw(_LEVELS)
    if draw(COIN):
        levels[draw(st.integers(0, len(levels) - 1))] = "+"
    if draw(COIN):
        levels.append("#")
    return "/".join(levels)


def _subscriptions(draw: st.DrawFn, parts: Parts) -> list[Tree]:
    ends = st.sampled_from(["cloud", "shadow", *parts.functions, *parts.devices, *parts.connectors])
    triples = {(draw(ends), _topic(draw), draw(ends)): None for _ in range(draw(st.integers(0, 6)))}
    return [
        {"from": source, "topic": topic, "to": target}
        for source, topic, target in triples
        if (source, target) != ("cloud", "cloud")
    ]


_LOGS = [(c, to) for c in ("greengrass", "lambda") for to in ("file", "cloudwatch")]


def _loggers(draw: st.DrawFn) -> list[Tree]:
    """One of each kind; files alone have a size."""
    found = []
    for component, to in (pair for pair in _LOGS if draw(COIN)):
        given: dict[str, Value | None] = {"component": component, "to": to}
        if to == "cloudwatch":
            given["space"] = None
        found.append(DRAWER.tree(draw, tables.Logger, given))
    return found


_MILD = [r.id for r in RULES.values() if not r.firm and r.severity is not Severity.ERROR]
_SUPPRESSIONS = st.lists(
    st.fixed_dictionaries(
        {"rule": st.sampled_from(_MILD), "reason": TEXTS},
        optional={"at": st.sampled_from(["functions", "aws.bucket"])},
    ),
    max_size=2,
    unique_by=lambda entry: entry["rule"],
)
"""Of what is no error: a spec is valid without its suppressions."""


def _suppressions(draw: st.DrawFn) -> list[Tree]:
    return draw(_SUPPRESSIONS)


_OTHERS = st.dictionaries(
    st.sampled_from(["aws.greengrass.Nucleus", "aws.greengrass.Cli", "com.example.x"]),
    st.sampled_from(["2.15.0", "0.0.1", "999999.0.10"]),
)


def _deployment(draw: st.DrawFn, parts: Parts, functions: Mapping[str, Tree]) -> Tree:
    """A version of the secret manager is named where functions use secrets."""
    components = draw(_OTHERS)
    used = {name for each in functions.values() for name in each["resources"]}
    if any("secret" in parts.resources[name] for name in used):
        components[VAULT] = "2.1.8"
    chosen = [name for name in parts.platforms if draw(COIN)]
    groups = {name: f"cores:{number}" for number, name in enumerate(chosen)}
    given: dict[str, Value | None] = {
        **{key: {name: draw(value) for name in chosen} for key, value in _OF_PLATFORMS.items()},
        "thing_groups": groups,
        "components": components,
    }
    return DRAWER.tree(draw, tables.Deployment, given)


_OF_PLATFORMS = {
    key.name: DRAWER.of_schema(key.schema["additionalProperties"])
    for key in tables.Deployment.keys
    if key.about.startswith("Platforms and ")
}
"""Keys of `deployment` with a value for each platform, as their own descriptions tell."""
