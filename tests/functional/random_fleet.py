"""The names of a random fleet, its devices, and what all of `random_specs` draws with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from functional.random_values import Drawer, Tree, Value, Values, names
from ggfleet.spec import tables
from ggfleet.spec.presets import PRESETS

FILES = {
    "code/function.py": "def handler(event, context):\n    pass\n",
    "code/classify": "",
    "code/package/function.py": "",
    "more/other.py": "",
    "libraries.txt": "numpy\n",
    "gpu libraries.txt": "numpy\n",
    "digits/model": "",
    "letters.bin": "",
    "adapter/component_runtime.py": "",
    "hosts.yml": "",
}
"""Everything that a drawn spec names, with contents."""

COIN = st.booleans()
PYTHONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
"""What Lambda's API knows as runtimes."""

RESERVED = ("cloud", "shadow", "any", "other")
_INDEXED: list[Tree] = [{}, {"packages": ["numpy"]}]
REQUIREMENTS = st.sampled_from(["libraries.txt", "gpu libraries.txt"])


def _whole(low: int, high: int) -> Values:
    return st.integers(low, high).map(str)


_IDS = _whole(0, 2**31 - 1)
RUN_AS = st.one_of(
    st.fixed_dictionaries({"uid": _IDS}, optional={"gid": _IDS}),
    st.fixed_dictionaries({"gid": _IDS}),
)

DRAWER = Drawer(
    {
        (tables.Aws, "region"): st.sampled_from(
            ["eu-west-1", "us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-2"]
        ),
        (tables.Platform, "python"): st.sampled_from(PYTHONS),
        # Packages and who has them must fit together, and with requirements.
        (tables.Platform, "indexes"): st.sampled_from(
            [{"own": {"url": "https://packages.example.com/simple", **each}} for each in _INDEXED]
        ),
        # Packages that pip would call the same are one.
        (tables.Platform, "provides"): st.dictionaries(
            st.sampled_from(["numpy", "PyYAML", "ml_dtypes", "typing-extensions"]),
            st.sampled_from(["1.24.2", "6", "0.3.2"]),
            max_size=3,
        ),
        (tables.Platform, "glibc"): st.sampled_from(["2.24", "2.31", "2.36"]),
        (tables.Function, "source"): st.sampled_from(["code", ["code"], ["code", "more"]]),
        (tables.Function, "handler"): st.sampled_from(
            ["function.handler", "package.function.handler", "package/function.handler"]
        ),
        (tables.Components, "adapter"): st.sampled_from(["adapter", ["adapter", "more"]]),
        (tables.Components, "adapter_requirements"): REQUIREMENTS,
        (tables.StreamManager, "port"): _whole(1024, 65535),
        (tables.StreamManager, "threads"): _whole(1, 1000),
        (tables.StreamManager, "bandwidth"): _whole(1, 10**6),
        (tables.Connector, "version"): _whole(1, 99),
        (tables.FunctionDefaults, "run_as"): RUN_AS,
        (tables.Function, "run_as"): RUN_AS,
        (tables.Logger, "space"): st.sampled_from(["128 KiB", "10 MiB"]),
    }
)
"""Knows what the schema of a key does not say: which files there are, and the bounds of numbers."""

Names = tuple[str, ...]


@dataclass
class Parts:
    """The names of a fleet by kind, and what was drawn of them already."""

    fleet: str
    platforms: Names
    hosts: Mapping[str, Names]
    functions: Names
    devices: Names
    connectors: Names
    libraries: Mapping[str, str]
    """Each with how it is installed."""
    layers: Mapping[str, Value | None]
    """Each with the layers that it is divided into, None for none."""
    models: Names
    resources: dict[str, Tree] = field(default_factory=dict)
    contained: dict[str, bool] = field(default_factory=dict)
    users: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """Functions, with what they may do, by the kind and name of a library or model."""

    @property
    def cores(self) -> list[str]:
        return [host for hosts in self.hosts.values() for host in hosts]


def several(draw: st.DrawFn, size: int, least: int, most: int, kept: Sequence[str] = ()) -> Names:
    """Different names of at most `size` characters, none of those that others have."""
    found = draw(_LISTS[size, least, most])
    free = tuple(name for name in found if name not in (*RESERVED, *kept))
    return free or ("a",) * least


_LISTS = {
    sizes: st.lists(names(sizes[0]), min_size=sizes[1], max_size=sizes[2], unique=True)
    for sizes in ((18, 0, 3), (18, 0, 2), (10, 1, 3), (12, 1, 3), (20, 0, 3), (20, 0, 4))
}
_HOSTS = st.lists(
    st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,11}", fullmatch=True),
    min_size=1,
    max_size=4,
    unique=True,
)
_INSTALLS = st.sampled_from(["ml-resource", "ml-resource", "os-pip", "in-function"])
_LAYERS: Values = st.sampled_from([None, None, "auto", {"heavy": ["numpy"]}])


def draw_names(draw: st.DrawFn) -> Parts:
    """Names of everything; there is a core."""
    functions = several(draw, 18, 0, 3)
    devices = several(draw, 18, 0, 2, functions)
    groups = several(draw, 12, 1, 3)
    hosts = draw(_HOSTS)
    libraries = {name: draw(_INSTALLS) for name in several(draw, 20, 0, 3)}
    return Parts(
        fleet=draw(names(14)),
        platforms=several(draw, 10, 1, 3),
        hosts={group: tuple(hosts[i :: len(groups)]) for i, group in enumerate(groups)},
        functions=functions,
        devices=devices,
        connectors=several(draw, 18, 0, 2, (*functions, *devices)),
        libraries=libraries,
        layers={name: draw(_LAYERS) for name, how in libraries.items() if how == "ml-resource"},
        models=several(draw, 20, 0, 3),
    )


def per_platform(draw: st.DrawFn, parts: Parts, values: Values) -> Value:
    """A value, one for each platform, or some and one for the others."""
    if draw(COIN):
        return draw(values)
    names = [*parts.platforms]
    if draw(COIN):
        names[-1] = "other"
    return {name: draw(values) for name in names}


# Devices

_BELOW = st.text("abcxyz019-_.", min_size=1, max_size=8).filter(lambda text: text.strip("."))


def paths(*roots: str) -> Values:
    """One or two levels below one of the roots."""
    levels = st.lists(_BELOW, min_size=1, max_size=2).map("/".join)
    return st.builds(str.__add__, st.sampled_from(roots), levels)


_NODES = st.lists(paths("/dev/", "/opt/"), max_size=3, unique=True)
_HARDWARE = st.dictionaries(st.sampled_from(["camera", "gpu", "lidar"]), _NODES, max_size=2)
_PRESETS = st.sampled_from(["", *PRESETS])
_ARCHITECTURES = st.sampled_from(["aarch64", "x86_64", "armv7l"])


def platform(draw: st.DrawFn) -> Tree:
    """A preset, or all that a preset would say; `gpu` where a board can be a Jetson."""
    preset, architecture = draw(_PRESETS), draw(_ARCHITECTURES)
    given: dict[str, Value | None] = {
        "preset": preset or None,
        "architecture": architecture,
        "hardware": draw(_HARDWARE) if draw(COIN) else None,
        "gpu": "jetson" if architecture == "aarch64" and draw(COIN) else None,
    }
    if preset and (draw(COIN) or "jetson" in preset):
        given["architecture"] = None
        given["gpu"] = None
    if not preset:
        for key in ("python", "glibc"):
            given[key] = draw(DRAWER.value(tables.Platform, getattr(tables.Platform, key)))
    return DRAWER.tree(draw, tables.Platform, given)


def cores(draw: st.DrawFn, parts: Parts) -> Tree:
    """Which group has which platform."""
    groups = {group: draw(st.sampled_from(parts.platforms)) for group in parts.hosts}
    return DRAWER.tree(draw, tables.Cores, {"inventory": "hosts.yml", "groups": groups})


def inventory(draw: st.DrawFn, parts: Parts) -> Tree:
    """What `ansible-inventory --list` prints."""
    variables: dict[str, Any] = {}
    for number, host in enumerate(parts.cores):
        variables[host] = {
            "greengrass_certificate_arn": f"arn:aws:iot:eu-west-1:123456789012:cert/c{number}"
        }
        if draw(COIN) or "." in host:  # no thing has a dot in its name
            thing = f"core{draw(st.sampled_from(':_-'))}{number}"
            variables[host]["greengrass_thing_name"] = thing
    groups = {group: {"hosts": list(hosts)} for group, hosts in parts.hosts.items()}
    return {"_meta": {"hostvars": variables}, **groups}
