"""Rendered documents to a folder, all of them or none."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from ggfleet.errors import GgfleetError
from ggfleet.model import Json, Rendering
from ggfleet.system.files import replace_folder, write_json

MARK = "calls.json"
"""A file that every rendered folder holds; a folder without it is not ours to replace."""


def write_rendering(rendering: Rendering, out: Path) -> None:
    """Write all documents beside their place, then let them take it together.

    Raises `GgfleetError` when `out` holds something else than an earlier rendering.
    """
    if out.exists() and not _is_ours(out):
        raise GgfleetError(
            f"{out} holds files that are no earlier rendering", fix="name an empty or a new folder"
        )
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as beside:
        new = Path(beside) / out.name
        for document in rendering.documents:
            write_json(new / document.path, document.content)
        replace_folder(new, out)


def read_documents(folder: Path) -> dict[str, Json]:
    """The documents of a rendering by path. Raises `GgfleetError` when `folder` holds none."""
    if not (folder / MARK).is_file():
        raise GgfleetError(f"{folder} is no rendering", fix="name a folder that `--out` named")
    found: dict[str, Json] = {}
    for path in sorted(folder.rglob("*.json")):
        try:
            found[path.relative_to(folder).as_posix()] = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise GgfleetError(f"{path} cannot be read: {error}", fix="render it again") from error
    return found


def _is_ours(out: Path) -> bool:
    return out.is_dir() and ((out / MARK).exists() or not any(out.iterdir()))
