"""All archives of a fleet for the platforms asked for, and the manifest that lists them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path

from ggfleet.bundle.deltas import fitting
from ggfleet.bundle.fetch import WheelCache, authorised
from ggfleet.bundle.fingerprint import Fingerprints
from ggfleet.bundle.locks import Locks, wanted
from ggfleet.bundle.manifest import FILE_NAME, key_prefix, read_manifest, write_manifest
from ggfleet.bundle.parts import archives, forms_of
from ggfleet.bundle.prune import building
from ggfleet.bundle.workshop import Workshop
from ggfleet.model import (
    ADAPTER,
    ANY_PLATFORM,
    Archive,
    Fleet,
    Manifest,
    Part,
    Platform,
)
from ggfleet.system.files import locked
from ggfleet.system.progress import Progress


def build(
    fleet: Fleet,
    platforms: Sequence[Platform],
    out: Path,
    *,
    cache: Path,
    progress: Progress,
    only: Collection[Part] | None = None,
    whole: bool = False,
    locked: bool = False,
) -> Manifest:
    """Build what the platforms need into `out`, and write `out/manifest.json`.

    `only` limits the parts; `whole` leaves nothing of a wheel out; `locked` refuses wheels that no
    lock names. What is built already is neither built nor written again. Archives of other
    platforms and parts stay in the manifest as long as the fleet has them and their files are
    there. Raises `BundleError`, and `ToolError` when uv is missing.
    """
    path = out / FILE_NAME
    parts = frozenset(Part) if only is None else frozenset(only)
    locks = Locks(progress, required=locked)
    locks.check(wanted(fleet, platforms, parts))
    shop = workshop(
        fleet,
        platforms,
        out,
        cache=cache,
        progress=progress,
        locks=locks,
        before=read_manifest(path) if path.exists() else Manifest(),
        whole=whole,
    )
    with building(out):
        built = archives(shop, platforms, parts)
        return merge(fleet, out, tuple(dict.fromkeys(built)))


def workshop(
    fleet: Fleet,
    platforms: Sequence[Platform],
    out: Path,
    *,
    cache: Path,
    progress: Progress,
    locks: Locks,
    before: Manifest,
    whole: bool,
) -> Workshop:
    """What archives are built in, with everything that the cache of this machine has."""
    indexes = [index for platform in platforms for index in platform.indexes]
    return Workshop(
        fleet=fleet,
        platforms=tuple(dict.fromkeys([*fleet.platforms.values(), *platforms])),
        out=out,
        progress=progress,
        wheels=WheelCache(cache / "wheels", progress, opener=authorised(indexes)),
        resolver=partial(locks.resolve, cache=cache),
        fingerprints=Fingerprints(cache / "built"),
        before=before,
        whole=whole,
    )


def merge(fleet: Fleet, out: Path, built: Sequence[Archive]) -> Manifest:
    """Put archives into the manifest of `out` as it is now: another build may have changed it."""
    path, fleet = out / FILE_NAME, fleet.in_layers
    with locked(out):
        before = read_manifest(path) if path.exists() else None
        there = before.archives if before else ()
        stay = (a for a in there if _is_current(fleet, out, a) and not _is_replaced(a, built))
        archives = sorted([*stay, *built], key=lambda a: (a.part, a.name, a.platform, a.form))
        deltas = before.deltas if before else ()
        manifest = Manifest(tuple(archives), fitting(out, archives, deltas))
        if manifest != before:
            write_manifest(path, manifest)
    return manifest


def _is_current(fleet: Fleet, out: Path, archive: Archive) -> bool:
    """Whether the fleet still has what an archive was built from, and the archive is there."""
    names = {
        Part.LIBRARIES: fleet.libraries.keys(),
        Part.MODEL: fleet.models.keys(),
        Part.FUNCTION: fleet.functions.keys(),
        Part.ADAPTER: {ADAPTER} if fleet.components.wanted else set(),
    }[archive.part]
    library = fleet.libraries.get(archive.name) if archive.part is Part.LIBRARIES else None
    if library and not (archive.form in forms_of(library) and library.compresses(archive)):
        return False
    known = archive.platform in fleet.platforms or archive.platform == ANY_PLATFORM
    ours = archive.key.startswith(key_prefix(fleet))
    return ours and archive.name in names and known and (out / archive.file).is_file()


def _is_replaced(old: Archive, built: Sequence[Archive]) -> bool:
    return any(
        (new.part, new.name, new.form) == (old.part, old.name, old.form)
        and (new.platform == old.platform or ANY_PLATFORM in (new.platform, old.platform))
        for new in built
    )
