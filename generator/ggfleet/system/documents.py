"""Rendered documents to a folder, all of them or none."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ggfleet.errors import GgfleetError
from ggfleet.model import Rendering
from ggfleet.system.files import document_text, replace_folder, write_text

MARK = "calls.json"
"""A file that every rendered folder holds; a folder without it is not ours to replace."""

KNOWN = frozenset({MARK, "bulk-deployment.json", "bulk-deployment.jsonl", "cores", "platforms"})
"""All that a rendering may have at its top. A folder with anything else is somebody's own."""


def write_rendering(rendering: Rendering, out: Path) -> None:
    """Write all documents beside their place, then let them take it together.

    Raises `GgfleetError` when `out` holds something else than an earlier rendering.
    """
    out = out.resolve()
    if Path.cwd().is_relative_to(out):
        raise GgfleetError(f"{out} is the folder you are in", fix="name one below it")
    if out.exists() and not _is_ours(out):
        raise GgfleetError(
            f"{out} holds files that are no earlier rendering", fix="name an empty or a new folder"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
        new = Path(beside) / out.name
        for document in rendering.documents:
            write_text(new / document.path, document_text(document))
        replace_folder(new, out)


def _is_ours(out: Path) -> bool:
    if not out.is_dir():
        return False
    names = {entry.name for entry in out.iterdir()}
    return not names or (MARK in names and names <= KNOWN)
