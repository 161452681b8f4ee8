"""Which cells are measured, in which order: read from a TOML file that people write."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from itertools import product
from pathlib import Path
from typing import Any

from ggfleet.compare.matrix.cells import Cell, Change, Link, Processor, Storage
from ggfleet.compare.matrix.strategy import RELEASES
from ggfleet.errors import CompareError
from ggfleet.model import BY_SIZE, REST, Layer

UNSHAPED = Link("unshaped", 0.0)
UNTHROTTLED = Storage("unthrottled")
ALL_CORES = Processor("all")
KEYS = (
    "answers", "function", "layers", "libraries", "links", "messages", "platform", "processors",
    "sets", "spec", "storages",
)  # fmt: skip
SET_KEYS = ("strategies", "links", "storages", "processors", "changes", "runs")


@dataclass(frozen=True)
class Conditions:
    """What a life is spent under."""

    link: Link = UNSHAPED
    storage: Storage = UNTHROTTLED
    processor: Processor = ALL_CORES

    def __str__(self) -> str:
        return f"{self.link.name}, {self.storage.name}, {self.processor.name}"


@dataclass(frozen=True)
class Life:
    """One device from nothing to nothing by one strategy: the changes, each a cell, in order."""

    strategy: str
    conditions: Conditions
    run: int
    changes: tuple[Change, ...]

    def cell(self, change: Change) -> Cell:
        """The cell of one change."""
        at = self.conditions
        return Cell(self.strategy, change, at.link, at.storage, at.processor)

    @property
    def wanted(self) -> list[tuple[str, int]]:
        """The keys of its observations."""
        return [(self.cell(change).key, self.run) for change in self.changes]


@dataclass(frozen=True)
class Set:
    """A part of the matrix, all of it `runs` times; sets are measured in their order."""

    strategies: tuple[str, ...]
    conditions: tuple[Conditions, ...]
    changes: tuple[Change, ...]
    runs: int

    def lives(self) -> Iterator[Life]:
        """Strategies take turns, so that a slow moment hits all; then conditions, then runs."""
        for run, conditions, strategy in product(
            range(1, self.runs + 1), self.conditions, self.strategies
        ):
            yield Life(strategy, conditions, run, self.changes)


@dataclass(frozen=True)
class MatrixPlan:
    """A plan. Paths are those of the file's folder; `pins` as in `Workload`."""

    spec: Path
    messages: Path
    function: str
    platform: str
    answers: int
    pins: Mapping[str, Mapping[str, str]]
    layers: tuple[Layer, ...] = BY_SIZE
    sets: tuple[Set, ...] = field(default_factory=tuple)

    def lives(self) -> tuple[Life, ...]:
        """All lives, each once, the most valuable first."""
        return tuple(dict.fromkeys(life for each in self.sets for life in each.lives()))

    def strategies(self) -> tuple[str, ...]:
        """The strategies, each once."""
        return tuple(dict.fromkeys(life.strategy for life in self.lives()))


def read_plan(path: Path) -> MatrixPlan:
    """Read a plan; `CompareError` names the file and what is wrong in it."""
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CompareError(f"{path} cannot be read: {error}", fix="correct the plan") from error
    try:
        return _plan(content, path.parent)
    except (TypeError, ValueError, KeyError) as error:
        raise CompareError(
            f"{path}: {error}", fix="docs/comparison-matrix.md has an example"
        ) from error


def _plan(content: dict[str, Any], folder: Path) -> MatrixPlan:
    _only(content, KEYS, "the plan")
    links = {**_named(Link, content, "links"), UNSHAPED.name: UNSHAPED}
    storages = {**_named(Storage, content, "storages"), UNTHROTTLED.name: UNTHROTTLED}
    processors = {**_named(Processor, content, "processors"), ALL_CORES.name: ALL_CORES}
    known = (links, storages, processors)
    sets = tuple(_set(each, known) for each in content.get("sets", []))
    if not sets:
        raise ValueError("it has no [[sets]]")
    libraries = content.get("libraries", {})
    _only(libraries, RELEASES, "libraries")
    return MatrixPlan(
        spec=folder / _text(content, "spec"),
        messages=folder / _text(content, "messages"),
        function=_text(content, "function"),
        platform=_text(content, "platform"),
        answers=_count(content.get("answers", 30), "answers"),
        pins={release: dict(libraries.get(release, {})) for release in RELEASES},
        layers=_layers(content.get("layers", {})),
        sets=sets,
    )


def _layers(item: dict[str, Any]) -> tuple[Layer, ...]:
    """Layers by their packages, and one for the rest; by size where the plan names none."""
    named = [Layer(name, tuple(_texts(item, name))) for name in item]
    return (*named, Layer(REST)) if named else BY_SIZE


def _set(item: dict[str, Any], known: Sequence[Mapping[str, Any]]) -> Set:
    _only(item, SET_KEYS, "a set")
    names = ("links", "storages", "processors")
    defaults = (UNSHAPED.name, UNTHROTTLED.name, ALL_CORES.name)
    chosen = [
        [_one(name, there, kind) for name in _texts(item, kind, [default])]
        for kind, default, there in zip(names, defaults, known, strict=True)
    ]
    return Set(
        strategies=tuple(_texts(item, "strategies")),
        conditions=tuple(Conditions(*each) for each in product(*chosen)),
        changes=_changes(_texts(item, "changes", [str(each) for each in Change])),
        runs=_count(item.get("runs", 1), "runs"),
    )


def _changes(names: Sequence[str]) -> tuple[Change, ...]:
    """In the order of a life, whichever way they were written."""
    wanted = {Change(name) for name in names}
    if Change.ROLL_BACK in wanted and not wanted & UPDATES:
        raise ValueError("changes: roll-back needs an update to go back from")
    return tuple(change for change in Change if change in wanted)


UPDATES = frozenset(Change) - {Change.FIRST_INSTALL, Change.ROLL_BACK, Change.REMOVE}


def _named(kind: Any, content: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Links, storages or processors: tables of numbers under their names."""
    numbers = [each.name for each in fields(kind) if each.name != "name"]
    found = {}
    for name, item in content.get(key, {}).items():
        _only(item, numbers, f"{key}.{name}")
        for number, value in item.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise ValueError(f"{key}.{name}.{number} is {value!r}, not a number of 0 or more")
        if kind is Link and "mbit_s" not in item:
            raise ValueError(f"{key}.{name} needs mbit_s")
        found[name] = kind(name=name, **{number: float(value) for number, value in item.items()})
    return found


def _one(name: str, there: Mapping[str, Any], key: str) -> Any:
    if name not in there:
        raise ValueError(f"{key}: {name} is none of {', '.join(there)}")
    return there[name]


def _only(item: Any, keys: Sequence[str], where: str) -> None:
    if not isinstance(item, dict):
        raise TypeError(f"{where} is no table")
    if unknown := sorted(set(item) - set(keys)):
        raise ValueError(f"{where} knows no {unknown[0]}; it has {', '.join(sorted(keys))}")


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{key} is missing, or no text")
    return value


def _texts(item: Mapping[str, Any], key: str, default: list[str] | None = None) -> list[str]:
    value = item.get(key, default)
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError(f"{key} is no list of names")
    return value


def _count(value: Any, key: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{key} is {value!r}, not a number of 1 or more")
    return value
