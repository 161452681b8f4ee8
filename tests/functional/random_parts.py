"""What random fleets are made of: resources, libraries, models and functions that fit together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from functional.random_fleet import (
    COIN,
    DRAWER,
    REQUIREMENTS,
    Parts,
    paths,
    per_platform,
    several,
)
from functional.random_values import Tree, Value
from ggfleet.spec import tables

_ENDS = st.sampled_from(["", "/", "/v1"])


def _destination(draw: st.DrawFn, kind: str, name: str) -> str:
    """Of no two parts the same, and none below another's."""
    return f"/{kind}-{name}{draw(_ENDS)}"


# Resources

_NODE = paths("/dev/")
_NODES = st.one_of(_NODE, st.lists(_NODE, min_size=1, max_size=3, unique=True))
_FOLDERS = paths("/srv/", "/home/")
_OF_SYSTEM = st.sampled_from(["", "", "/proc", "/dev/shm"])
_ONLY = {"/proc": "ro", "/dev/shm": "rw"}
"""Folders of the system that V1 mounts in one way alone."""
_GROUPS = st.sampled_from(["video", "_x-1"])


def resources(draw: st.DrawFn, parts: Parts) -> dict[str, Tree]:
    """Devices, volumes and secrets."""
    kinds = st.sampled_from([_device, _volume, _secret])
    return {name: draw(kinds)(draw, parts, name) for name in several(draw, 20, 0, 4)}


def _device(draw: st.DrawFn, parts: Parts, name: str) -> Tree:
    return {"device": per_platform(draw, parts, _NODES), **_group(draw)}


def _volume(draw: st.DrawFn, parts: Parts, name: str) -> Tree:
    source = draw(_OF_SYSTEM) or per_platform(draw, parts, _FOLDERS)
    return {"volume": source, "destination": _destination(draw, "res", name), **_group(draw)}


def _group(draw: st.DrawFn) -> Tree:
    return {"owner": draw(_GROUPS)} if draw(COIN) else {}


def _secret(draw: st.DrawFn, parts: Parts, name: str) -> Tree:
    arn = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-{name}"
    return DRAWER.tree(draw, tables.Resource, _SECRET | {"secret": arn})


_SECRET: dict[str, Value | None] = dict.fromkeys(("device", "volume", "destination", "owner"))


# Libraries and models; functions are drawn before, because owner groups follow from them


def library(draw: st.DrawFn, parts: Parts, name: str) -> Tree:
    """In one of the three ways; only a resource has a place and an owner that matter."""
    given: dict[str, Value | None] = {
        "requirements": per_platform(draw, parts, REQUIREMENTS),
        "install": parts.libraries[name],
    }
    if parts.libraries[name] == "ml-resource":
        given["destination"] = _destination(draw, "lib", name)
        given["owner"] = _owner(draw, parts, "libraries", name)
        given["layers"] = parts.layers[name]
        given |= draw(_FORMS)
    else:
        given |= dict.fromkeys(("destination", "layout", "layers", "archive", "compression"))
    return DRAWER.tree(draw, tables.Library, given)


_PLAIN: list[tuple[str | None, str | None]] = [
    (None, None), ("zip", "zip"), ("zip", "self-unpack"), ("tar.gz", None), ("tar.gz", "self-unpack")
]  # fmt: skip
_FORMS: st.SearchStrategy[Mapping[str, Value | None]] = st.sampled_from(
    [
        *({"archive": of, "layout": how, "compression": None} for of, how in _PLAIN),
        *(
            {"archive": "zip", "layout": "image", "compression": each}
            for each in (None, "gzip", "zstd", "xz")
        ),
    ]
)


_SOURCES = ["digits", "letters.bin", "s3://line-models/a b/digits.zip", "s3://stored/x.tar.gz"]
_JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/digits"
_VERSIONS = st.sampled_from(["1.0.0", "0.0.1", "999999.1.20-rc.1", "1.2.3+b.7"])


def model(draw: st.DrawFn, parts: Parts, name: str, *, portable: bool) -> Tree:
    """Local, in S3, or the output of a training job, which V1 alone looks up."""
    sources = st.sampled_from(_SOURCES if portable else [*_SOURCES, _JOB])
    given = {
        "source": per_platform(draw, parts, sources),
        "version": draw(_VERSIONS),
        "destination": _destination(draw, "model", name),
        "owner": _owner(draw, parts, "models", name),
    }
    return DRAWER.tree(draw, tables.Model, given)


def _owner(draw: st.DrawFn, parts: Parts, kind: str, name: str) -> Value | None:
    """V1: who has one ML resource of an owner group must have all, once there is no container.

    So the group is named by who uses it. A container writes what the group may write.
    """
    users = parts.users.get((kind, name), {})
    group = "ggc_" + "_".join(str(parts.functions.index(user)) for user in sorted(users))
    if all(parts.contained[user] for user in users) and draw(COIN):
        return None
    writable = {"group": group, "permission": "rw"}
    if any(parts.contained[user] and access == "rw" for user, access in users.items()):
        return writable
    return draw(st.sampled_from([group, {"group": group}, writable]))


# Functions

_MEMORY = st.sampled_from(["64 MiB", "1 GiB", "0.5 GB"])
_PYTHON = st.sampled_from([None, None, "python3.7", "python3.8"])
_LANGUAGES: st.SearchStrategy[Mapping[str, Value | None]] = st.sampled_from(
    [
        {},
        {"runtime": "nodejs12.x", "handler": "index.handler"},
        {"runtime": "java8", "handler": "com.example.Main"},
        {"executable": "classify", "handler": None, "runtime": None, "encoding": "binary"},
        {"executable": "classify", "handler": None, "runtime": None, "encoding": None},
    ]
)


def function(draw: st.DrawFn, parts: Parts, name: str, *, portable: bool) -> Tree:
    """With or without a container, and with what it may have then."""
    contained = parts.contained[name] = draw(COIN)
    given: dict[str, Value | None] = {
        "handler": draw(DRAWER.value(tables.Function, tables.Function.handler)),
        "executable": None,
        "runtime": draw(_PYTHON),
        # The default of the spec would decide else, and it is drawn later.
        "isolation": "container" if contained else "none",
        "libraries": _attached(draw, parts, name, "libraries", [*parts.libraries]),
        "models": _attached(draw, parts, name, "models", parts.models),
        "resources": _accesses(draw, parts, contained=contained),
    }
    if contained:
        given["memory"] = draw(_MEMORY)
    if not portable:
        given |= draw(_LANGUAGES)
    return DRAWER.tree(draw, tables.Function, given)


def _some(draw: st.DrawFn, found: Sequence[str]) -> list[str]:
    return [name for name in found if draw(COIN)]


def _attached(
    draw: st.DrawFn, parts: Parts, function: str, kind: str, found: Sequence[str]
) -> Value:
    chosen = {name: draw(_ACCESSES) for name in _some(draw, found)}
    if draw(COIN):
        chosen = dict.fromkeys(chosen, "")
    for name, access in chosen.items():
        parts.users.setdefault((kind, name), {})[function] = access
    return chosen if any(chosen.values()) else [*chosen]


_ACCESSES = st.sampled_from(["ro", "rw"])


def _accesses(draw: st.DrawFn, parts: Parts, *, contained: bool) -> Value:
    """Devices and volumes are for containers."""
    found = [name for name, each in parts.resources.items() if contained or "secret" in each]
    chosen = {name: str(parts.resources[name].get("volume")) for name in _some(draw, found)}
    return {name: _ONLY.get(volume) or draw(_ACCESSES) for name, volume in chosen.items()}
