"""What ggfleet itself must know of a requirements file; uv reads it for everything else.

The hashes, because `uv pip compile` resolves past a hash that does not match; every file that the
result depends on, for the fingerprint of a build; and what is asked, for a lock to be held against.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from ggfleet.errors import BundleError

FOLDERS = ("-f", "--find-links")
CONSTRAINTS = ("-c", "--constraint")
OPTION = re.compile(r"(-r|--requirement|-c|--constraint|-f|--find-links)[=\s]\s*(.+)")
SOURCE = re.compile(r"(-i|--index-url|--extra-index-url|-f|--find-links|--no-index)\b.*")
ADDRESS = re.compile(r"-.*://")
HASH = re.compile(r"--hash[=\s]sha256:([0-9a-f]{64})")


@dataclass
class Requirements:
    """`hashes`: allowed SHA-256 by canonical name, empty when the files pin none.

    `texts` are the files' contents in reading order; `local` names wheels on this machine, with
    size and time, that the files refer to. `lines` are what the files ask, without hashes, included
    files' names and addresses (which may hold a password); a constraint begins with `-c`. `sources`
    are the options that tell where packages come from, folders as absolute paths, addresses with
    what they hold.
    """

    hashes: dict[str, set[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    local: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)

    def allowed(self, name: str) -> set[str] | None:
        """The hashes a package may have; None when any will do.

        As with pip, one hash anywhere means that every package needs one.
        """
        return self.hashes.get(canonicalize_name(name), set()) if self.hashes else None

    def named(self) -> list[Requirement]:
        """What is asked by name: constraints, options and paths are not among it."""
        found = []
        for line in self.lines:
            with contextlib.suppress(InvalidRequirement):
                found.append(Requirement(re.split(r"\s--", line)[0]))
        return found


def read_requirements(paths: Iterable[Path]) -> Requirements:
    """Read requirements files and everything they include."""
    found = Requirements()
    seen: set[Path] = set()
    for path in paths:
        _read(path, found, seen)
    return found


def _read(path: Path, found: Requirements, seen: set[Path], prefix: str = "") -> None:
    if path.resolve() in seen:
        return
    seen.add(path.resolve())
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise BundleError(
            f"requirements file {path} cannot be read: {why}",
            fix="correct `requirements` in the spec, or the line that names the file",
        ) from error
    found.texts.append(text)
    for line in _lines(text):
        option = OPTION.fullmatch(line)
        if option is None:
            _note_requirement(path, line, found)
        if (option is None or option[1] in FOLDERS) and not ADDRESS.match(line):
            found.lines.append(prefix + " ".join(HASH.sub("", line).split()))
        if SOURCE.fullmatch(line) and (option is None or "://" in line):
            found.sources.append(line)
        if option is not None and "://" not in option[2]:
            target = path.parent / option[2].strip("\"'")
            if option[1] in FOLDERS:
                found.local.extend(_wheels(target))
                found.sources.append(f"{option[1]} {target.resolve()}")
            else:
                _read(target, found, seen, "-c " if option[1] in CONSTRAINTS else prefix)


def _lines(text: str) -> Iterator[str]:
    """Logical lines: continued ones joined, comments gone."""
    for line in text.replace("\\\n", " ").splitlines():
        bare = re.sub(r"(^|\s)#.*$", "", line).strip()
        if bare:
            yield bare


def _note_requirement(path: Path, line: str, found: Requirements) -> None:
    hashes = set(HASH.findall(line))
    wanted = re.split(r"\s*;|\s--", line)[0].strip()
    if wanted.endswith(".whl") and (path.parent / wanted).is_file():
        found.local.extend(_stamp(path.parent / wanted))
    name = _name(wanted)
    if hashes and name:
        found.hashes.setdefault(name, set()).update(hashes)


def _name(requirement: str) -> str:
    with contextlib.suppress(InvalidRequirement):
        return canonicalize_name(Requirement(requirement).name)
    try:
        return parse_wheel_filename(requirement.rpartition("/")[2])[0]
    except InvalidWheelFilename:
        return ""  # uv says what is wrong with it


def _wheels(folder: Path) -> Iterator[str]:
    for wheel in sorted(folder.glob("*.whl")):
        yield from _stamp(wheel)


def _stamp(wheel: Path) -> Iterator[str]:
    state = wheel.stat()
    yield f"{wheel.resolve()} {state.st_size} {state.st_mtime_ns}"
