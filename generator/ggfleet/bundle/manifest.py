"""`manifest.json`: which archives there are."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, get_type_hints

from ggfleet.errors import BundleError
from ggfleet.model import Archive, Compression, Delta, Fleet, Form, Json, Manifest, Part
from ggfleet.system.files import write_json

VERSION = 1
FILE_NAME = "manifest.json"
KINDS = get_type_hints(Archive)
DELTA_KINDS = get_type_hints(Delta)
WORDS = tuple(name for name, kind in KINDS.items() if kind in (Part, Form, Compression))
USUAL = {"form": Form.ZIP.value, "compression": Compression.GZIP.value}
"""What an entry means that does not say it."""


def read_manifest(path: Path) -> Manifest:
    """Read a manifest. A missing or damaged one raises `BundleError`."""
    fix = "run `ggfleet bundle` to build the archives and write it"
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise BundleError(f"{path} does not exist", fix=fix) from error
    except (OSError, ValueError) as error:
        raise BundleError(f"{path} cannot be read: {error}", fix=f"remove it and {fix}") from error
    try:
        archives = tuple(_archive(item) for item in _items(content))
        return Manifest(archives, tuple(map(_delta, content.get("deltas", ()))))
    except (KeyError, TypeError, ValueError) as error:
        message = f"{path} is damaged: {error}"
        raise BundleError(message, fix=f"remove it and {fix}") from error


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write a manifest whole, sorted by part, name and platform; deltas where there are some."""
    archives = sorted(manifest.archives, key=lambda a: (a.part, a.name, a.platform, a.form))
    items: list[Json] = [archive_to_json(archive) for archive in archives]
    deltas: list[Json] = [dataclasses.asdict(each) for each in sorted_deltas(manifest.deltas)]
    told: dict[str, Json] = {"deltas": deltas} if deltas else {}
    write_json(path, {"version": VERSION, "archives": items, **told})


def sorted_deltas(deltas: Iterable[Delta]) -> tuple[Delta, ...]:
    """Deltas in the order of a manifest."""
    return tuple(sorted(deltas, key=lambda d: (d.name, d.platform, d.tree_sha256, d.base_sha256)))


def key_prefix(fleet: Fleet) -> str:
    """What the S3 keys of all of a fleet's archives begin with."""
    return f"ggfleet/{fleet.name}/"


def archive_to_json(archive: Archive) -> dict[str, Json]:
    """One entry of the manifest. A zip says nothing of its form: manifests had no other once.

    So with gzip, which all archives had.
    """
    item = dataclasses.asdict(archive)
    return {name: value for name, value in item.items() if value != USUAL.get(name)}


def archive_from_json(item: object) -> Archive:
    """One entry of the manifest; anything else raises `ValueError` with the reason."""
    return _archive(item)


def _items(content: object) -> list[object]:
    if not isinstance(content, dict) or not isinstance(content.get("archives"), list):
        raise TypeError('it is not {"version", "archives"}')
    if content.get("version") != VERSION:
        raise ValueError(f"version {content.get('version')!r} instead of {VERSION}")
    return list(content["archives"])


def _archive(item: object) -> Archive:
    if isinstance(item, dict):
        item = {**USUAL, **item}
    known = _checked(item, KINDS, "an archive")
    words = {name: KINDS[name](known[name]) for name in WORDS}
    return Archive(**{**known, **words})


def _delta(item: object) -> Delta:
    return Delta(**_checked(item, DELTA_KINDS, "a delta"))


def _checked(item: object, kinds: Mapping[str, type], called: str) -> dict[str, Any]:
    """An entry whose values have their types, and whose file stays in the folder."""
    if not isinstance(item, dict) or item.keys() != kinds.keys():
        raise ValueError(f"{called} needs exactly {', '.join(kinds)}")
    for name, kind in kinds.items():
        wanted = str if issubclass(kind, str) else kind
        if type(item[name]) is not wanted:
            raise ValueError(f"{name} is not of type {wanted.__name__}")
    file = PurePosixPath(item["file"])
    if file.is_absolute() or ".." in file.parts:
        raise ValueError(f"file {item['file']} leaves the folder")
    return item
