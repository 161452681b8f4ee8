"""Small fleets for tests: every value has a plain default, and a test names what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ggfleet.model import (
    Archive,
    Aws,
    Core,
    Deployment,
    Fleet,
    Function,
    Install,
    Isolation,
    Library,
    Model,
    Part,
    Platform,
    Resolved,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

Named = TypeVar("Named", Platform, Library, Model, Function)


def make_platform(name: str = "gateway", **overrides: object) -> Platform:
    """A 64-bit PC with Python 3.11."""
    values: dict[str, object] = {"architecture": "x86_64", "python": "3.11", "glibc": "2.36"}
    return Platform(name, **(values | overrides))  # type: ignore[arg-type]


def make_core(name: str = "line-1", **overrides: object) -> Core:
    """A core whose certificate is known."""
    values: dict[str, object] = {
        "group": "gateway",
        "platform": "gateway",
        "thing": name,
        "certificate_arn": Resolved(f"arn:aws:iot:eu-west-1:123456789012:cert/{name}"),
    }
    return Core(name, **(values | overrides))  # type: ignore[arg-type]


def make_library(name: str = "tensorflow", **overrides: object) -> Library:
    """A library that travels as an ML resource to `/mllibs`."""
    values: dict[str, object] = {
        "requirements": Path(f"{name}.txt"),
        "install": Install.ML_RESOURCE,
        "destination": "/mllibs",
    }
    return Library(name, **(values | overrides))  # type: ignore[arg-type]


def make_model(name: str = "digits", **overrides: object) -> Model:
    """A model with a local source."""
    values: dict[str, object] = {
        "source": f"models/{name}",
        "version": "1.0.0",
        "destination": f"/models/{name}",
    }
    return Model(name, **(values | overrides))  # type: ignore[arg-type]


def make_function(name: str = "classify", **overrides: object) -> Function:
    """A pinned function in a Greengrass container, with nothing attached."""
    values: dict[str, object] = {
        "sources": (Path(name),),
        "handler": "function.function_handler",
        "pinned": True,
        "timeout": 30,
        "isolation": Isolation.CONTAINER,
        "memory": 262144,
    }
    return Function(name, **(values | overrides))  # type: ignore[arg-type]


def make_archive(
    part: Part = Part.LIBRARIES, name: str = "tensorflow", **overrides: object
) -> Archive:
    """An archive for `gateway` that nobody built: its digests are made up."""
    platform = str(overrides.get("platform", "gateway"))
    file = f"{part}/{name}-{platform}-0123456789abcdef.zip"
    values: dict[str, object] = {
        "platform": platform,
        "file": file,
        "key": f"ggfleet/line/{file}",
        "tree_sha256": "0123456789abcdef" * 4,
        "sha256": "fedcba9876543210" * 4,
        "size": 1000,
        "unpacked_size": 3000,
        "files": 3,
    }
    return Archive(part, name, **(values | overrides))  # type: ignore[arg-type]


def make_fleet(**overrides: object) -> Fleet:
    """One core on one platform; `platforms`, `libraries`, `models` and `functions` may be lists."""
    values: dict[str, object] = {
        "name": "line",
        "aws": Aws("eu-west-1", "123456789012", "line-bucket"),
        "platforms": [make_platform()],
        "cores": (make_core(),),
        "libraries": [],
        "models": [],
        "resources": {},
        "functions": [],
        "subscriptions": (),
        "loggers": (),
        "deployment": Deployment(),
    }
    values |= overrides
    for key in ("platforms", "libraries", "models", "functions"):
        if isinstance(values[key], (list, tuple)):
            values[key] = by_name(values[key])  # type: ignore[arg-type]
    return Fleet(**values)  # type: ignore[arg-type]


def by_name(values: Iterable[Named]) -> dict[str, Named]:
    """Mapping by each value's own name, in the given order."""
    return {value.name: value for value in values}
