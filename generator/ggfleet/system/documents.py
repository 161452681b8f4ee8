"""Rendered documents to a folder, all of them or none."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from ggfleet.errors import GgfleetError
from ggfleet.model import Document, Json, Rendering
from ggfleet.system.files import document_bytes, flush_tree, locked, replace_folder, write_new

MARK = ".ggfleet.json"
"""Lists a rendering's documents. A folder without it, or with other files, is somebody's own."""


def write_rendering(rendering: Rendering, out: Path) -> None:
    """Write all documents beside their place, then let them take it together.

    Raises `GgfleetError` when `out` holds something else than an earlier rendering.
    """
    out = out.resolve()
    if Path.cwd().is_relative_to(out):
        raise GgfleetError(f"{out} is the folder you are in", fix="name one below it")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
        new = Path(beside) / out.name
        _write_all(rendering.documents, new)
        flush_tree(new)
        with locked(out.parent):
            if out.exists() and not _is_ours(out):
                message = f"{out} holds files that are no earlier rendering"
                raise GgfleetError(message, fix="name an empty or a new folder")
            replace_folder(new, out)


def _write_all(documents: Sequence[Document], folder: Path) -> None:
    """Plain files in a new folder, which nobody looks at before it is whole."""
    mark = Document(MARK, sorted(document.path for document in documents))
    homes: set[str] = set()
    for document in (*documents, mark):
        home = document.path.rpartition("/")[0]
        if home not in homes:
            (folder / home).mkdir(parents=True, exist_ok=True)
            homes.add(home)
        write_new(f"{folder}/{document.path}", document_bytes(document))


def read_documents(folder: Path) -> dict[str, Json]:
    """The documents of a rendering by path. Raises `GgfleetError` when `folder` holds none."""
    if not (folder / MARK).is_file():
        raise GgfleetError(f"{folder} is no rendering", fix="name a folder that `--out` named")
    found: dict[str, Json] = {}
    for name in _listed(folder):
        try:
            found[name] = _parsed(name, (folder / name).read_text())
        except (OSError, ValueError) as error:
            message = f"{folder / name} cannot be read: {error}"
            raise GgfleetError(message, fix="render it again") from error
    return found


def _parsed(name: str, text: str) -> Json:
    """The content of a document; its name tells JSON Lines (`.jsonl`) from JSON."""
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    content: Json = json.loads(text)
    return content


def _is_ours(out: Path) -> bool:
    if not out.is_dir():
        return False
    below = len(f"{out}/")
    files = {f"{top}/{name}"[below:] for top, _, names in os.walk(out) for name in names}
    if MARK not in files:
        return not any(out.iterdir())
    return files <= {MARK, *_listed(out)}


def _listed(folder: Path) -> list[str]:
    try:
        names = json.loads((folder / MARK).read_text())
    except (OSError, ValueError):
        return []
    return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
