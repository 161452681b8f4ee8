"""A careful way into JSON documents: what is missing or of another type is named with its path."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from ggfleet.errors import CoreError

AGAIN = "write the documents again: ggfleet render fleet.yml --target group-v1 --out DIR"


class Node:
    """A value within a JSON document, with the file and the path that lead to it.

    `again` is the fix that errors give unless they know a better one.
    """

    def __init__(self, value: object, file: Path, path: str = "", again: str = AGAIN) -> None:
        self.value = value
        self.file = file
        self.path = path
        self._again = again

    @classmethod
    def load(cls, file: Path, again: str = AGAIN) -> Node:
        """Read a document; a missing or damaged one raises CoreError."""
        try:
            return cls(json.loads(file.read_bytes()), file, again=again)
        except OSError as error:
            raise CoreError(f"{file} cannot be read: {error.strerror}", fix=again) from error
        except ValueError as error:
            raise CoreError(f"{file} is not a JSON document: {error}", fix=again) from error

    def fail(self, problem: str, fix: str = "") -> NoReturn:
        """Refuse the document at this place."""
        where = f" at {self.path}" if self.path else ""
        raise CoreError(f"{self.file}{where}: {problem}", fix=fix or self._again)

    def _below(self, value: object, path: str) -> Node:
        return Node(value, self.file, path, self._again)

    def mapping(self) -> dict[str, object]:
        """The object that this is."""
        if not isinstance(self.value, dict):
            self.fail("an object is expected here")
        return self.value

    def get(self, key: str) -> Node | None:
        """The member `key`, or None where it is missing or null."""
        value = self.mapping().get(key)
        path = f"{self.path}.{key}" if self.path else key
        return None if value is None else self._below(value, path)

    def need(self, key: str) -> Node:
        """The member `key`, which the document must have."""
        return self.get(key) or self.fail(f"{key} is missing")

    def text(self, key: str, default: str | None = None) -> str:
        """A string that is not empty; without `default` it must be there."""
        node = self.get(key) if default is not None else self.need(key)
        if node is None:
            return default or ""
        if not isinstance(node.value, str) or not node.value:
            node.fail("a string is expected here")
        return node.value

    def number(self, key: str, default: int) -> int:
        """A whole number that is not negative."""
        node = self.get(key)
        if node is None:
            return default
        if not isinstance(node.value, int) or isinstance(node.value, bool) or node.value < 0:
            node.fail("a whole number is expected here")
        return node.value

    def flag(self, key: str) -> bool:
        """true or false; false where missing."""
        node = self.get(key)
        if node is not None and not isinstance(node.value, bool):
            node.fail("true or false is expected here")
        return node is not None and node.value is True

    def each(self, key: str) -> Iterator[Node]:
        """The elements of a list; none where it is missing."""
        node = self.get(key)
        if node is None:
            return
        if not isinstance(node.value, list):
            node.fail("a list is expected here")
        for index, value in enumerate(node.value):
            yield self._below(value, f"{node.path}[{index}]")

    def texts(self, key: str) -> dict[str, str]:
        """A map of strings; empty where it is missing."""
        node = self.get(key)
        if node is None:
            return {}
        for name, value in node.mapping().items():
            if not isinstance(value, str):
                self._below(value, f"{node.path}.{name}").fail("a string is expected here")
        return {name: str(value) for name, value in node.mapping().items()}

    def members(self, key: str) -> Iterator[tuple[str, Node]]:
        """The members of a map with their names; none where it is missing."""
        node = self.get(key)
        for name, value in node.mapping().items() if node else ():
            yield name, self._below(value, f"{self.path}.{key}.{name}".removeprefix("."))
