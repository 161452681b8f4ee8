"""What was built from which inputs, so that nothing is even resolved when nothing changed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from ggfleet.bundle.credentials import SECRET
from ggfleet.bundle.lock import lock_path, read_lock
from ggfleet.bundle.manifest import archive_from_json, archive_to_json
from ggfleet.bundle.requirements import read_requirements
from ggfleet.bundle.tree import Entry
from ggfleet.model import Archive, Json, Platform
from ggfleet.system.files import to_json, write_json

RULES = 2
"""Raise it when the same inputs would be built to another tree, or be refused."""


class Fingerprints:
    """A folder of small files: the SHA-256 of all inputs to the archive that they gave."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, inputs: Json, out: Path) -> Archive | None:
        """The archive of these inputs, when its file lies below `out` and has its size."""
        try:
            archive = archive_from_json(json.loads(self._path(inputs).read_text()))
            there = (out / archive.file).stat().st_size == archive.size
        except (OSError, ValueError, TypeError):
            return None  # not built yet, or not readable any more: build it again
        return archive if there else None

    def keep(self, inputs: Json, archive: Archive) -> None:
        """Remember what was built."""
        write_json(self._path(inputs), archive_to_json(archive))

    def _path(self, inputs: Json) -> Path:
        written = to_json({"rules": RULES, "inputs": inputs})
        return self._folder / f"{hashlib.sha256(written).hexdigest()}.json"


def of_wheels(files: Sequence[Path], platforms: Iterable[Platform]) -> Json:
    """All that a set of wheels depends on on this machine.

    What an index offers is not among it: as with a lock, a set stays as it is until its
    requirements or its lock change. uv's own settings are, because they name indexes.
    """
    read = read_requirements(files)
    settings = {
        name: value
        for name, value in sorted(os.environ.items())
        if name.startswith("UV_") and not SECRET.fullmatch(name)
    }
    platforms = tuple(platforms)
    found = [read_lock(lock_path(files, platform)) for platform in platforms]
    return {
        "locks": [lock.text if lock else "" for lock in found],
        "requirements": read.texts,
        "local": read.local,
        "settings": settings,
        "platforms": [of_platform(platform) for platform in platforms],
    }


def of_platform(platform: Platform) -> Json:
    """All of a platform but cameras and GPUs: those are for the group, no wheel goes by them."""
    return {name: value for name, value in asdict(platform).items() if name != "hardware"}


def of_entries(entries: Iterable[Entry]) -> Json:
    """All that the owner's own files say, whatever order folders list them in."""
    return sorted([entry.path, f"{entry.mode:o}", entry.digest()] for entry in entries)
