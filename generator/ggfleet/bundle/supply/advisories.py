"""Known vulnerabilities from a file of the owner's: advisories in the OSV format.

https://ossf.github.io/osv-schema/ - one advisory (`.json`), a list of them, a folder, or a zip as
databases are offered for download. Nothing is asked over the network.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from ggfleet.bundle.supply.package import Package
from ggfleet.errors import BundleError

ECOSYSTEM = "PyPI"
FIX = "name a file, folder or zip of advisories in the OSV format"


@dataclass(frozen=True)
class Range:
    """Versions from `introduced` to before `fixed`, or up to and with `last`. "" means no bound."""

    introduced: str
    fixed: str = ""
    last: str = ""

    def holds(self, version: Version) -> bool:
        """Whether a version is in it. A bound that is no version of PEP 440 holds nothing."""
        try:
            if self.introduced not in ("", "0") and version < Version(self.introduced):
                return False
            if self.fixed and version >= Version(self.fixed):
                return False
            return not (self.last and version > Version(self.last))
        except InvalidVersion:
            return False


@dataclass(frozen=True)
class Affected:
    """What an advisory says of one package."""

    advisory: str
    aliases: tuple[str, ...]
    summary: str
    package: str
    versions: frozenset[str]
    ranges: tuple[Range, ...]

    def holds(self, version: str) -> bool:
        """Whether a version is affected."""
        if version in self.versions:
            return True
        try:
            known = Version(version)
        except InvalidVersion:
            return False
        return any(each.holds(known) for each in self.ranges)

    @property
    def fixed(self) -> tuple[str, ...]:
        """Versions that the fault is gone in."""
        return tuple(each.fixed for each in self.ranges if each.fixed)


@dataclass(frozen=True)
class Finding:
    """A package of an archive that an advisory names."""

    package: Package
    affected: Affected


class Advisories:
    """Advisories by package."""

    def __init__(self, affected: Iterable[Affected]) -> None:
        self._by_package: dict[str, list[Affected]] = {}
        for each in affected:
            self._by_package.setdefault(each.package, []).append(each)

    def __len__(self) -> int:
        """How many statements on packages there are."""
        return sum(len(each) for each in self._by_package.values())

    def findings(self, packages: Iterable[Package]) -> tuple[Finding, ...]:
        """What is known of these packages, sorted by package and advisory."""
        found = (
            Finding(package, each)
            for package in packages
            for each in self._by_package.get(package.name, ())
            if each.holds(package.version)
        )
        return tuple(sorted(found, key=lambda each: (each.package.name, each.affected.advisory)))


def read_advisories(path: Path) -> Advisories:
    """Read advisories; `BundleError` names the file that is none."""
    return Advisories(affected for origin, text in _texts(path) for affected in _read(origin, text))


def _texts(path: Path) -> Iterator[tuple[str, bytes]]:
    """Each file with its name. One that cannot be opened is told by the verb, as any path is."""
    if path.is_dir():
        files = sorted(path.rglob("*.json"))
        if not files:
            raise BundleError(f"{path} holds no .json file", fix=FIX)
        yield from ((str(file), file.read_bytes()) for file in files)
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".json"):
                    yield f"{path}: {name}", archive.read(name)
    else:
        yield str(path), path.read_bytes()


def _read(origin: str, text: bytes) -> Iterator[Affected]:
    try:
        content = json.loads(text)
        for advisory in content if isinstance(content, list) else [content]:
            if not advisory.get("withdrawn"):
                yield from _affected(advisory)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise BundleError(f"{origin} is no advisory: {error!r}", fix=FIX) from error


def _affected(advisory: Mapping[str, Any]) -> Iterator[Affected]:
    name = advisory["id"]
    for each in advisory.get("affected", []):
        package = each.get("package", {})
        if package.get("ecosystem") != ECOSYSTEM:
            continue
        yield Affected(
            advisory=name,
            aliases=tuple(advisory.get("aliases", ())),
            summary=advisory.get("summary") or advisory.get("details", "").partition("\n")[0],
            package=str(canonicalize_name(package["name"])),
            versions=frozenset(each.get("versions", ())),
            ranges=tuple(_ranges(each.get("ranges", ()))),
        )


def _ranges(ranges: Sequence[Mapping[str, Any]]) -> Iterator[Range]:
    for each in ranges:
        if each["type"] != "ECOSYSTEM":
            continue  # commits say nothing of a wheel
        introduced = None
        for event in each["events"]:
            if "introduced" in event:
                introduced = event["introduced"]
            elif introduced is not None and ("fixed" in event or "last_affected" in event):
                yield Range(introduced, event.get("fixed", ""), event.get("last_affected", ""))
                introduced = None
        if introduced is not None:
            yield Range(introduced)
