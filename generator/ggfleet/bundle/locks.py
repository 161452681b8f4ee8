"""Which sets of wheels a fleet needs, which of them are locked, and what `ggfleet lock` changes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.lock import (
    Change,
    LockFile,
    changes,
    differences,
    lock_path,
    lock_text,
    read_lock,
)
from ggfleet.bundle.resolve import Lock, Wheel, resolve, uv_lock
from ggfleet.errors import BundleError
from ggfleet.model import Fleet, Function, Install, Part, Platform
from ggfleet.system.files import write_text
from ggfleet.system.progress import Progress

REMEDY = "run `ggfleet lock`, and review what it changes"


@dataclass(frozen=True)
class Wanted:
    """Requirements files that are resolved together, and for what."""

    files: tuple[Path, ...]
    platform: Platform

    @property
    def path(self) -> Path:
        """Where its lock lies or would lie."""
        return lock_path(self.files, self.platform)


def requirements_of(fleet: Fleet, function: Function, platform: Platform) -> list[Path]:
    """The requirements files that a function's package takes in on a platform."""
    libraries = fleet.libraries_of(function, Install.IN_FUNCTION)
    return [library.on(platform.name).requirements for library in libraries]


def wanted(
    fleet: Fleet, platforms: Sequence[Platform], parts: Collection[Part] = tuple(Part)
) -> tuple[Wanted, ...]:
    """Every set that archives of the fleet are made of, once.

    What ggfleet itself requires for components is not among it: its release pins that. Raises
    `BundleError` when two sets would share a lock.
    """
    sets = tuple(dict.fromkeys(_wanted(fleet, platforms, parts)))
    places: dict[Path, Wanted] = {}
    for each in sets:
        other = places.setdefault(each.path, each)
        if other.files != each.files and {*other.files} != {*each.files}:
            names = ", ".join(map(str, dict.fromkeys([*other.files, *each.files])))
            message = f"two sets of requirements would share the lock {each.path}: {names}"
            raise BundleError(message, fix="rename one of the files")
    return sets


def _wanted(
    fleet: Fleet, platforms: Sequence[Platform], parts: Collection[Part]
) -> Iterator[Wanted]:
    for platform in platforms:
        for library in fleet.libraries.values() if Part.LIBRARIES in parts else ():
            if library.install is Install.ML_RESOURCE:
                yield Wanted((library.on(platform.name).requirements,), platform)
        for function in fleet.functions.values() if Part.FUNCTION in parts else ():
            if files := requirements_of(fleet, function, platform):
                yield Wanted(tuple(files), platform)
        own = fleet.components.adapter_requirements if Part.ADAPTER in parts else None
        if own:
            yield Wanted((own,), platform)


class Locks:
    """Resolves as the locks say; where there is none, or an old one, anew, and tells so once."""

    def __init__(self, progress: Progress, *, required: bool = False) -> None:
        self._progress = progress
        self._required = required
        self._told: set[Path] = set()

    def check(self, sets: Sequence[Wanted]) -> None:
        """Raise `BundleError` with everything that is missing or old, where locks are required."""
        problems = [problem for each in sets if (problem := _problem(each))]
        if self._required and problems:
            message = "\n".join(f"  {problem}" for problem in problems)
            raise BundleError(f"--locked, and not everything is:\n{message}", fix=REMEDY)

    def resolve(
        self, files: Sequence[Path], platform: Platform, *, cache: Path
    ) -> tuple[Wheel, ...]:
        """The wheels of requirements files, as `ggfleet.bundle.resolve.resolve` gives them."""
        return resolve(files, platform, cache=cache, lock=self._lock)

    def _lock(self, files: Sequence[Path], platform: Platform, cache: Path) -> Lock:
        each = Wanted(tuple(files), platform)
        lock = read_lock(each.path)
        problem = _problem(each)
        if lock and not problem:
            return Lock(lock.text, each.path.parent.resolve())
        if self._required and not _is_ours(files):
            raise BundleError(problem, fix=REMEDY)
        if each.path not in self._told and not _is_ours(files):
            self._told.add(each.path)
            self._progress.say(f"{problem}; resolved anew (`ggfleet lock` keeps a set)")
        return uv_lock(files, platform, cache, before=lock.text if lock else "")


def _is_ours(files: Sequence[Path]) -> bool:
    """Whether it is what ggfleet itself requires on a device."""
    return all(file.is_relative_to(Path(__file__).parents[1]) for file in files)


def _problem(each: Wanted) -> str:
    lock = read_lock(each.path)
    if lock is None:
        return f"no lock {each.path}"
    changed = differences(lock, each.files, each.platform)
    what = "".join(f"\n    {line}" for line in changed)
    return f"lock {each.path} answers other requirements:{what}" if changed else ""


@dataclass(frozen=True)
class Relocked:
    """A set resolved for its lock: `text` is what the lock is to hold."""

    wanted: Wanted
    before: LockFile | None
    changes: tuple[Change, ...]
    wheels: tuple[Wheel, ...]
    text: str

    @property
    def state(self) -> str:
        """`new`, `changed` or `unchanged`."""
        if self.before is None:
            return "new"
        return "unchanged" if self.before.text == self.text else "changed"


def relock(
    each: Wanted, *, cache: Path, upgrade: bool = False, packages: Sequence[str] = ()
) -> Relocked:
    """Resolve a set; versions of its lock stay unless all or these packages are to be upgraded."""
    before = read_lock(each.path)
    kept = before.text if before and not upgrade else ""
    lock = partial(uv_lock, before=kept, upgrade=packages)
    wheels = resolve(each.files, each.platform, cache=cache, lock=lock)
    text = lock_text(wheels, each.files, each.platform)
    return Relocked(each, before, tuple(changes(before, wheels)), wheels, text)


def check_known(packages: Sequence[str], found: Sequence[Relocked]) -> None:
    """Refuse the name of a package that no set has: it was misspelt."""
    there: set[str] = {canonicalize_name(wheel.name) for each in found for wheel in each.wheels}
    there |= {change.package for each in found for change in each.changes}
    for package in packages:
        if canonicalize_name(package) not in there:
            raise BundleError(
                f"--upgrade-package {package}: no library requires it",
                fix="write a name as the locks have it",
            )


def write_locks(found: Sequence[Relocked]) -> None:
    """Write what is not the same already."""
    for each in found:
        if each.state != "unchanged":
            write_text(each.wanted.path, each.text)
