"""The table of what a target leaves out or changes, as it ends `ggfleet render`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ggfleet.cli import output
from ggfleet.model import Note
from ggfleet.spec.tables import Spec

if TYPE_CHECKING:
    from rich.table import Table

NO_PATH = "(fleet)"
PATH_WIDTH = 38
"""Columns for paths, so that 40 of 80 are left for what is said of them; longer ones are folded."""

_SECTIONS = {name: index for index, name in enumerate(Spec.names())}


def table_of(notes: Iterable[Note]) -> Table:
    """The notes in the order of the spec; what is said of several places is said once."""
    places: dict[str, list[str]] = {}
    for note in in_order(list(notes)):
        places.setdefault(note.message, []).append(note.path or NO_PATH)
    rows = [("\n".join(paths), message) for message, paths in places.items()]
    table = output.table(("in the spec", "what and why"), rows)
    table.columns[0].max_width = PATH_WIDTH
    return table


def in_order(notes: Sequence[Note]) -> list[Note]:
    """Section by section as docs/spec.md lists them, and part by part; what has no path is first.

    Several hands of a renderer write notes, each for all functions, say: here they meet by part.
    """
    parts = {part: index for index, part in reversed([*enumerate(_part(n) for n in notes)])}

    def place(note: Note) -> tuple[int, int]:
        section = note.path.split(".")[0].split("[")[0]
        return _SECTIONS.get(section, -1), parts[_part(note)]

    return sorted(notes, key=place)


def told(notes: Iterable[Note]) -> list[Note]:
    """The notes on what is lost of the spec: no hints, and none on the target itself (no path)."""
    return [note for note in notes if note.path and not note.hint]


def _part(note: Note) -> str:
    return ".".join(note.path.split(".")[:2])
