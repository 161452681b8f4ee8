"""What nuclei and the service refuse of V2 documents, told from the documents alone.

Written from AWS's documentation and from what was measured on nucleus lite; knows nothing of the
renderer. AWS's own schemas are not the project's to pass on: their tests are skipped where they are
not beside the checkout.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from functional.v1_rules import Documents, Tree

ROOT = Path(__file__).parents[2]
SCHEMA_NAME = "recipe_schema.json"
STEPS = {"bootstrap", "install", "run", "startup"}
STEP_KEYS = {"Script", "RequiresPrivilege", "Setenv", "Timeout"}
VARIABLE = re.compile(
    r"\{(artifacts:path|artifacts:decompressedPath|work:path|kernel:rootPath|iot:thingName"
    r"|configuration:/[^{}:]*)\}"
)
LITE_BYTES = 8196


def recipe_schema() -> dict[str, Any] | None:
    """AWS's schema of recipes."""
    return shared_schema(SCHEMA_NAME)


def shared_schema(file: str) -> dict[str, Any] | None:
    """A schema of AWS's, beside the checkout or where GGFLEET_SCHEMAS says."""
    folders = [os.environ.get("GGFLEET_SCHEMAS"), *(p / "shared/schemas" for p in ROOT.parents)]
    for folder in folders:
        if folder and (path := Path(folder) / file).is_file():
            found: dict[str, Any] = json.loads(path.read_text())
            return found
    return None


def lowered(value: Any) -> Any:
    """A recipe with its keys in lower case, as the schema has them; the owner's own keys stay."""
    if isinstance(value, dict):
        own = ("defaultconfiguration", "setenv")
        return {
            key.lower(): item if key.lower() in own else lowered(item)
            for key, item in value.items()
        }
    return [lowered(item) for item in value] if isinstance(value, list) else value


def recipes_of(documents: Documents) -> dict[str, Tree]:
    """Recipes by the path of their document."""
    return {path: body for path, body in documents.items() if "/recipes/" in f"/{path}"}


def recipe_problems(path: str, recipe: Tree) -> list[str]:
    """What is wrong with one recipe."""
    found = list(_heads(path, recipe))
    if len(json.dumps(recipe, indent=2).encode()) + 1 >= LITE_BYTES:
        found.append("is too long for nucleus lite")
    for manifest in recipe["Manifests"]:
        found += [*_manifest(manifest)]
    text = json.dumps(recipe.get("ComponentConfiguration", {}))
    if re.search(r": -?\d", text):
        found.append("has a number in its configuration")
    return [f"{path}: {each}" for each in found]


def _heads(path: str, recipe: Tree) -> Iterator[str]:
    name, version = recipe["ComponentName"], recipe["ComponentVersion"]
    if path.rsplit("/", 1)[1] != f"{name}-{version}.json":
        yield "has another name than its file"
    if not re.fullmatch(r"[a-zA-Z0-9-_.]{1,128}", name) or name.startswith("aws.greengrass"):
        yield f"cannot be called {name}"
    if not re.fullmatch(r"(0|[1-9]\d{0,5})(\.(0|[1-9]\d{0,5})){2}", version):
        yield f"cannot have the version {version}"
    if recipe["RecipeFormatVersion"] != "2020-01-25" or "ComponentType" in recipe:
        yield "has a wrong head"
    for each in recipe.get("ComponentDependencies", {}).values():
        if not re.fullmatch(r"[<>= .\d]+", each["VersionRequirement"]):
            yield "requires a version in a way that lite does not know"


def _manifest(manifest: Tree) -> Iterator[str]:
    platform = manifest["Platform"]
    if platform.get("runtime") != "*" or platform.get("os") != "linux":
        yield "leaves out a nucleus"
    if platform.keys() - {"runtime", "os", "architecture"}:
        yield "names a platform by what nuclei do not know"
    if platform.get("architecture", "arm") not in ("arm", "aarch64", "amd64"):
        yield "names no architecture"
    if set(manifest) != {"Platform", "Lifecycle", "Artifacts"}:
        yield "has wrong manifest keys"
    yield from _lifecycle(manifest["Lifecycle"])
    yield from _artifacts(manifest["Artifacts"])


def _lifecycle(lifecycle: Tree) -> Iterator[str]:
    if not lifecycle or lifecycle.keys() - STEPS:
        yield "has no steps, or some that lite ignores"
    if "run" not in lifecycle or "startup" in lifecycle:
        yield "has no run step, or one beside startup"
    for step in lifecycle.values():
        if step.keys() - STEP_KEYS:
            yield "has keys that lite ignores"
        for text in (step["Script"], *step.get("Setenv", {}).values()):
            if "{" in VARIABLE.sub("", text) or "}" in VARIABLE.sub("", text):
                yield f"has a brace that is no variable: {text}"
        if len(step["Script"]) > 10_000:
            yield "has too long a script"
        if not isinstance(step.get("Timeout", 1), int):
            yield "has a wrong timeout"
    if not re.search(r"(^|\n)(exec |wait )", lifecycle["run"]["Script"]):
        yield "has a run step that does not stay"


def _artifacts(artifacts: list[Tree]) -> Iterator[str]:
    names = Counter(each["Uri"].rsplit("/", 1)[1] for each in artifacts)
    yield from (f"has two artifacts called {name}" for name, n in names.items() if n > 1)
    for each in artifacts:
        if set(each) != {"Uri", "Unarchive", "Permission"}:
            yield "has wrong artifact keys"
        if not re.fullmatch(r"s3://[a-z0-9.-]{3,63}/.+", each["Uri"]):
            yield f"has no artifact at {each['Uri']}"
        if each["Unarchive"] not in ("NONE", "ZIP") or each["Permission"] != {"Read": "ALL"}:
            yield "has an artifact that others cannot read"
        if each["Unarchive"] == "ZIP" and not each["Uri"].endswith(".zip"):
            yield "unpacks something else than a zip"


def fleet_problems(recipes: Mapping[str, Tree]) -> list[str]:
    """What is wrong between the recipes of one device or fleet."""
    found = []
    known = {body["ComponentName"]: body["ComponentVersion"] for body in recipes.values()}
    for path, body in recipes.items():
        for name, each in body.get("ComponentDependencies", {}).items():
            own = not name.startswith("aws.greengrass.")
            if own and known.get(name) != each["VersionRequirement"]:
                found.append(f"{path}: needs {name} {each['VersionRequirement']}")
    for name, count in Counter(policy_ids(recipes)).items():
        if count > 1:
            found.append(f"the policy id {name} is there {count} times")
    return found


def policy_ids(recipes: Mapping[str, Tree]) -> Iterator[str]:
    """Every id of an access policy."""
    for body in recipes.values():
        configuration = body.get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
        for policies in configuration.get("accessControl", {}).values():
            yield from policies


def deployment_problems(body: Tree) -> list[str]:
    """What the service or a nucleus refuses of a CreateDeployment that its model lets pass."""
    found = []
    if not re.fullmatch(r"arn:[\w-]+:iot:[\w-]+:\d{12}:thinggroup/[\w:-]+", body["targetArn"]):
        found.append(f"{body['targetArn']} is no thing group")
    for name, entry in body["components"].items():
        if not re.fullmatch(r"\d+\.\d+\.\d+", entry["componentVersion"]):
            found.append(f"{name} has no exact version")
        update = entry.get("configurationUpdate", {})
        if "merge" in update and not isinstance(json.loads(update["merge"]), dict):
            found.append(f"{name} merges no object")
        if any(each and not each.startswith("/") for each in update.get("reset", [])):
            found.append(f"{name} resets no pointer")
    if len(json.dumps(body, separators=(",", ":"))) > 31_000:
        found.append("is too long")
    return found
