"""Golden pairs of `group-v1`: a folder with a spec, and the documents or the message that it gives.

A case is `fleet.yml`, `hosts.json` (what `ansible-inventory --list` prints for its cores) and
`manifest.json`; beside them `expected/` with every document and `notes.txt`, or, for a case
whose name begins with `error_`, `expected.txt`. `GGFLEET_REWRITE_GOLDEN=1` writes what is rendered
now: look at the difference before you keep it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from ggfleet.bundle.manifest import read_manifest
from ggfleet.errors import GgfleetError
from ggfleet.lint import load
from ggfleet.model import Note, Rendering
from ggfleet.render import render
from ggfleet.system.documents import write_rendering
from ggfleet.system.files import document_bytes, remove_tree

CASES = Path(__file__).parent / "group_v1"
REWRITE = os.environ.get("GGFLEET_REWRITE_GOLDEN") == "1"
GOOD = sorted(p.name for p in CASES.iterdir() if not p.name.startswith("error_"))
BAD = sorted(p.name for p in CASES.glob("error_*"))


def test_there_are_cases() -> None:
    """A listing that finds nothing would pass every test below."""
    assert len(GOOD) >= 7
    assert len(BAD) >= 5


@pytest.mark.parametrize("case", GOOD)
def test_documents_are_as_expected(case: str) -> None:
    """Every document and every note, byte by byte, and no other file."""
    rendered = files_of(render_case(CASES / case))
    if REWRITE:
        rewrite(CASES / case / "expected", rendered)
    assert rendered == read_tree(CASES / case / "expected")


@pytest.mark.parametrize("case", GOOD)
def test_a_rendering_takes_the_place_of_an_earlier_one(case: str, tmp_path: Path) -> None:
    """No document of it is taken for somebody's own file."""
    rendering = render_case(CASES / case)
    for _ in range(2):
        write_rendering(rendering, tmp_path / "out")
    (tmp_path / "out/notes.txt").write_text("mine")
    with pytest.raises(GgfleetError, match="no earlier rendering"):
        write_rendering(rendering, tmp_path / "out")


@pytest.mark.parametrize("case", BAD)
def test_messages_are_as_expected(case: str) -> None:
    """What cannot be rendered is said, with its fix, in one known text."""
    with pytest.raises(GgfleetError) as caught:
        render_case(CASES / case)
    text = told(caught.value)
    if REWRITE:
        (CASES / case / "expected.txt").write_text(text)
    assert text == (CASES / case / "expected.txt").read_text()


def told(error: GgfleetError) -> str:
    """The message and its fix; for a spec, those of each problem, with its line."""
    text = f"{error.message}\nfix: {error.fix}\n" if error.fix else f"{error.message}\n"
    for problem in getattr(error, "problems", ()):
        text += f"line {problem.place.line}: {problem.path}: {problem.message}\n"
        text += f"fix: {problem.fix}\n"
    return text


def render_case(folder: Path, target: str = "group-v1") -> Rendering:
    """As the command does it: the documents are judged before they are rendered."""
    manifest = read_manifest(folder / "manifest.json")
    fleet = load(folder / "fleet.yml", read_hosts, lambda _: manifest)
    return render(fleet, manifest, target)


def read_hosts(path: Path) -> dict[str, Any]:
    """An inventory without a start of Ansible."""
    hosts: dict[str, Any] = json.loads(path.read_text())
    return hosts


def files_of(rendering: Rendering) -> dict[str, str]:
    files = {document.path: document_bytes(document).decode() for document in rendering.documents}
    assert len(files) == len(rendering.documents), "two documents have one path"
    return {**files, "notes.txt": "".join(map(line_of, rendering.notes))}


def line_of(note: Note) -> str:
    """A hint is told from a loss by its bracket, as `--strict` tells them apart."""
    path = note.path or "(fleet)"
    return f"{f'[{path}]' if note.hint else path}: {note.message}\n"


def read_tree(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}


def rewrite(folder: Path, files: dict[str, str]) -> None:
    remove_tree(folder)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
