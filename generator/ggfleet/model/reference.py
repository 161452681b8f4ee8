"""Values that another stage produces: known already, or named as still missing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resolved:
    """A value that a document may carry."""

    value: str


@dataclass(frozen=True)
class Pending:
    """A value nobody has produced yet: what it is, and the command or edit that produces it."""

    what: str
    fix: str


Reference = Resolved | Pending
