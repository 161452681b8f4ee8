"""What is wrong with a spec, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error stops every command; a warning is told and passed, unless the check is strict.

    A note is true of one target or of one kind of device, and asks for nothing where that target or
    device is not used: it never fails a check.
    """

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Target(StrEnum):
    """What runs on a device, as far as rules differ."""

    V1 = "V1"
    CLASSIC = "classic"
    LITE = "lite"


READING = "spec-form"
"""The rule of every problem that is met while a spec is read, before any other rule is asked."""


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Problem:
    """One finding: where it is, its path in the document, what is wrong and what to do.

    `rule` is the id that `ggfleet explain` takes; `targets` are those it holds for (empty: all).
    """

    place: Place
    path: str
    message: str
    fix: str
    severity: Severity = Severity.ERROR
    rule: str = READING
    targets: tuple[Target, ...] = ()
