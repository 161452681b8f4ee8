"""Deltas from the archives of an older manifest to those of a new one, where they pay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ggfleet.bundle.delta import ENDING, Differ, Tree, lite, write_delta
from ggfleet.bundle.manifest import FILE_NAME, read_manifest, sorted_deltas, write_manifest
from ggfleet.errors import BundleError
from ggfleet.model import Archive, Delta, Form, Manifest, Part
from ggfleet.system.files import locked, sha256
from ggfleet.system.progress import Progress
from ggfleet.system.scratch import scratch_file

WORTH = 0.7
"""Times the size of the archive from which a delta is not worth a second way to the device."""
NAME_DIGITS = 16


def fitting(out: Path, archives: Iterable[Archive], deltas: Iterable[Delta]) -> tuple[Delta, ...]:
    """Those of the deltas that lead to one of the archives, and are there."""
    trees = {(each.name, each.tree_sha256) for each in archives if _is_fit(each)}
    return tuple(
        each
        for each in deltas
        if (each.name, each.tree_sha256) in trees and (out / each.file).is_file()
    )


def add_deltas(
    out: Path, olds: Sequence[Path], progress: Progress, *, differ: Differ = lite
) -> Manifest:
    """Write deltas to the libraries of `out` from those of older manifests; list them.

    `olds` are manifests, or folders that hold one, with archives beside. What `out` has already is
    not made again. Raises `BundleError` for an archive that is missing or damaged.
    """
    manifest = read_manifest(out / FILE_NAME)
    made = [each for pair in _pairs(out, olds, manifest)
            if (each := _delta(out, *pair, manifest, progress, differ))]  # fmt: skip
    with locked(out):
        now = read_manifest(out / FILE_NAME)
        deltas = fitting(out, now.archives, dict.fromkeys([*now.deltas, *made]))
        found = Manifest(now.archives, sorted_deltas(deltas))
        if found != now:
            write_manifest(out / FILE_NAME, found)
    return found


def _pairs(
    out: Path, olds: Sequence[Path], manifest: Manifest
) -> Iterator[tuple[Path, Archive, Archive]]:
    """Each old archive that has another tree than the new one of its name: its path, and both."""
    for old in olds:
        path = old / FILE_NAME if old.is_dir() else old
        befores = read_manifest(path).archives
        for new in filter(_is_fit, manifest.archives):
            for before in filter(_is_fit, befores):
                same = (before.name, before.platform) == (new.name, new.platform)
                if same and before.tree_sha256 != new.tree_sha256:
                    yield _there(path.parent, out, before), before, new


def _is_fit(archive: Archive) -> bool:
    """Whether a device unpacks it by a role of ours: a core fetches whole archives by itself."""
    return archive.part is Part.LIBRARIES and archive.form is Form.ZIP


def _there(folder: Path, out: Path, archive: Archive) -> Path:
    """The archive beside its manifest, or, where only the manifest was kept, below `out`."""
    for path in (folder / archive.file, out / archive.file):
        if path.is_file():
            return path
    raise BundleError(
        f"{folder / archive.file} is missing, and no delta can be made from it",
        fix="keep the old folder of bundles, or leave --delta-from out",
    )


def _delta(
    out: Path, path: Path, old: Archive, new: Archive, manifest: Manifest, progress: Progress,
    differ: Differ,
) -> Delta | None:  # fmt: skip
    file = f"{new.file.removesuffix('.zip')}.from-{old.tree_sha256[:NAME_DIGITS]}{ENDING}"
    for each in manifest.deltas:
        if each.file == file and (out / file).is_file():
            progress.say(f"delta for {new.name} on {new.platform}: unchanged, {file}")
            return each
    with (
        Tree(path, old, progress) as one,
        Tree(out / new.file, new, progress) as two,
        scratch_file((out / file).parent, "delta") as scratch,
    ):
        written = write_delta(scratch.stream, one, two, progress, differ)
        size = scratch.stream.tell()
        if size > WORTH * new.size:
            progress.say(
                f"no delta for {new.name} on {new.platform} from {path.name}: it would have "
                f"{size / new.size:.0%} of the archive's size"
            )
            return None
        scratch.settle(out / file)
    progress.say(f"wrote {file}, {size / new.size:.1%} of the archive's size")
    return Delta(
        name=new.name, platform=new.platform, file=file, base_sha256=old.tree_sha256,
        tree_sha256=new.tree_sha256, sha256=sha256(out / file), size=size, written_size=written,
    )  # fmt: skip
