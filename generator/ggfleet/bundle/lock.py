"""The wheels of requirements files for one platform, in a file that is reviewed and kept (PEP 751).

One wheel of each package is all that a platform takes, so a lock holds no more: sorted, without
times, paths relative to it, no credentials. What was asked when it was written stands in it, too:
whether it still answers the requirements is told without asking an index.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from packaging.pylock import Pylock, PylockValidationError
from packaging.utils import canonicalize_name

from ggfleet.bundle.requirements import read_requirements
from ggfleet.bundle.resolve import Wheel
from ggfleet.errors import BundleError
from ggfleet.model import Platform

OURS = "ggfleet"
"""Who wrote the lock, and its own part of the table `tool`."""


@dataclass(frozen=True)
class Change:
    """What happens to one package: `before` and `after` are versions, one of them may be empty.

    The same version twice is another wheel of it.
    """

    package: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.package} {self.after}"
        if not self.after:
            return f"- {self.package} {self.before}"
        if self.before == self.after:
            return f"{self.package} {self.after}: another wheel"
        return f"{self.package} {self.before} -> {self.after}"


@dataclass(frozen=True)
class LockFile:
    """A lock as it lies on the disk. `packages` are versions and hashes by name."""

    path: Path
    text: str
    packages: Mapping[str, tuple[str, frozenset[str]]]
    asked: Mapping[str, Any]


def lock_path(files: Sequence[Path], platform: Platform) -> Path:
    """Where the lock of requirements files lies: beside the first of them, by name.

    `lambda/requirements/tensorflow.txt` for platform pi: `pylock.tensorflow-pi.toml` there. Files
    that are resolved together have one lock, and a name may hold no dot (PEP 751).
    """
    ordered = sorted(dict.fromkeys(files), key=lambda file: (file.name, file))
    stems = "+".join(file.stem.replace(".", "-") for file in ordered)
    return ordered[0].with_name(f"pylock.{stems}-{platform.name}.toml")


def read_lock(path: Path) -> LockFile | None:
    """The lock, if it is there. Raises `BundleError` for one that is damaged."""
    try:
        text = path.read_text()
        content = tomllib.loads(text)
        packages = Pylock.from_dict(content).packages
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, PylockValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        fix = "restore it, or remove it and run `ggfleet lock`"
        raise BundleError(f"lock {path} cannot be read: {why}", fix=fix) from error
    found: dict[str, tuple[str, frozenset[str]]] = {
        package.name: (str(package.version or ""), frozenset(_hashes(package.wheels or ())))
        for package in packages
    }
    return LockFile(path, text, found, content.get("tool", {}).get(OURS, {}))


def _hashes(wheels: Iterable[Any]) -> Iterator[str]:
    for wheel in wheels:
        yield wheel.hashes.get("sha256", "")


def asked(files: Sequence[Path], platform: Platform) -> dict[str, Any]:
    """What a lock answers: the requirements, and what of the platform decides about wheels."""
    system = {
        "architecture": platform.architecture,
        "glibc": platform.glibc,
        "python": platform.python,
        "provides": [f"{name}=={version}" for name, version in platform.provides],
    }
    return {"platform": system, "requirements": sorted(set(read_requirements(files).lines))}


def differences(lock: LockFile, files: Sequence[Path], platform: Platform) -> list[str]:
    """How what is asked now differs from what the lock answers, a line each."""
    now = asked(files, platform)
    before = set(_lines(lock.asked))
    after = set(_lines(now))
    gone = [f"- {line}" for line in sorted(before - after)]
    return [*gone, *(f"+ {line}" for line in sorted(after - before))]


def _lines(asked: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(line) for line in asked.get("requirements", ()))
    system = dict(asked.get("platform", {}))
    yield from (f"{each} of the system" for each in system.pop("provides", ()))
    yield from (f"{key} {value}" for key, value in system.items())


def changes(lock: LockFile | None, wheels: Sequence[Wheel]) -> list[Change]:
    """What a new set of wheels changes, sorted by package."""
    before = dict(lock.packages) if lock else {}
    after: dict[str, Wheel] = {canonicalize_name(wheel.name): wheel for wheel in wheels}
    found = []
    for name in sorted({*before, *after}):
        version, hashes = before.get(name, ("", frozenset()))
        wheel = after.get(name)
        if wheel is None or wheel.version != version or wheel.sha256 not in hashes:
            found.append(Change(name, version, wheel.version if wheel else ""))
    return found


def lock_text(wheels: Sequence[Wheel], files: Sequence[Path], platform: Platform) -> str:
    """The lock's text: the same wheels for the same requirements give the same bytes."""
    folder = lock_path(files, platform).parent
    question = asked(files, platform)
    system = question["platform"]
    marker = f"platform_machine == '{platform.architecture}' and sys_platform == '{platform.os}'"
    lines = [
        'lock-version = "1.0"',
        f"environments = [{_text(marker)}]",
        f"requires-python = {_text(f'=={platform.python}.*')}",
        f'created-by = "{OURS}"',
        *([] if wheels else ["packages = []"]),
        *(line for wheel in wheels for line in _package(wheel, folder)),
        "",
        f"[tool.{OURS}]",
        "requirements = [",
        *(f"    {_text(line)}," for line in question["requirements"]),
        "]",
        "",
        f"[tool.{OURS}.platform]",
        *(f"{key} = {_text(value)}" for key, value in system.items() if isinstance(value, str)),
        f"provides = [{', '.join(map(_text, system['provides']))}]",
    ]
    return "\n".join([*lines, ""])


def _package(wheel: Wheel, folder: Path) -> Iterator[str]:
    yield from ("", "[[packages]]")
    yield f"name = {_text(canonicalize_name(wheel.name))}"
    yield f"version = {_text(wheel.version)}"
    yield from ("", "[[packages.wheels]]")
    yield _place(wheel.url, folder)
    if wheel.size:
        yield f"size = {wheel.size}"
    yield f"hashes = {{ sha256 = {_text(wheel.sha256)} }}"


def _place(url: str, folder: Path) -> str:
    parts = urlsplit(url)
    if parts.scheme == "file":
        path = Path(os.path.relpath(unquote(parts.path), folder.resolve()))
        return f"path = {_text(path.as_posix())}"
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
    return f"url = {_text(urlunsplit(bare))}"


def _text(value: str) -> str:
    # JSON's escapes are among TOML's, as long as nothing is written as surrogates
    return json.dumps(value, ensure_ascii=False)
