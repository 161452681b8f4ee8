"""Components' configuration as a nucleus keeps it: defaults of recipes, resets, merges, updates.

What is stored lasts over deployments: the changed default of a new recipe does not replace a value
that is there already, unless the deployment resets it.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ggfleet.errors import CoreError
from ggfleet.system.files import write_json

Values = dict[str, Any]
Listener = Callable[[Sequence[str]], None]
MISSING = object()


def merged(base: Any, changes: Any) -> Any:
    """Changes laid over a value: maps member by member, everything else is replaced whole."""
    if not isinstance(base, dict) or not isinstance(changes, dict):
        return copy.deepcopy(changes)
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result.get(key), value)
    return result


def look_up(values: Any, path: Sequence[str]) -> Any:
    """The value at a path, or MISSING."""
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return MISSING
        values = values[key]
    return values


def pointer(text: str) -> list[str]:
    """A JSON pointer's keys; an empty one is the whole document."""
    if text and not text.startswith("/"):
        raise CoreError(f"{text} is no JSON pointer", fix="write it like /function/handler")
    return [p.replace("~1", "/").replace("~0", "~") for p in text.split("/")[1:]]


def deployed(
    defaults: Values, stored: Values, reset: Sequence[str], merge: Mapping[str, Any]
) -> Values:
    """A component's configuration after a deployment: resets first, then the merge."""
    values: Values = merged(copy.deepcopy(defaults), stored)
    for text in reset:
        path = pointer(text)
        if not path:
            values = copy.deepcopy(defaults)
            continue
        _reset(values, path, look_up(defaults, path))
    result: Values = merged(values, merge)
    return result


def _reset(values: Values, path: list[str], default: Any) -> None:
    parent = look_up(values, path[:-1])
    if not isinstance(parent, dict):
        return
    if default is MISSING:
        parent.pop(path[-1], None)
    else:
        parent[path[-1]] = copy.deepcopy(default)


class ConfigurationStore:
    """The configuration of all components, in one file that is written whole."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._listeners: dict[str, list[tuple[list[str], Listener]]] = {}
        self.values: dict[str, Values] = self._read()

    def _read(self) -> dict[str, Values]:
        try:
            content = json.loads(self._file.read_text())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise CoreError(f"{self._file} is damaged: {error}", fix="remove it") from error
        if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
            raise CoreError(f"{self._file} is damaged", fix="remove it")
        return content

    def replace(self, values: dict[str, Values]) -> None:
        """Keep what a deployment has made of all components' configuration."""
        write_json(self._file, values)
        self.values = values

    def update(self, component: str, path: Sequence[str], value: Any) -> None:
        """Merge a value at a path of one component, then tell who listens there."""
        change = value
        for key in reversed(path):
            change = {key: change}
        self.replace({**self.values, component: merged(self.values.get(component, {}), change)})
        for watched, listener in list(self._listeners.get(component, ())):
            if _touches(watched, path, value):
                listener(watched or list(path))

    def listen(self, component: str, path: list[str], listener: Listener) -> Callable[[], None]:
        """Be told the path when something at or below `path` changes; returns how to end that."""
        entry = (path, listener)
        self._listeners.setdefault(component, []).append(entry)
        return lambda: self._listeners[component].remove(entry)


def _touches(watched: Sequence[str], path: Sequence[str], value: Any) -> bool:
    """Whether a change at `path` reaches the watched place."""
    shared = min(len(watched), len(path))
    if list(watched[:shared]) != list(path[:shared]):
        return False
    return len(watched) <= len(path) or look_up(value, watched[shared:]) is not MISSING
