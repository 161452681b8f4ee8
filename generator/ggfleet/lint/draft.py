"""V2 documents in memory, with stand-ins for archives that are not built yet."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    ADAPTER,
    ANY_PLATFORM,
    Archive,
    Compression,
    Document,
    Draft,
    DraftRecipe,
    Fleet,
    Form,
    Install,
    Json,
    Layout,
    Manifest,
    Part,
    ending,
)
from ggfleet.render.group_v1.names import archive_uri
from ggfleet.render.known import current
from ggfleet.render.v2 import drafted
from ggfleet.render.v2.names import component_name

DIGITS = 16
"""Hexadecimal digits of the content in an archive's name, as `ggfleet.bundle` writes it."""

Wanted = tuple[Part, str, str, Form]
"""Part, name, platform and form of an archive."""


def draft(fleet: Fleet, manifest: Manifest) -> Draft:
    """What would be rendered, without what a renderer refuses: other rules tell why.

    An archive that is not built yet counts as small, which makes the shortest recipes.
    """
    fleet = fleet.in_layers
    whole = with_stand_ins(fleet, manifest)
    documents: list[Document] = []
    with contextlib.suppress(GgfleetError):
        for document in drafted(fleet, whole):
            documents.append(document)  # noqa: PERF402 - those before an error are kept
    return Draft(
        recipes=tuple(_recipes(fleet, documents)),
        deployments=dict(_below("deployments/", documents)),
        archives={archive_uri(fleet, each.key): each for each in manifest.archives},
    )


def with_stand_ins(fleet: Fleet, manifest: Manifest) -> Manifest:
    """The manifest with a stand-in for every archive that is not built yet."""
    fleet = fleet.in_layers
    manifest = current(fleet, manifest)
    missing = [each for each in _wanted(fleet) if manifest.find(*each) is None]
    return Manifest((*manifest.archives, *(_stand_in(fleet, *each) for each in missing)))


def _wanted(fleet: Fleet) -> Iterator[Wanted]:
    """Every archive that a document could name."""
    for platform in fleet.used_platforms():
        for library in fleet.libraries.values():
            if library.install is Install.ML_RESOURCE:
                form = Form.IMAGE if library.layout is Layout.IMAGE else library.archive
                yield Part.LIBRARIES, library.name, platform.name, form
        for model in fleet.models.values():
            yield Part.MODEL, model.name, platform.name, Form.ZIP
        for name in fleet.functions:
            yield Part.FUNCTION, name, platform.name, Form.ZIP
        yield Part.ADAPTER, ADAPTER, platform.name, Form.ZIP


def _stand_in(fleet: Fleet, part: Part, name: str, platform: str, form: Form) -> Archive:
    """An archive with a name as long as the real one's, and different where that will be."""
    own = platform if _is_native(fleet, part, name) else ANY_PLATFORM
    digits = hashlib.sha256(f"{part} {name} {own}".encode()).hexdigest()
    compression = fleet.libraries[name].compression if form is Form.IMAGE else Compression.GZIP
    file = f"{part}/{name}-{own}-{digits[:DIGITS]}.{ending(form, compression)}"
    key = f"ggfleet/{fleet.name}/{file}"
    return Archive(part, name, platform, file, key, digits, digits, 0, 0, 0, form, compression)


def _is_native(fleet: Fleet, part: Part, name: str) -> bool:
    """Whether a platform has an archive of its own; a function with wheels is taken to."""
    if part is Part.MODEL:
        return bool(fleet.models[name].variants)
    if part is Part.FUNCTION:
        return any(fleet.libraries_of(fleet.functions[name], Install.IN_FUNCTION))
    return True


def _recipes(fleet: Fleet, documents: Iterable[Document]) -> Iterator[DraftRecipe]:
    parts = _parts(fleet)
    for prefix, local in (("recipes/", False), ("local/lite/recipes/", True)):
        for _, content in _below(prefix, documents):
            name = str(content["ComponentName"])
            # One for each platform has the platform behind it, and no part's name has a dot.
            part = parts.get(name) or parts[name.rpartition(".")[0]]
            yield DraftRecipe(part, content, local)


def _parts(fleet: Fleet) -> dict[str, str]:
    """Paths in the spec by the names of the components that are made of them."""
    found = {component_name(fleet, "library", n): each.path for n, each in fleet.libraries.items()}
    found |= {component_name(fleet, "model", n): each.path for n, each in fleet.models.items()}
    return found | {component_name(fleet, "function", n): f"functions.{n}" for n in fleet.functions}


def _below(prefix: str, documents: Iterable[Document]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    """The documents of one folder, by their names without `.json`."""
    for document in documents:
        if document.path.startswith(prefix) and isinstance(document.content, Mapping):
            yield document.path.removeprefix(prefix).removesuffix(".json"), document.content
