"""Facts of a set of wheels against a platform: what will not load, and what to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.fit import base, packages
from ggfleet.bundle.fit.elf import Binary, Version
from ggfleet.bundle.fit.facts import facts
from ggfleet.bundle.resolve import WAY_OUT, Wheel
from ggfleet.bundle.tags import OLD_NAMES
from ggfleet.errors import BundleError
from ggfleet.model import Platform

RELATIVE_RELOCATIONS = {"GLIBC_ABI_DT_RELR": (2, 36)}
"""Versions that name no number, and the glibc that has them first."""

Set = Mapping[Wheel, Sequence[Binary]]
"""The wheels of a bundle, each with its binaries."""


@dataclass(frozen=True)
class Need:
    """A file of a wheel that needs a symbol of a version; `others` files of the wheel do too."""

    path: str
    version: Version
    others: int

    def __str__(self) -> str:
        symbol = f"{self.version.symbol} of " if self.version.symbol else ""
        others = f", as {plural(self.others, 'other file')}" if self.others else ""
        verb = "do" if self.others > 1 else "does"
        return (
            f"{self.path} needs {symbol}{self.version.name} ({self.version.library})"
            f"{others}{f' {verb}' if others else ''}"
        )


def prove(
    wheels: Sequence[Wheel], path: Callable[[Wheel], Path], platform: Platform
) -> tuple[str, ...]:
    """Notes on a set of wheels that fits; `BundleError` with every reason why it does not.

    `path` is where a wheel lies on this disk.
    """
    found = {wheel: facts(path(wheel), str(wheel)) for wheel in wheels}
    problems = tuple(_problems(found, platform))
    if problems:
        lines = "".join(f"\n  {problem}" for problem in problems)
        raise BundleError(
            f"wheels that platform {platform.name} ({platform.architecture}, glibc "
            f"{platform.glibc}) cannot load:{lines}",
            fix=WAY_OUT,
        )
    return tuple(_notes(found, platform))


def _problems(found: Set, platform: Platform) -> Iterator[str]:
    provided = frozenset(name for each in found.values() for b in each for name in b.names)
    for wheel, binaries in found.items():
        yield from _hollow(wheel, found)
        fitting = []
        for binary in binaries:
            wrong = _wrong_machine(wheel, binary, platform)
            if wrong:
                yield f"{wheel}: {wrong}"
            elif binary.machine not in base.ACCELERATORS and not _is_foreign(wheel):
                fitting.append(binary)
        for need in _too_new(fitting, provided, platform):
            yield f"{wheel}: {need}; {_brought(need.version, platform)}{_promised(wheel)}"
        for library, files in _missing(wheel, fitting, provided, platform).items():
            yield (
                f"{wheel}: {_some(files)} needs {library}, which neither the set nor the system "
                f"has (a device that has it says so in platforms.{platform.name}.shared_libraries)"
            )


def _hollow(wheel: Wheel, found: Set) -> Iterator[str]:
    core = packages.CORES.get(canonicalize_name(wheel.name))
    if core and not any(fnmatchcase(b.path, core.pattern) for each in found.values() for b in each):
        yield f"{wheel} is hollow: no file of the set is {core.pattern} ({core.reason})"


def _wrong_machine(wheel: Wheel, binary: Binary, platform: Platform) -> str:
    """Why a file cannot be loaded at all; empty when it can, or is not meant to be."""
    if not binary.machine:
        is_library = ".so" in binary.path.rpartition("/")[2]
        return f"{binary.path} is a damaged ELF file" if is_library else ""
    if binary.machine in base.ACCELERATORS or _is_foreign(wheel):
        return ""
    if (binary.machine, binary.bits) == base.MACHINES[platform.architecture]:
        return ""
    machine = f"{binary.machine.removeprefix('EM_')}, {binary.bits} bits"
    pure = ", in a wheel that says it runs anywhere" if wheel.is_pure else ""
    return f"{binary.path} is for {machine}{pure}"


def _is_foreign(wheel: Wheel) -> bool:
    return canonicalize_name(wheel.name) in packages.FOREIGN


def _too_new(
    binaries: Iterable[Binary], provided: frozenset[str], platform: Platform
) -> Iterator[Need]:
    """For each library and kind of version the newest that the platform lacks."""
    lacking: dict[str, list[tuple[tuple[int, ...], str, Version]]] = {}
    for binary in binaries:
        for version in binary.versions:
            kind, number = _parsed(version.name)
            has = _provides(kind, platform)
            if has and number > has and version.library not in provided:
                lacking.setdefault(kind, []).append((number, binary.path, version))
    for found in lacking.values():
        newest = max(number for number, _, _ in found)
        _, path, version = min(each for each in found if each[0] == newest)
        yield Need(path, version, len({other for _, other, _ in found}) - 1)


def _parsed(version: str) -> tuple[str, tuple[int, ...]]:
    """`GLIBC_2.34` to `GLIBC` and (2, 34); what names no number is older than everything."""
    kind, _, number = version.rpartition("_")
    if version in RELATIVE_RELOCATIONS:
        return "GLIBC", RELATIVE_RELOCATIONS[version]
    parts = number.split(".")
    return kind, tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()


def _provides(kind: str, platform: Platform) -> tuple[int, ...]:
    """The newest version of a kind that the system brings; empty where nothing is known."""
    library = base.cpp_library(platform.glibc_version)
    known = {
        "GLIBC": platform.glibc_version,
        "GLIBCXX": library.glibcxx,
        "CXXABI": library.cxxabi,
    }
    return known.get(kind, ())


def _brought(version: Version, platform: Platform) -> str:
    kind, _ = _parsed(version.name)
    if kind == "GLIBC":
        return f"the platform has glibc {platform.glibc}"
    has = ".".join(map(str, _provides(kind, platform)))
    release = base.cpp_library(platform.glibc_version).release
    return f"with glibc {platform.glibc} comes {kind}_{has} ({release})"


def _promised(wheel: Wheel) -> str:
    level = promised_glibc(wheel)
    return f"; its tag promises glibc {level[0]}.{level[1]}" if level else ""


def promised_glibc(wheel: Wheel) -> tuple[int, int] | None:
    """The oldest glibc that the tags of a wheel name; None where they name none."""
    old = {f"{name}_": (2, level) for level, name in OLD_NAMES.items()}
    levels = []
    for tag in wheel.tags:
        if tag.platform.startswith("manylinux_"):
            major, minor = tag.platform.split("_")[1:3]
            levels.append((int(major), int(minor)))
        levels += [level for name, level in old.items() if tag.platform.startswith(name)]
    return min(levels, default=None)


def _missing(
    wheel: Wheel, binaries: Iterable[Binary], provided: frozenset[str], platform: Platform
) -> dict[str, list[str]]:
    """Libraries that nothing brings, with the files that need them."""
    optional, _ = packages.OPTIONAL.get(canonicalize_name(wheel.name), ("", ""))
    missing: dict[str, list[str]] = {}
    for binary in binaries:
        if fnmatchcase(binary.path, optional):
            continue
        for library in binary.needed:
            known = library in provided or library in base.PRESENT or library in base.PACKAGED
            brought = library in platform.shared_libraries or _is_jetpacks(library, platform)
            if not known and not brought:
                missing.setdefault(library, []).append(binary.path)
    return missing


def _is_jetpacks(library: str, platform: Platform) -> bool:
    return platform.gpu == base.GPU_JETSON and library.startswith(base.JETPACK)


def _notes(found: Set, platform: Platform) -> Iterator[str]:
    provided = frozenset(name for each in found.values() for b in each for name in b.names)
    for wheel, binaries in found.items():
        packaged: dict[str, str] = {}
        given = provided.union(platform.shared_libraries)
        for library in sorted({library for b in binaries for library in b.needed} - given):
            if library in base.PACKAGED:
                packaged[library] = base.PACKAGED[library]
            elif _is_jetpacks(library, platform):
                packaged[library] = "JetPack"
        for library, package in packaged.items():
            yield f"{wheel} needs {library} on the device: {package} brings it"
        yield from _broken_promise(wheel, binaries)
        for level in sorted({binary.cpu for binary in binaries} - {"", "x86-64"}):
            yield f"{wheel} needs a processor with {level}; no spec says whether the device has it"


def _broken_promise(wheel: Wheel, binaries: Sequence[Binary]) -> Iterator[str]:
    """A wheel that fits this platform, and would not fit all that its tag names."""
    promised = promised_glibc(wheel)
    levels = [
        (number, version.name)
        for binary in binaries
        for version in binary.versions
        if (parsed := _parsed(version.name))[0] == "GLIBC" and (number := parsed[1])
    ]
    number, name = max(levels, default=((), ""))
    if promised and number > promised:
        yield (
            f"{wheel} needs {name}, and its tag promises glibc {promised[0]}.{promised[1]}: "
            "it fits here, not everywhere that the tag says"
        )


def _some(files: Sequence[str]) -> str:
    others = f" (and {plural(len(files) - 1, 'other file')})" if len(files) > 1 else ""
    return f"{files[0]}{others}"


def plural(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
