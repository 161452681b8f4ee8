"""Reads a component's recipe as nucleus lite reads it: that is the stricter of the two.

Keys are matched by case, a manifest needs a platform with `os` and `runtime`, a component needs a
step. What a device would skip, ignore or cut off in silence is an error here, or a note.
"""

from __future__ import annotations

import base64
import binascii
import platform
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ggfleet.localcore.reading import Node
from ggfleet.localcore.v2.versions import Version

AGAIN = "write the recipes again: ggfleet render"
ARCHITECTURES = {"x86_64": "amd64", "i686": "x86", "aarch64": "aarch64"}
STEPS = ("install", "startup", "run", "shutdown")
LEFT_OUT = ("bootstrap", "recover")
NAME = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,128}")
NO_SLASH = re.compile(r"\{(artifacts:\w+|work:path|kernel:rootPath)\}[\w.]")
RUNTIME = "aws_nucleus_lite"


@dataclass(frozen=True)
class Artifact:
    """A file in S3; `sha256` (hexadecimal) is empty where the recipe tells no digest."""

    uri: str
    unarchive: bool
    sha256: str = ""

    @property
    def file(self) -> str:
        """Its name."""
        return self.uri.rsplit("/", 1)[-1]

    @property
    def place(self) -> str:
        """Its name below the component's folder: without `.zip` where it is unpacked."""
        return self.file.removesuffix(".zip") if self.unarchive else self.file


@dataclass(frozen=True)
class Step:
    """One step of a lifecycle, with its variables not yet filled in; `timeout` in seconds."""

    script: str
    timeout: str = ""
    variables: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Dependency:
    """Another component that has to be there, in a version that fits."""

    name: str
    requirement: str
    hard: bool


@dataclass(frozen=True)
class Recipe:
    """A component as it runs on this machine. `steps` by name."""

    name: str
    version: str
    defaults: Mapping[str, Any]
    dependencies: tuple[Dependency, ...]
    artifacts: tuple[Artifact, ...]
    steps: Mapping[str, Step]
    notes: tuple[str, ...] = ()


def architecture() -> str:
    """This machine's, in Greengrass's terms."""
    machine = platform.machine()
    return ARCHITECTURES.get(machine, "arm" if machine.startswith("arm") else machine)


def read_recipe(recipe: Node, machine: str) -> Recipe:
    """Read one recipe for a machine's architecture. Raises CoreError naming the place."""
    name = recipe.text("ComponentName")
    if not NAME.fullmatch(name):
        recipe.need("ComponentName").fail("a name has up to 128 letters, digits, - _ and dots")
    Version(recipe.text("ComponentVersion"))
    manifest = _manifest(recipe, machine)
    lifecycle = _lifecycle(recipe, manifest)
    steps = dict(_steps(lifecycle))
    if not {"install", "startup", "run"} & set(steps):
        lifecycle.fail(f"{name} has no step: nucleus lite refuses such a component")
    configuration = recipe.get("ComponentConfiguration")
    defaults = configuration.get("DefaultConfiguration") if configuration else None
    return Recipe(
        name,
        recipe.text("ComponentVersion"),
        defaults.mapping() if defaults else {},
        tuple(_dependencies(recipe)),
        tuple(_artifacts(manifest)),
        steps,
        tuple(f"{name}: {note}" for note in _notes(lifecycle, steps)),
    )


def _manifest(recipe: Node, machine: str) -> Node:
    reasons = []
    for manifest in recipe.each("Manifests"):
        reason = _mismatch(manifest, machine)
        if not reason:
            return manifest
        reasons.append(reason)
    return recipe.fail(f"no manifest fits this machine ({'; '.join(reasons) or 'there is none'})")


def _mismatch(manifest: Node, machine: str) -> str:
    """Why nucleus lite would pass over a manifest."""
    wanted = manifest.get("Platform")
    if wanted is None:
        return "Platform is missing"
    for key, fitting in (("os", ("linux", "*", "all")), ("runtime", (RUNTIME, "*"))):
        value = wanted.text(key, "")
        if value not in fitting:
            return f"{key} is {value or 'missing'}"
    chosen = wanted.text("architecture", "*")
    return "" if chosen in ("*", machine) else f"architecture is {chosen}, this is {machine}"


def _lifecycle(recipe: Node, manifest: Node) -> Node:
    own = manifest.get("Lifecycle")
    if own is not None:
        return own
    shared = recipe.get("Lifecycle")
    chosen = [n.value for n in manifest.each("Selections")] or ["all"]
    for selection in chosen if shared else ():
        if found := shared.get(str(selection)) if shared else None:
            return found
    return manifest.fail("no Lifecycle is for this manifest")


def _steps(lifecycle: Node) -> Iterator[tuple[str, Step]]:
    shared = lifecycle.texts("Setenv")
    for name in STEPS:
        step = lifecycle.get(name)
        if step is None:
            continue
        if isinstance(step.value, str):
            yield name, Step(step.value, "", shared)
            continue
        timeout = step.get("Timeout")
        seconds = "" if timeout is None else str(timeout.value)
        yield name, Step(step.text("Script"), seconds, {**shared, **step.texts("Setenv")})


def _notes(lifecycle: Node, steps: Mapping[str, Step]) -> Iterator[str]:
    for name in LEFT_OUT:
        if lifecycle.get(name) is not None:
            yield f"its step {name} is left out here"
    if "run" in steps and "startup" in steps:
        yield "it has run and startup: only startup is run, as on nucleus lite"
    elif not {"run", "startup"} & set(steps):
        yield "it has only an install step: nucleus lite reports such a deployment as failed"
    if "shutdown" in steps:
        yield "its step shutdown is run when it stops; nucleus lite ignores it"
    for name, one in steps.items():
        texts = (one.script, *(one.variables or {}).values())
        if any(NO_SLASH.search(text) for text in texts):
            yield f"{name}: on nucleus classic a path variable has no slash at its end: write one"
        step = lifecycle.need(name)
        keys = step.mapping() if isinstance(step.value, dict) else {}
        if "Skipif" in keys:
            yield f"Skipif of {name} is ignored, as on nucleus lite"
        if keys.get("RequiresPrivilege") in (True, "true"):
            yield f"{name} asks for root, and runs as whoever runs ggfleet"


def _dependencies(recipe: Node) -> Iterator[Dependency]:
    for name, node in recipe.members("ComponentDependencies"):
        kind = node.text("DependencyType", "HARD")
        if kind not in ("HARD", "SOFT"):
            node.fail(f"{kind} is no DependencyType", fix="HARD or SOFT")
        yield Dependency(name, node.text("VersionRequirement", "*"), kind == "HARD")


def _artifacts(manifest: Node) -> Iterator[Artifact]:
    if manifest.get("Artifacts") is None:
        manifest.fail("Artifacts is missing: nucleus lite fails without it", fix="write []")
    places: set[tuple[bool, str]] = set()
    for node in manifest.each("Artifacts"):
        uri, kind = node.text("Uri"), node.text("Unarchive", "NONE")
        if not uri.startswith("s3://"):
            node.fail(f"{uri}: the embedded core fetches from S3 alone")
        if kind not in ("NONE", "ZIP"):
            node.fail(f"Unarchive is {kind}: a nucleus knows NONE and ZIP", fix="pack it as .zip")
        if uri.rsplit("/", 1)[-1] in ("", ".", "..", ".zip"):
            node.fail(f"{uri} names no file")
        artifact = Artifact(uri, kind == "ZIP", _digest(node))
        key = (artifact.unarchive, artifact.place)
        if key in places:
            node.fail(f"two artifacts are named {artifact.place}")
        places.add(key)
        yield artifact


def _digest(node: Node) -> str:
    """The recipe's digest, base64 of SHA-256, in hexadecimal digits."""
    text = node.text("Digest", "")
    if node.text("Algorithm", "SHA-256") != "SHA-256":
        node.fail("a nucleus compares SHA-256 alone")
    try:
        return base64.b64decode(text, validate=True).hex()
    except binascii.Error as error:
        return node.fail(f"Digest is not base64: {error}")
