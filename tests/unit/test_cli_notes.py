"""The table that ends `ggfleet render`: its order, what it joins, and its width."""

from __future__ import annotations

import io

from rich.console import Console

from ggfleet.cli.notes import in_order, table_of, told
from ggfleet.model import Note


def printed(notes: list[Note], width: int = 80) -> list[str]:
    stream = io.StringIO()
    Console(file=stream, width=width, soft_wrap=True).print(table_of(notes))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_notes_come_in_the_order_of_the_spec_and_part_by_part() -> None:
    """Whatever the order in which a renderer found them; those of one part stay in that order."""
    paths = ["loggers", "functions.b.timeout", "functions.a", "functions.b", "", "models.m"]
    ordered = [note.path for note in in_order([Note(path, "x") for path in paths])]
    assert ordered == [
        "",
        "models.m",
        "functions.b.timeout",
        "functions.b",
        "functions.a",
        "loggers",
    ]


def test_what_is_said_of_several_places_is_said_once() -> None:
    notes = [Note(f"functions.{name}.timeout", "is left out") for name in ("a", "b")]
    assert printed([*notes, Note("loggers", "are left out")]) == [
        "in the spec          what and why",
        "functions.a.timeout  is left out",
        "functions.b.timeout",
        "loggers              are left out",
    ]


def test_long_names_leave_room_for_what_is_said() -> None:
    """A path may have more letters than a terminal has columns; it is folded, and nothing is lost."""
    path = f"functions.{'x' * 63}.isolation"
    lines = printed([Note(path, "is left out: components have no container, and see all files")])
    assert max(map(len, lines)) <= 80
    assert "".join(line[:38].strip() for line in lines[1:]) == path
    assert lines[1].endswith("is left out: components have no")


def test_brackets_of_a_path_are_no_markup() -> None:
    assert printed([Note("subscriptions[2]", "is [left] out")])[1] == (
        "subscriptions[2]  is [left] out"
    )


def test_what_is_on_the_target_itself_is_told_and_does_not_count() -> None:
    """The end of V1 would otherwise make every strict rendering of it fail."""
    notes = [Note("", "AWS ended Greengrass V1"), Note("loggers", "are left out")]
    assert told(notes) == notes[1:]
    assert printed(notes)[1].startswith("(fleet)")


def test_a_hint_is_told_and_does_not_count() -> None:
    """What is good to know of every rendering would otherwise make every strict one fail."""
    notes = [Note("aws.bucket", "has a template of its own", hint=True), Note("loggers", "go")]
    assert told(notes) == notes[1:]
    assert printed(notes)[1].startswith("aws.bucket")
