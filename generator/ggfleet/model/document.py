"""What a renderer returns: documents to write and notes to tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


@dataclass(frozen=True)
class Document:
    """A JSON document and its path below the output folder, with `/` as separator.

    With `lines` the content is a list, and each of its items is a line of its own (JSON Lines).
    `written` is the file, where it is known already.
    """

    path: str
    content: Json
    lines: bool = False
    written: bytes = field(default=b"", compare=False, repr=False)


@dataclass(frozen=True)
class Note:
    """What a target left out or changed: the path in the spec, and why.

    `in_aws` is what has to be allowed in the account besides: stacks do that, and leave it out.
    A `hint` is good to know, and nothing that the spec says is lost by it.
    """

    path: str
    what: str
    in_aws: str = ""
    hint: bool = False

    @property
    def message(self) -> str:
        """All that is said of the path."""
        return f"{self.what}; {self.in_aws}" if self.in_aws else self.what


@dataclass(frozen=True)
class Rendering:
    """Everything one target says about a fleet."""

    documents: tuple[Document, ...]
    notes: tuple[Note, ...] = ()
