"""`components` of a deployment: everything that the devices are to run, with its configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ggfleet.model import Fleet, Function, Json, Nucleus, Platform
from ggfleet.render.v2.additions import additions
from ggfleet.render.v2.aws import Addition, version_of_aws
from ggfleet.render.v2.component import Component, defaults_of
from ggfleet.render.v2.local import RECIPES
from ggfleet.render.v2.only_v1 import served
from ggfleet.render.v2.parts import Parts
from ggfleet.render.v2.users import posix_user

Entry = dict[str, Json]


class Earlier:
    """What an earlier rendering brought to devices: `documents` are its own, by path."""

    def __init__(self, documents: Mapping[str, Json]) -> None:
        self._documents = documents
        self._defaults: dict[str, Json] = {}
        for path, recipe in documents.items():
            if path.startswith(f"{RECIPES}/") and isinstance(recipe, Mapping):
                self._defaults[str(recipe["ComponentName"])] = defaults_of(recipe)

    def is_stale(self, component: Component) -> bool:
        """Whether devices hold other defaults of a component than it has now."""
        return self._defaults.get(component.name, component.defaults) != component.defaults

    def _entry(self, platform: Platform, component: str) -> Any:
        document: Any = self._documents.get(f"deployments/{platform.name}.json", {})
        return document.get("components", {}).get(component, {})

    def pointers(self, platform: Platform, component: str) -> list[str]:
        """What it reset of one of AWS's components, to which its own settings were then laid."""
        found = self._entry(platform, component).get("configurationUpdate", {}).get("reset", [])
        return [each for each in found if each]

    def ran_with(self, platform: Platform, component: str) -> bool:
        """Whether it set a user or limits, which a device keeps until it is told otherwise.

        Without `runWith` the classic nucleus leaves both as they are, with an empty one it removes
        them (KernelConfigResolver.updateRunWith and RunWith of nucleus 2.18).
        """
        return bool(self._entry(platform, component).get("runWith"))


def entries_on(
    fleet: Fleet, parts: Parts, platform: Platform, earlier: Earlier | None
) -> dict[str, Entry]:
    """The whole of what a platform's devices are to run: whatever is not named is removed."""
    nucleus = fleet.deployment.nucleus_of(platform.name)
    here = served(fleet, nucleus)
    found = {each.name: _own(each, earlier) for each in parts.on(platform)}
    functions = []
    for name, variants in parts.functions.items():
        component = variants[platform.name].name
        functions.append(component)
        # Nucleus lite has one user for all components, and no limits.
        run = _run_with(fleet, fleet.functions[name]) if nucleus is Nucleus.CLASSIC else {}
        if run or (earlier and earlier.ran_with(platform, component)):
            found[component]["runWith"] = run
    for name, addition in additions(here, platform, nucleus, functions).items():
        stale = earlier.pointers(platform, name) if earlier else []
        found[name] = _added(version_of_aws(fleet, name), addition, stale)
    return found


def _own(component: Component, earlier: Earlier | None) -> Entry:
    """A device keeps its configuration: changed defaults reach it by a reset only."""
    entry: Entry = {"componentVersion": component.version}
    stale = bool(component.defaults) if earlier is None else earlier.is_stale(component)
    if stale:
        entry["configurationUpdate"] = {"reset": [""]}
    return entry


def _run_with(fleet: Fleet, function: Function) -> dict[str, Json]:
    run: dict[str, Json] = {}
    if user := posix_user(fleet, function):
        run["posixUser"] = user
    if function.memory and function.contained:
        run["systemResourceLimits"] = {"memory": function.memory}
    return run


def _added(version: str, addition: Addition, stale: list[str]) -> Entry:
    """Resets come first: a device keeps what an earlier deployment merged, key by key."""
    entry: Entry = {"componentVersion": version}
    update: dict[str, Json] = {}
    if reset := [*dict.fromkeys((*addition.reset, *stale))]:
        update["reset"] = reset
    if addition.merge:
        update["merge"] = json.dumps(addition.merge, ensure_ascii=False)
    if update:
        entry["configurationUpdate"] = update
    return entry
