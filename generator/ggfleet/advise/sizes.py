"""How big each part is, from the archives that were built: what is fetched, what is unpacked.

A library that lies in a function's package has no archive of its own. Its wheels are known by the
package's bill, and its share of the unpacked files is taken in proportion to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.requirements import read_requirements
from ggfleet.bundle.supply.package import Package, closure
from ggfleet.bundle.supply.sbom import read_bill
from ggfleet.compare.matrix.cells import Payload
from ggfleet.errors import GgfleetError
from ggfleet.model import Archive, Fleet, Form, Function, Install, Library, Manifest, Part


@dataclass(frozen=True)
class LibrarySizes:
    """A library as one archive, as wheels, and as an image where one was built."""

    archive: Payload
    wheels: Payload
    image: Payload | None = None


@dataclass(frozen=True)
class Sizes:
    """Of one platform. `code` are packages of functions without any library.

    `unknown` tells why parts cannot be weighed, by `kind.name`.
    """

    libraries: Mapping[str, LibrarySizes]
    models: Mapping[str, Payload]
    code: Mapping[str, Payload]
    packages: Mapping[str, Payload]
    unknown: Mapping[str, str]


def together(*parts: Payload) -> Payload:
    """What lies in one archive: one file to fetch."""
    return Payload(
        fetched_bytes=sum(part.fetched_bytes for part in parts),
        files=1,
        unpacked_bytes=sum(part.unpacked_bytes for part in parts),
        unpacked_files=sum(part.unpacked_files for part in parts),
    )


def sizes_of(fleet: Fleet, manifest: Manifest, bundles: Path, platform: str) -> Sizes:
    """The sizes of a fleet's parts on one platform (`fleet` as `Fleet.on` gives it).

    Raises `GgfleetError` where nothing was built for it.
    """
    reader = _Reader(fleet, manifest, bundles, platform)
    libraries = {name: found for name in fleet.libraries if (found := reader.library(name))}
    models = {name: size for name in fleet.models if (size := reader.model(name))}
    packages = {name: _payload(reader.package(name)) for name in fleet.functions}
    code = {name: reader.code(each, libraries) for name, each in fleet.functions.items()}
    return Sizes(libraries, models, code, packages, reader.unknown)


class _Reader:
    """Archives and bills of one platform, each bill read once."""

    def __init__(self, fleet: Fleet, manifest: Manifest, bundles: Path, platform: str) -> None:
        self.unknown: dict[str, str] = {}
        self._fleet, self._manifest, self._bundles = fleet, manifest, bundles
        self._platform = platform
        self._bills: dict[str, tuple[Package, ...]] = {}

    def library(self, name: str) -> LibrarySizes | None:
        """The sizes of a library, or None where they are not known."""
        library = self._fleet.libraries[name]
        archive = self._manifest.find(Part.LIBRARIES, name, self._platform, library.archive)
        if archive:
            image = self._manifest.find(Part.LIBRARIES, name, self._platform, Form.IMAGE)
            return LibrarySizes(
                _payload(archive),
                _wheels(self._bill(archive), archive.unpacked_size, archive.files),
                Payload(image.size, 1, 0, 0) if image else None,
            )
        if library.install is Install.ML_RESOURCE:
            raise self._missing(f"library {name}")
        users = self._fleet.users_of(library)
        if library.install is Install.IN_FUNCTION and users:
            return self._within(library, users[0])
        why = "no function uses it" if not users else "what playbooks install is not built here"
        self.unknown[f"libraries.{name}"] = why
        return None

    def model(self, name: str) -> Payload | None:
        """The size of a model's archive, or None where it lies in AWS."""
        if not self._fleet.models[name].is_local:
            self.unknown[f"models.{name}"] = "its archive was not built here"
            return None
        archive = self._manifest.find(Part.MODEL, name, self._platform)
        if archive is None:
            raise self._missing(f"model {name}")
        return _payload(archive)

    def package(self, name: str) -> Archive:
        """The package of a function."""
        archive = self._manifest.find(Part.FUNCTION, name, self._platform)
        if archive is None:
            raise self._missing(f"function {name}")
        return archive

    def code(self, function: Function, libraries: Mapping[str, LibrarySizes]) -> Payload:
        """What a package is without the libraries that lie in it."""
        whole = _payload(self.package(function.name))
        inside = self._fleet.libraries_of(function, Install.IN_FUNCTION)
        parts = [libraries[each.name].archive for each in inside if each.name in libraries]
        return Payload(
            max(whole.fetched_bytes - sum(part.fetched_bytes for part in parts), 0),
            1,
            max(whole.unpacked_bytes - sum(part.unpacked_bytes for part in parts), 0),
            max(whole.unpacked_files - sum(part.unpacked_files for part in parts), 0),
        )

    def _within(self, library: Library, function: Function) -> LibrarySizes:
        """A library in a package: its wheels, and their share of what lies in the package."""
        package = self.package(function.name)
        bill = self._bill(package)
        own = closure(bill, _names(library))
        share = sum(each.size for each in own) / max(sum(each.size for each in bill), 1)
        unpacked, files = package.unpacked_size * share, package.files * share
        wheels = _wheels(own, round(unpacked), round(files))
        return LibrarySizes(together(wheels), wheels)

    def _bill(self, archive: Archive) -> tuple[Package, ...]:
        if archive.file not in self._bills:
            self._bills[archive.file] = read_bill(self._bundles, archive)
        return self._bills[archive.file]

    def _missing(self, what: str) -> GgfleetError:
        return GgfleetError(
            f"{what} has no archive for platform {self._platform} in {self._bundles}",
            fix=f"run `ggfleet bundle --platform {self._platform}`: advice rests on real sizes",
        )


def _payload(archive: Archive) -> Payload:
    return Payload(archive.size, 1, archive.unpacked_size, archive.files)


def _wheels(packages: Iterable[Package], unpacked: int, files: int) -> Payload:
    sizes = [each.size for each in packages]
    return Payload(sum(sizes), len(sizes), unpacked, files)


def _names(library: Library) -> set[str]:
    asked = read_requirements([library.requirements]).named()
    return {str(canonicalize_name(each.name)) for each in asked}
