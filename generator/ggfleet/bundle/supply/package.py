"""A Python package as its wheel describes it (the core metadata specification)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from packaging.metadata import RawMetadata, parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from ggfleet.bundle.markers import marker_environment
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.model import Platform

SHORT = 60
"""Characters of a `License` field that may be a name; some projects put the whole text there."""

CLASSIFIED = "License :: "

UNAMBIGUOUS = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "zlib/libpng License": "Zlib",
}
"""Classifiers that mean one SPDX licence. "BSD License" may be any of four."""

SPELLINGS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "bsd 3-clause": "BSD-3-Clause",
}
"""How `License` fields of before SPDX spell one licence."""


@dataclass(frozen=True)
class Package:
    """One package of an archive.

    `licence` is an SPDX expression where the wheel gives one or means one, else what it says, else
    empty. `sha256` and `size` (bytes) are the wheel's. `requires` are normalised names, without
    those of extras.
    """

    name: str
    version: str
    wheel: str
    sha256: str
    size: int
    licence: str = ""
    requires: tuple[str, ...] = ()


def package_of(opened: OpenWheel, size: int, platform: Platform) -> Package:
    """What an open wheel says of itself, its requirements as the platform sees them."""
    said, _ = parse_email(opened.describe())
    wheel = opened.wheel
    requires = _requires(said, marker_environment(platform))
    name = canonicalize_name(wheel.name)
    told = (wheel.filename, wheel.sha256, size, licence_of(said), requires)
    return Package(name, wheel.version, *told)


def closure(packages: Iterable[Package], names: Collection[str]) -> tuple[Package, ...]:
    """The packages of these normalised names and all that they need; what extras need is not."""
    there = {each.name: each for each in packages}
    found: dict[str, Package] = {}
    waiting = [name for name in there if name in names]
    while waiting:
        package = there[waiting.pop()]
        if package.name not in found:
            found[package.name] = package
            waiting += [name for name in package.requires if name in there]
    return tuple(found.values())


def licence_of(said: RawMetadata) -> str:
    """The licence that metadata tell: the expression, a short `License` field, a classifier."""
    if expression := said.get("license_expression"):
        return expression
    written = said.get("license", "").strip()
    if written.lower() in SPELLINGS:
        return SPELLINGS[written.lower()]
    classified = [
        text.rpartition(" :: ")[2]
        for text in said.get("classifiers", [])
        if text.startswith(CLASSIFIED)
    ]
    if len(classified) == 1 and classified[0] in UNAMBIGUOUS:
        return UNAMBIGUOUS[classified[0]]
    if written and len(written) <= SHORT and "\n" not in written:
        return written
    return " AND ".join(classified)


def _requires(said: RawMetadata, environment: Mapping[str, str]) -> tuple[str, ...]:
    found = set()
    for text in said.get("requires_dist", []):
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue  # old projects write what no tool reads; uv has judged what it resolved
        if requirement.marker is None or requirement.marker.evaluate(dict(environment)):
            found.add(str(canonicalize_name(requirement.name)))
    return tuple(sorted(found))
