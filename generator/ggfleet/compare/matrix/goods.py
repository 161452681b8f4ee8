"""What is brought to devices: a function of a spec, its libraries in three releases, its model.

Everything is built as `ggfleet bundle` builds it, and lies in one folder that a server shows.
"""

from __future__ import annotations

import functools
import gzip
import io
import os
import shutil
import tarfile
import zipfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ggfleet.bundle.build import build
from ggfleet.bundle.deltas import add_deltas
from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.manifest import FILE_NAME, read_manifest
from ggfleet.bundle.requirements import read_requirements
from ggfleet.bundle.resolve import Wheel, resolve
from ggfleet.compare.matrix.prepare import Workload
from ggfleet.compare.matrix.slots import MARK
from ggfleet.compare.matrix.strategy import (
    FIRST,
    RELEASES,
    DeltaParcel,
    Parcel,
    Release,
    WheelFile,
)
from ggfleet.errors import CompareError
from ggfleet.model import (
    Archive,
    Fleet,
    Form,
    Install,
    Layout,
    Library,
    Part,
)
from ggfleet.system.files import atomic_file, remove_tree, sha256, write_text
from ggfleet.system.progress import Progress

LIBRARY = "libraries"
DESTINATION = "/mllibs"
GZIP_LEVEL = 6
"""What `tar czf` takes."""


class BuiltGoods:
    """The goods of a workload; `address` is what devices reach the server by."""

    def __init__(self, workload: Workload, progress: Progress, address: str = "") -> None:
        self.workload, self.address = workload, address
        self._progress = progress
        self._folder = workload.folder / "goods"
        self._wheels = WheelCache(workload.cache / "wheels", progress)
        # Their results are asked for again at every step of every life.
        self._set = functools.cache(self._resolved)
        self._lock = functools.cache(self._lock_file)
        self._of_spec = functools.cache(self._versions)
        self._parcel = functools.cache(self._built)
        self._layers = functools.cache(self._built_layers)
        self._delta = functools.cache(self._built_delta)
        self.wheels = functools.cache(self._wheel_files)

    def at(self, address: str) -> BuiltGoods:
        """The same goods at another address of the server; what is built is shared."""
        other = BuiltGoods(self.workload, self._progress, address)
        for name in ("_set", "_lock", "_of_spec", "_parcel", "_layers", "_delta", "wheels"):
            setattr(other, name, getattr(self, name))
        return other

    @property
    def folder(self) -> Path:
        """What the server shows."""
        return self._folder

    def url(self, path: str) -> str:
        """See `Goods`."""
        return f"{self.address}/{path}"

    def libraries(self, release: Release, form: str) -> Parcel:
        """See `Goods`."""
        return self._parcel(Part.LIBRARIES, Release(release.libraries), form)

    def layers(self, release: Release) -> Mapping[str, Parcel]:
        """See `Goods`."""
        return self._layers(release.libraries)

    def delta(self, before: Release, to: Release) -> DeltaParcel | None:
        """See `Goods`."""
        return self._delta(before.libraries, to.libraries)

    def model(self, release: Release) -> Parcel:
        """See `Goods`."""
        return self._parcel(Part.MODEL, Release(model=release.model), "zip")

    def function(self, release: Release, *, with_libraries: bool = False) -> Parcel:
        """See `Goods`."""
        libraries = release.libraries if with_libraries else ""
        return self._parcel(Part.FUNCTION, Release(libraries, function=release.function), "zip")

    def index(self, name: str, digests: Collection[str]) -> None:
        """Show some of the wheels in a folder, besides what is there."""
        for release in RELEASES:
            for wheel in self._set(release):
                if wheel.sha256 in digests:
                    _show(self._wheels.path(wheel), self._folder / name / wheel.filename)

    def _wheel_files(self, release: Release) -> Sequence[WheelFile]:
        shown = self._folder / "wheels"
        shown.mkdir(parents=True, exist_ok=True)
        files = []
        for wheel in self._set(release.libraries):
            path = self._wheels.path(wheel)
            _show(path, shown / wheel.filename)
            with zipfile.ZipFile(path) as opened:
                members = [m for m in opened.infolist() if not m.is_dir()]
            unpacked = sum(member.file_size for member in members)
            size = path.stat().st_size
            files.append(
                WheelFile(wheel.name, wheel.version, wheel.sha256, size, unpacked, len(members))
            )
        return files

    def _resolved(self, libraries: str) -> tuple[Wheel, ...]:
        wheels = resolve([self._lock(libraries)], self.workload.platform, cache=self.workload.cache)
        self._wheels.fetch(wheels)
        return wheels

    def _lock_file(self, libraries: str) -> Path:
        """The requirements file of a release: the spec's versions but for what it replaces."""
        path = self.workload.folder / f"libraries-{libraries}.txt"
        pins = self.workload.pins.get(libraries, {})
        versions = {wheel.name: wheel.version for wheel in self._of_spec()}
        if unknown := sorted(set(pins) - set(versions)):
            raise CompareError(
                f"the function needs no package {unknown[0]}",
                fix=f"libraries.{libraries} can replace {', '.join(versions)}",
            )
        chosen = {**versions, **pins}
        lines = read_requirements(self._requirements()).sources
        lines += [f"{name}=={chosen[name]}" for name in chosen]
        write_text(path, "".join(f"{line}\n" for line in lines))
        return path

    def _versions(self) -> tuple[Wheel, ...]:
        work = self.workload
        return resolve(self._requirements(), work.platform, cache=work.cache)

    def _requirements(self) -> list[Path]:
        work = self.workload
        files = [work.fleet.libraries[name].requirements for name in work.function.libraries]
        if not files:
            raise CompareError(
                f"function {work.function.name} has no libraries",
                fix="name a function that has",
            )
        return files

    def _built(self, part: Part, release: Release, form: str) -> Parcel:
        """Build one archive and show it."""
        image = form == Form.IMAGE
        fleet = self._fleet(part, release, Layout.IMAGE if image else Layout.ZIP)
        out = self.workload.folder / "bundles" / self._name(part, release)
        manifest = build(
            fleet, [self.workload.platform], out, cache=self.workload.cache,
            progress=self._progress, only=[part],
        )  # fmt: skip
        wanted = Form.IMAGE if image else Form.ZIP
        (archive,) = (a for a in manifest.archives if a.part is part and a.form is wanted)
        source = out / archive.file
        if form == "tar.gz":
            return self._as_tar(archive, source)
        return self._shown(archive, source, form)

    def _built_layers(self, libraries: str) -> dict[str, Parcel]:
        """Build the layers of a release and show them."""
        release = Release(libraries)
        fleet = self._fleet(Part.LIBRARIES, release, Layout.ZIP)
        layered = replace(fleet.libraries[LIBRARY], layers=self.workload.layers)
        out = self.workload.folder / "bundles" / f"layers-{libraries}"
        manifest = build(
            replace(fleet, libraries={LIBRARY: layered}), [self.workload.platform], out,
            cache=self.workload.cache, progress=self._progress, only=[Part.LIBRARIES],
        )  # fmt: skip
        archives = {each.name: each for each in manifest.archives}
        return {
            each.layer: self._shown(archives[each.name], out / archives[each.name].file, "zip")
            for each in layered.apart()
        }

    def _built_delta(self, before: str, to: str) -> DeltaParcel | None:
        """Make the delta between two releases' zips, where `ggfleet bundle` finds it worth it."""
        self.libraries(Release(before), "zip"), self.libraries(Release(to), "zip")
        bundles = self.workload.folder / "bundles"
        old, out = (bundles / self._name(Part.LIBRARIES, Release(name)) for name in (before, to))
        made = add_deltas(out, [old], self._progress)
        base = next(each for each in read_manifest(old / FILE_NAME).archives).tree_sha256
        for each in made.deltas:
            if each.base_sha256 == base:
                name = f"{each.sha256}.ggdelta"
                _show(out / each.file, self._folder / name)
                parcel = Parcel(name, each.sha256, each.size, each.written_size, 1, "ggdelta")
                return DeltaParcel(parcel, each.tree_sha256, each.written_size)
        return None

    def _name(self, part: Part, release: Release) -> str:
        return f"{part}-{release.libraries or 'none'}-{release.model}-{release.function}"

    def _shown(self, archive: Archive, source: Path, form: str) -> Parcel:
        name = f"{sha256(source)}.{form}"
        _show(source, self._folder / name)
        return Parcel(
            name, sha256(source), source.stat().st_size, archive.unpacked_size, archive.files, form
        )

    def _as_tar(self, archive: Archive, source: Path) -> Parcel:
        """The same tree as a tar.gz: same files, modes and order, no times or owners."""
        target = self.workload.folder / "bundles" / f"{archive.sha256}.tar.gz"
        if not target.exists():
            with atomic_file(target) as stream, zipfile.ZipFile(source) as zipped:
                packer = gzip.GzipFile("", "wb", GZIP_LEVEL, stream, mtime=0)
                with packer, tarfile.open(fileobj=packer, mode="w") as tar:
                    _copy_members(zipped, tar)
        return self._shown(archive, target, "tar.gz")

    def _fleet(self, part: Part, release: Release, layout: Layout) -> Fleet:
        """The spec reduced to the function, at a release; without libraries where it names none."""
        work = self.workload
        function = replace(work.function, libraries=(LIBRARY,) if release.libraries else ())
        sources = (*work.function.sources, self._marked_function(release.function))
        marked = replace(work.model, source=str(self._marked_model(release.model)))
        # A function's package takes in what is `in-function`; by themselves they are a resource.
        inside = part is Part.FUNCTION
        library = Library(
            name=LIBRARY,
            requirements=self._lock(release.libraries or FIRST),
            install=Install.IN_FUNCTION if inside else Install.ML_RESOURCE,
            destination="" if inside else DESTINATION,
            layout=None if inside else layout,
        )
        return replace(
            work.fleet,
            platforms={work.platform.name: work.platform},
            libraries={LIBRARY: library},
            models={marked.name: marked},
            functions={function.name: replace(function, sources=sources)},
        )

    def _marked_function(self, number: int) -> Path:
        folder = self.workload.folder / f"function-{number}"
        write_text(folder / MARK, f"{number}\n")
        return folder

    def _marked_model(self, number: int) -> Path:
        """A copy of the model with a mark: what an update costs follows from its size."""
        folder = self.workload.folder / f"model-{number}"
        source = Path(self.workload.model.source)
        if not (folder / MARK).exists():
            remove_tree(folder)
            if source.is_dir():
                shutil.copytree(source, folder)
            else:
                folder.mkdir(parents=True)
                shutil.copy2(source, folder)
            write_text(folder / MARK, f"{number}\n")
        return folder


def _show(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and place.samefile(source):
        return
    beside = place.with_name(f".{place.name}.{os.getpid()}")
    beside.symlink_to(source.resolve())
    beside.replace(place)


def _copy_members(zipped: zipfile.ZipFile, tar: tarfile.TarFile) -> None:
    for member in zipped.infolist():
        info = tarfile.TarInfo(member.filename)
        info.size, info.mode = member.file_size, (member.external_attr >> 16 & 0o777) or 0o644
        tar.addfile(info, io.BytesIO(zipped.read(member)))
