"""What several rules ask of a fleet. Every question has an answer for half-read fleets too."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Hashable, Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeVar

from ggfleet.model import Fleet, Function, Install, Library, Model, Platform, RunAs

T = TypeVar("T")


def ml_resources(fleet: Fleet) -> Iterator[tuple[str, Library | Model]]:
    """The libraries and models that travel as ML resources, each with its path in the document."""
    for library in fleet.libraries.values():
        if library.install is Install.ML_RESOURCE and library.destination:
            yield library.path, library
    for model in fleet.models.values():
        if model.destination:
            yield model.path, model


def attached(fleet: Fleet, function: Function) -> list[Library | Model]:
    """The libraries and models of a function that the fleet has."""
    return [
        *(fleet.libraries[name] for name in function.libraries if name in fleet.libraries),
        *(fleet.models[name] for name in function.models if name in fleet.models),
    ]


def attached_ml(fleet: Fleet, function: Function) -> list[Library | Model]:
    """Those of them that are ML resources of a V1 group."""
    return [
        each
        for each in attached(fleet, function)
        if isinstance(each, Model) or each.install is Install.ML_RESOURCE
    ]


def pieces(fleet: Fleet) -> dict[str, int]:
    """How many resources each device, volume or secret makes on the platform where it makes most.

    A GPU is a handful of device nodes and a folder, and each is a resource of the group.
    """
    used = fleet.used_platforms()
    return {
        name: max((len(each.on(platform.name)) for platform in used), default=1)
        for name, each in fleet.resources.items()
    }


def outside_containers(fleet: Fleet, resource: Library | Model) -> list[Function]:
    """The functions without a container that use an ML resource: they make its owner matter."""
    return [function for function in fleet.users_of(resource) if not function.contained]


def repeated(pairs: Iterable[tuple[Hashable, T]]) -> Iterator[tuple[T, T]]:
    """Of (key, value): the values whose key an earlier one has, each with that one."""
    seen: dict[Hashable, T] = {}
    for key, value in pairs:
        first = seen.setdefault(key, value)
        if first is not value:
            yield value, first


def identity(fleet: Fleet, function: Function) -> RunAs:
    """As whom a function runs on a V1 core; None is ggc_user or ggc_group."""
    own, usual = function.run_as or RunAs(), fleet.function_defaults.run_as or RunAs()
    uid = usual.uid if own.uid is None else own.uid
    return RunAs(uid, usual.gid if own.gid is None else own.gid)


def nested(one: str, other: str) -> bool:
    """Whether one path is the other or below it: `/ml` and `/ml/a`, not `/ml/a` and `/ml/ab`."""
    short, long = sorted((PurePosixPath(one).parts, PurePosixPath(other).parts), key=len)
    return long[: len(short)] == short


def below(path: str, *folders: str) -> bool:
    """Whether a path is one of the folders or lies in it."""
    return any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def is_plain(path: str) -> bool:
    """Whether a path is what it seems to be: no `..`, no doubled slash, not the root.

    A colon would split it in PYTHONPATH, a blank in scripts.
    """
    pure = PurePosixPath(path)
    whole = path == str(pure) and ".." not in pure.parts and path != "/"
    return whole and not re.search(r"[:\s]", path)


def version(text: str) -> tuple[int, int]:
    """`(3, 11)` for `3.11`; `(0, 0)` for what could not be read, so that no rule judges it."""
    match = re.fullmatch(r"(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


@functools.cache
def python_files(folder: Path) -> tuple[Path, ...]:
    """The Python files of a function's folder and of those in it, in order.

    Many rules ask, and `Path.rglob` takes twice as long. Links to folders are not followed. Kept
    until the rules are asked again (`ggfleet.spec.rules.findings`).
    """
    files = (Path(top, name) for top, _, names in os.walk(folder) for name in names)
    return tuple(sorted(file for file in files if file.name.endswith(".py")))


def text_of(file: Path) -> str:
    """A file's text; empty where other rules tell that it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def told(platforms: list[Platform]) -> str:
    """The names of platforms, as a sentence has them."""
    return listed([platform.name for platform in platforms])
