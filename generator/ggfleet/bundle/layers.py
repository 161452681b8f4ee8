"""Which package of a set goes into which layer.

Layers are folders of their own on the import path, so that a package that looks for another beside
itself has to find it there: such packages stay together, whatever a layer says.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.fit.facts import facts
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.tree import FILE_MODE, Entry
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.errors import BundleError
from ggfleet.model import Layer

INIT = "__init__.py"
ORIGIN = ("$ORIGIN", "${ORIGIN}")
EMPTY = b"No package of this layer is needed on this platform.\n"
"""What a layer without packages holds: nobody knows what a core makes of an empty archive."""


@dataclass(frozen=True)
class Laid:
    """Where a wheel's files lie.

    `regular` are folders that are packages with an `__init__.py`, `binaries` the folders of shared
    objects, `searched` those in which its shared objects look for others.
    """

    files: frozenset[str]
    folders: frozenset[str]
    regular: frozenset[str]
    binaries: frozenset[str] = frozenset()
    searched: frozenset[str] = frozenset()


@dataclass
class _Together:
    """Packages that have to share a layer, and why; joined one by one."""

    of: dict[str, frozenset[str]] = field(default_factory=dict)
    reasons: dict[frozenset[str], str] = field(default_factory=dict)

    def join(self, one: str, other: str, reason: str) -> None:
        self.reasons.setdefault(frozenset((one, other)), reason)
        group = self.of.get(one, frozenset((one,))) | self.of.get(other, frozenset((other,)))
        self.of |= dict.fromkeys(group, group)


def divide(
    layers: Sequence[Layer],
    wheels: Sequence[Wheel],
    path: Callable[[Wheel], Path],
    say: Callable[[str], None],
) -> dict[str, tuple[Wheel, ...]]:
    """The wheels of each layer; a layer may have none.

    `say` is told of packages that are kept with others. Raises `BundleError` for a layer that names
    a package that the set lacks, and for packages that two layers tear apart.
    """
    names: dict[str, Wheel] = {canonicalize_name(wheel.name): wheel for wheel in wheels}
    _refuse_unknown(layers, names)
    found = {name: _asked(layers, name, path(wheel)) for name, wheel in names.items()}
    together = _bound({name: laid(wheel, path(wheel)) for name, wheel in names.items()})
    order = [each.name for each in layers]
    for group in dict.fromkeys(together.of[name] for name in names if name in together.of):
        asked = {found[name] for name in group}
        # What no layer names goes along; by size, the small goes with the big.
        named = {found[n] for n in group if _is_named(layers, n)} or asked
        if len(named) > 1 and any(each.packages for each in layers):
            raise _torn(group, found, together)
        layer = min(named, key=order.index)
        for name in sorted(each for each in group if found[each] != layer):
            say(f"layer {layer} takes {name} too: {_reason(name, group, together)}")
            found[name] = layer
    return {
        layer: tuple(wheel for name, wheel in names.items() if found[name] == layer)
        for layer in order
    }


def laid(wheel: Wheel, path: Path) -> Laid:
    """Where the files of a cached wheel lie on the device."""
    with OpenWheel(wheel, path) as opened:
        files = frozenset(opened.paths())
    folders = {parent for file in files for parent in _parents(file)}
    binaries = facts(path, str(wheel))
    return Laid(
        files=files,
        folders=frozenset(folders),
        regular=frozenset(posixpath.dirname(f) for f in files if posixpath.basename(f) == INIT),
        binaries=frozenset(posixpath.dirname(each.path) for each in binaries),
        searched=frozenset(
            place for each in binaries for place in _searched(each.path, each.search)
        ),
    )


def nothing(layer: str) -> Entry:
    """The one file of a layer without packages."""
    return Entry(f"{layer}.empty", FILE_MODE, len(EMPTY), "ggfleet", _Bytes(EMPTY))


@dataclass(frozen=True)
class _Bytes:
    content: bytes

    def chunks(self) -> Iterator[bytes]:
        """All of it."""
        yield self.content


def _refuse_unknown(layers: Sequence[Layer], names: Iterable[str]) -> None:
    missing = [
        f"{package} (layer {layer.name})"
        for layer in layers
        for package in layer.packages
        if "*" not in package and package not in names
    ]
    if missing:
        raise BundleError(
            f"layers name packages that are not needed: {', '.join(missing)}; the set has "
            f"{', '.join(sorted(names))}",
            fix="correct the name; a pattern such as nvidia-* may also stand for none",
        )


def _asked(layers: Sequence[Layer], name: str, wheel: Path) -> str:
    """The layer that is to have a package: a name counts more than a pattern."""
    for layer in layers:
        if name in layer.packages:
            return layer.name
    for layer in layers:
        fits = any(fnmatchcase(name, pattern) for pattern in layer.packages)
        if fits or (not layer.packages and wheel.stat().st_size >= layer.least):
            return layer.name
    raise AssertionError("the last layer takes all")


def _is_named(layers: Sequence[Layer], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for each in layers for pattern in each.packages)


def _bound(wheels: Mapping[str, Laid]) -> _Together:
    together = _Together()
    names = sorted(wheels)
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            reason = _why(one, other, wheels) or _why(other, one, wheels)
            if reason:
                together.join(one, other, reason)
    return together


def _why(one: str, other: str, wheels: Mapping[str, Laid]) -> str:
    """Why one package needs another in the same folder; empty where it does not."""
    mine, its = wheels[one], wheels[other]
    if both := mine.files & its.files:
        return f"{one} and {other} both bring {min(both)}"
    if inside := mine.regular & its.folders:
        return f"{other} adds to {min(inside)} of {one}"
    if near := mine.searched & its.binaries:
        return f"shared objects of {one} look into {min(near)} of {other}"
    return ""


def _reason(name: str, group: Iterable[str], together: _Together) -> str:
    found = (together.reasons.get(frozenset((name, other))) for other in sorted(group))
    return next(reason for reason in found if reason)


def _torn(group: Iterable[str], found: Mapping[str, str], together: _Together) -> BundleError:
    told = "; ".join(
        f"{one} is in layer {found[one]} and {other} in layer {found[other]}, but {reason}"
        for one, other, reason in (
            (*sorted(pair), reason) for pair, reason in together.reasons.items()
        )
        if one in group and found[one] != found[other]
    )
    return BundleError(f"layers tear packages apart: {told}", fix="name them in one layer")


def _parents(file: str) -> Iterator[str]:
    """The folders of a file, but for the root of the tree."""
    while file := posixpath.dirname(file):
        yield file


def _searched(file: str, search: Iterable[str]) -> Iterator[str]:
    """Folders of the tree that a RUNPATH names, which begins where the file lies."""
    for place in search:
        for origin in ORIGIN:
            if place.startswith(origin):
                rest = place.removeprefix(origin).lstrip("/")
                yield posixpath.normpath(posixpath.join(posixpath.dirname(file), rest))
