"""All archives of a fleet for the platforms that are asked for."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle import fingerprint
from ggfleet.bundle.archive import pack
from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.fingerprint import Fingerprints
from ggfleet.bundle.limits import check_unpacked, upload_note
from ggfleet.bundle.manifest import FILE_NAME, read_manifest, write_manifest
from ggfleet.bundle.resolve import Wheel, resolve
from ggfleet.bundle.sources import function_entries, model_entries
from ggfleet.bundle.tags import ranked_tags
from ggfleet.bundle.tree import Entry, lay
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.errors import BundleError
from ggfleet.model import (
    ANY_PLATFORM,
    Archive,
    Fleet,
    Function,
    Install,
    Json,
    Library,
    Manifest,
    Model,
    Part,
    Platform,
)
from ggfleet.system.progress import Progress

NAME_DIGITS = 16

Resolver = Callable[[Sequence[Path], Platform], tuple[Wheel, ...]]


@dataclass(frozen=True)
class Workshop:
    """What every build needs: the fleet, where to write, and the caches."""

    fleet: Fleet
    out: Path
    progress: Progress
    wheels: WheelCache
    resolver: Resolver
    fingerprints: Fingerprints
    before: Manifest

    def file(self, part: Part, name: str, platform: str, tree: str) -> Path:
        """Where an archive lies below `out`."""
        return self.out / part / f"{name}-{platform}-{tree[:NAME_DIGITS]}.zip"


def build(
    fleet: Fleet,
    platforms: Sequence[Platform],
    out: Path,
    *,
    cache: Path,
    progress: Progress,
    only: Collection[Part] | None = None,
) -> Manifest:
    """Build what the fleet's platforms need into `out`, and write `out/manifest.json`.

    `only` limits the parts. What is built already is neither built nor written again. Archives of other
    platforms and parts stay in the manifest as long as the fleet has them and their files are there.
    Raises `BundleError`, and `ToolError` when uv is missing.
    """
    shop = _open_workshop(fleet, out, cache, progress)
    parts = frozenset(Part) if only is None else frozenset(only)
    built: list[Archive] = []
    for archive in _archives(shop, platforms, parts):
        if archive not in built:
            built.append(archive)
    return _merge(shop, built)


def _open_workshop(fleet: Fleet, out: Path, cache: Path, progress: Progress) -> Workshop:
    path = out / FILE_NAME
    return Workshop(
        fleet=fleet,
        out=out,
        progress=progress,
        wheels=WheelCache(cache / "wheels", progress),
        resolver=lambda files, platform: resolve(files, platform, cache=cache),
        fingerprints=Fingerprints(cache / "built"),
        before=read_manifest(path) if path.exists() else Manifest(),
    )


def _archives(
    shop: Workshop, platforms: Sequence[Platform], parts: Collection[Part]
) -> Iterator[Archive]:
    if Part.LIBRARIES in parts:
        for library in shop.fleet.libraries.values():
            if library.install is Install.ML_RESOURCE:
                for platform in platforms:
                    yield _library(shop, library, platform)
    if Part.MODEL in parts:
        for model in shop.fleet.models.values():
            if model.is_local:
                yield _model(shop, model)
    if Part.FUNCTION in parts:
        for function in shop.fleet.functions.values():
            for platform in platforms:
                yield _function(shop, function, platform)


def _library(shop: Workshop, library: Library, platform: Platform) -> Archive:
    what = f"library {library.name} for {platform.name}"
    files = [library.requirements]
    inputs = _inputs(shop, Part.LIBRARIES, library.name, fingerprint.of_wheels(files, [platform]))
    if known := _find(shop, inputs, what):
        return known
    wheels = _resolve(shop, files, platform, what)
    with _open_wheels(shop, wheels, platform) as entries:
        if not entries:
            raise BundleError(
                f"{library.requirements} asks for nothing on platform {platform.name}",
                fix="correct the environment markers, or remove the library",
            )
        return _pack(shop, inputs, Part.LIBRARIES, library.name, platform.name, lay(entries))


def _model(shop: Workshop, model: Model) -> Archive:
    entries = model_entries(Path(model.source))
    inputs = _inputs(shop, Part.MODEL, model.name, fingerprint.of_entries(entries))
    if known := _find(shop, inputs, f"model {model.name}"):
        return known
    return _pack(shop, inputs, Part.MODEL, model.name, ANY_PLATFORM, lay(entries))


def _function(shop: Workshop, function: Function, platform: Platform) -> Archive:
    what = f"function {function.name} for {platform.name}"
    own = [entry for folder in function.sources for entry in function_entries(folder)]
    files = [lib.requirements for lib in shop.fleet.libraries_of(function, Install.IN_FUNCTION)]
    others = [p for p in shop.fleet.used_platforms() if p != platform]
    wheel_inputs = fingerprint.of_wheels(files, [platform, *others]) if files else None
    found: Json = {"own": fingerprint.of_entries(own), "wheels": wheel_inputs}
    inputs = _inputs(shop, Part.FUNCTION, function.name, found)
    if known := _find(shop, inputs, what):
        return known
    wheels = _resolve(shop, files, platform, what) if files else ()
    target = ANY_PLATFORM if _same_everywhere(shop, files, wheels, others) else platform.name
    with _open_wheels(shop, wheels, platform) as entries:
        tree = lay([*own, *entries])
        check_unpacked(function.name, tree)
        archive = _pack(shop, inputs, Part.FUNCTION, function.name, target, tree)
    if note := upload_note(function.name, archive.size):
        shop.progress.say(note)
    return archive


def _same_everywhere(
    shop: Workshop, files: Sequence[Path], wheels: Sequence[Wheel], others: Sequence[Platform]
) -> bool:
    """Whether one package serves all cores: no native code, and no marker that asks for more elsewhere."""
    if not all(wheel.is_pure for wheel in wheels):
        return False
    for platform in others if files else ():
        try:
            if shop.resolver(files, platform) != tuple(wheels):
                return False
        except BundleError:
            return False  # it is told when that platform is built
    return True


def _resolve(
    shop: Workshop, files: Sequence[Path], platform: Platform, what: str
) -> tuple[Wheel, ...]:
    shop.progress.step(f"{what}: resolving")
    wheels = shop.resolver(files, platform)
    shop.wheels.fetch(wheels)
    return wheels


@contextlib.contextmanager
def _open_wheels(
    shop: Workshop, wheels: Sequence[Wheel], platform: Platform
) -> Iterator[list[Entry]]:
    takes = ranked_tags(platform) if wheels else {}
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(OpenWheel(w, shop.wheels.path(w))) for w in wheels]
        yield [entry for wheel in opened for entry in wheel.entries(platform, takes)]


def _inputs(shop: Workshop, part: Part, name: str, found: Json) -> Json:
    return {"fleet": shop.fleet.name, "part": part, "name": name, "found": found}


def _find(shop: Workshop, inputs: Json, what: str) -> Archive | None:
    archive = shop.fingerprints.find(inputs, shop.out)
    if archive:
        shop.progress.say(f"{what}: unchanged, {archive.file}")
    return archive


def _pack(
    shop: Workshop, inputs: Json, part: Part, name: str, platform: str, tree: Sequence[Entry]
) -> Archive:
    packed, is_new = pack(
        tree,
        lambda digest: shop.file(part, name, platform, digest),
        shop.progress,
        label=f"{name} for {platform}",
        known=frozenset(a.sha256 for a in shop.before.archives if (a.part, a.name) == (part, name)),
    )
    file = packed.path.relative_to(shop.out).as_posix()
    archive = Archive(
        part=part,
        name=name,
        platform=platform,
        file=file,
        key=f"ggfleet/{shop.fleet.name}/{file}",
        tree_sha256=packed.tree_sha256,
        sha256=packed.sha256,
        size=packed.size,
        unpacked_size=packed.unpacked_size,
        files=packed.files,
    )
    shop.fingerprints.keep(inputs, archive)
    shop.progress.say(f"{'wrote' if is_new else 'same content, kept'} {file}")
    return archive


def _merge(shop: Workshop, built: Sequence[Archive]) -> Manifest:
    """Put what was built into the manifest that is there now; another build may have changed it."""
    path = shop.out / FILE_NAME
    with _locked(shop.out):
        before = read_manifest(path) if path.exists() else None
        stay = [a for a in (before or Manifest()).archives if _stays(shop, a, built)]
        merged = sorted([*stay, *built], key=lambda a: (a.part, a.name, a.platform))
        manifest = Manifest(tuple(merged))
        if manifest != before:
            write_manifest(path, manifest)
    return manifest


def _stays(shop: Workshop, archive: Archive, built: Sequence[Archive]) -> bool:
    owners = {
        Part.LIBRARIES: shop.fleet.libraries,
        Part.MODEL: shop.fleet.models,
        Part.FUNCTION: shop.fleet.functions,
    }
    known = archive.platform in shop.fleet.platforms or archive.platform == ANY_PLATFORM
    if archive.name not in owners[archive.part] or not known:
        return False
    return (shop.out / archive.file).is_file() and not any(_replaces(b, archive) for b in built)


def _replaces(new: Archive, old: Archive) -> bool:
    if (new.part, new.name) != (old.part, old.name):
        return False
    return new.platform == old.platform or ANY_PLATFORM in (new.platform, old.platform)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
