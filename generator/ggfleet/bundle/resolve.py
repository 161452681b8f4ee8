"""From requirements and a platform to an exact set of wheels.

uv resolves: it evaluates environment markers for the target, which pip does only for the machine it
runs on (a TensorFlow resolved that way for a Pi is an empty stub). What uv writes is `pylock.toml`
(PEP 751).
"""

from __future__ import annotations

import os
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from packaging.markers import Marker
from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from ggfleet.bundle.debian import debian_has
from ggfleet.bundle.indexes import check_pinned, index_arguments
from ggfleet.bundle.markers import marker_environment
from ggfleet.bundle.requirements import Requirements, read_requirements
from ggfleet.bundle.tags import UNKNOWN_TO_UV, check_supported, ranked_tags, uv_platform
from ggfleet.errors import BundleError, ToolError
from ggfleet.model import Platform
from ggfleet.system.process import program, run

WAY_OUT = (
    "take another version, or put a wheel that fits into a folder and name it in the requirements "
    "file: `--find-links FOLDER`"
)

UV_FIXES = {
    "No solution found": WAY_OUT,
    "No space left": "make room, then run again",
    "Disk quota exceeded": "make room, then run again",
}
"""What to do, by words of uv's messages."""


@dataclass(frozen=True)
class Lock:
    """The text of a `pylock.toml`, and the folder that its paths start from."""

    text: str
    folder: Path


Locker = Callable[[Sequence[Path], Platform, Path], Lock]
"""Requirements files, a platform and a cache folder to a lock."""


@dataclass(frozen=True)
class Wheel:
    """One wheel of a set: where it is, and what it must be. `size` in bytes, 0 when unknown.

    `url` is `https://...` or `file:///...`.
    """

    name: str
    version: str
    filename: str
    url: str
    sha256: str
    size: int = 0

    @property
    def tags(self) -> frozenset[Tag]:
        """The tags of the file name."""
        return parse_wheel_filename(self.filename)[3]

    @property
    def is_pure(self) -> bool:
        """Whether it runs on any architecture."""
        return all(tag.platform == "any" for tag in self.tags)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def resolve(
    files: Sequence[Path], platform: Platform, *, cache: Path, lock: Locker | None = None
) -> tuple[Wheel, ...]:
    """The wheels that satisfy all the files together on a platform, sorted by name.

    Raises `BundleError` when a package has no fitting wheel, or none with an allowed hash.
    """
    check_supported(platform)
    requirements = read_requirements(files)
    locked = (lock or uv_lock)(files, platform, cache)
    ranks = ranked_tags(platform)
    chosen, refused = [], []
    packages = tomllib.loads(locked.text).get("packages", [])
    check_pinned(platform.indexes, requirements, (package["name"] for package in packages))
    for package in packages:
        if not _is_for(package, platform):
            continue
        try:
            candidates = _candidates(package, locked.folder, platform)
            chosen.append(_choose(package, candidates, requirements, ranks, platform))
        except BundleError as error:
            refused.append(error)
    if refused:
        raise _all(refused)
    return tuple(sorted(chosen, key=lambda wheel: wheel.name))


def _all(refused: Sequence[BundleError]) -> BundleError:
    """One error of many: whoever puts one package right wants to know the next."""
    if len(refused) == 1:
        return refused[0]
    lines = [line for each in refused for line in (each.message, f"  fix: {each.fix}")]
    message = f"{len(refused)} packages cannot be taken:\n"
    return BundleError(message + "\n".join(f"  {line}" for line in lines))


def uv_lock(
    files: Sequence[Path],
    platform: Platform,
    cache: Path,
    *,
    before: str = "",
    upgrade: Sequence[str] = (),
) -> Lock:
    """Let uv resolve; its messages about a set that does not exist become the user's.

    The versions of a lock `before` stay where they can, but those of the packages to `upgrade`.
    """
    with tempfile.TemporaryDirectory(prefix="ggfleet-") as name:
        out = Path(name).resolve() / "pylock.ggfleet.toml"
        if before:
            out.write_text(before)
        there = out.with_name("provided.txt")
        there.write_text("".join(f"{each}=={version}\n" for each, version in platform.provides))
        requirements = read_requirements(files)
        command = [
            program("uv"),
            *_uv_arguments(files, platform, cache, out, there),
            *index_arguments(platform.indexes, requirements, out.with_name("pins")),
            *(f"--upgrade-package={package}" for package in upgrade),
        ]
        try:
            # uv takes `./some.whl` from where it runs: let that be the same whoever calls
            run(command, cwd=files[0].resolve().parent)
        except ToolError as error:
            message = f"no set of wheels for platform {platform.name}: {error.message}"
            fix = next((fix for word, fix in UV_FIXES.items() if word in error.message), "")
            raise BundleError(message, fix=fix) from error
        return Lock(out.read_text(), out.parent)


def _uv_arguments(
    files: Sequence[Path], platform: Platform, cache: Path, out: Path, there: Path
) -> tuple[str | Path, ...]:
    # A platform that uv does not know is resolved for all at once, and chosen from afterwards.
    unknown = platform.architecture in UNKNOWN_TO_UV
    target = "--universal" if unknown else f"--python-platform={uv_platform(platform)}"
    return (
        "pip",
        "compile",
        *(file.resolve() for file in files),
        "--no-header",
        "--quiet",
        "--format=pylock.toml",
        f"--output-file={out}",
        target,
        f"--constraints={there}",
        *(f"--no-emit-package={package}" for package, _ in platform.provides),
        f"--python-version={platform.python}",
        "--only-binary=:all:",
        # uv needs some interpreter to run with, not one of the target's version
        f"--python={sys.executable}",
        "--no-python-downloads",
        f"--cache-dir={(cache / 'uv').resolve()}",
    )


def _choose(
    package: Mapping[str, Any],
    candidates: Sequence[Wheel],
    requirements: Requirements,
    ranks: Mapping[Tag, int],
    platform: Platform,
) -> Wheel:
    label = _label(package)
    ranked = sorted(
        (rank, wheel.filename, wheel)
        for wheel in candidates
        if (rank := min((ranks[tag] for tag in wheel.tags if tag in ranks), default=-1)) >= 0
    )
    if not ranked:
        raise BundleError(
            f"{label} has no wheel for {_described(platform)}", fix=_way_out(package, platform)
        )
    allowed = requirements.allowed(package["name"])
    for _, _, wheel in ranked:
        if allowed is None or wheel.sha256 in allowed:
            return wheel
    if not allowed:
        raise BundleError(
            f"{label} has no SHA-256 in the requirements file, where others have one",
            fix="list the hashes of all packages (`uv pip compile --generate-hashes`) or of none",
        )
    raise BundleError(
        f"no wheel of {label} for {_described(platform)} has a hash that the requirements file "
        f"allows; the best is {ranked[0][2].filename} with sha256:{ranked[0][2].sha256}",
        fix="find out why it differs before you change the hash: it may have been replaced",
    )


def _is_for(package: Mapping[str, Any], platform: Platform) -> bool:
    """Whether a package of a lock is for the platform; a lock for one platform names no markers."""
    marker = package.get("marker")
    return marker is None or Marker(marker).evaluate(marker_environment(platform))


def _way_out(package: Mapping[str, Any], platform: Platform) -> str:
    return WAY_OUT + debian_has(canonicalize_name(package["name"]), platform.name)


def _candidates(package: Mapping[str, Any], folder: Path, platform: Platform) -> list[Wheel]:
    sources = list(package.get("wheels", []))
    if "archive" in package:
        sources.append(package["archive"])
    wheels = [wheel for source in sources if (wheel := _wheel(package, source, folder))]
    if not wheels:
        raise BundleError(
            f"{_label(package)} comes without any wheel, as source only",
            fix=_way_out(package, platform),
        )
    return wheels


def _wheel(package: Mapping[str, Any], source: Mapping[str, Any], folder: Path) -> Wheel | None:
    url = source.get("url") or _file_url(folder, source["path"])
    filename = source.get("name") or unquote(urlsplit(url).path.rpartition("/")[2])
    if not filename.endswith(".whl"):
        return None
    label = _label(package)
    sha256 = source.get("hashes", {}).get("sha256")
    if sha256 is None:
        raise BundleError(
            f"{label}: {filename} has no SHA-256, so nobody can tell what it should be",
            fix="take it from an index that tells the hashes of its files",
        )
    try:
        version = str(parse_wheel_filename(filename)[1])
    except InvalidWheelFilename as error:
        raise BundleError(f"{label}: {error}", fix=WAY_OUT) from error
    return Wheel(package["name"], version, filename, url, sha256, source.get("size", 0))


def _file_url(folder: Path, path: str) -> str:
    # the folder may be gone: `..` goes by name
    return Path(os.path.normpath(folder / path)).as_uri()


def _label(package: Mapping[str, Any]) -> str:
    return f"{package['name']} {package.get('version', '')}".strip()


def _described(platform: Platform) -> str:
    return (
        f"platform {platform.name} ({platform.architecture}, Python {platform.python}, "
        f"glibc {platform.glibc})"
    )
