"""Whether one topic can fit two MQTT topic filters. A topic is a filter that fits itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


def overlap(one: str, other: str) -> bool:
    """Whether some topic fits both filters.

    `+` is one level, `#` at the end the rest, which may be nothing. A wildcard at the start does
    not fit topics that begin with `$`.
    """
    if _hidden(one, other) or _hidden(other, one):
        return False
    first, second = one.split("/"), other.split("/")
    for index in range(max(len(first), len(second))):
        levels = (_level(first, index), _level(second, index))
        if "#" in levels:
            return True
        if "" in levels or ("+" not in levels and levels[0] != levels[1]):
            return False
    return True


def misplaced_hash(subject: str) -> bool:
    """Whether a `#` is elsewhere than alone as the last level."""
    *levels, last = subject.split("/")
    return any("#" in level for level in levels) or (last != "#" and "#" in last)


def misplaced_plus(subject: str) -> bool:
    """Whether a `+` is only a part of a level."""
    return any("+" in level and level != "+" for level in subject.split("/"))


def is_filter(subject: str) -> bool:
    """Whether a text is a filter, so that it can be told what fits it."""
    return bool(subject) and not misplaced_hash(subject) and not misplaced_plus(subject)


def has_wildcard(subject: str) -> bool:
    """Whether a filter fits more than one topic."""
    return "+" in subject or "#" in subject


def _hidden(one: str, other: str) -> bool:
    return one.startswith(("+", "#")) and other.startswith("$")


def _level(levels: list[str], index: int) -> str:
    """A level, or an empty string past the end. A real level that is empty counts as a space."""
    return (levels[index] or " ") if index < len(levels) else ""


@dataclass
class _Level:
    """The filters that begin alike: those that end here, and what follows by its next level."""

    items: list[int] = field(default_factory=list)
    below: dict[str, _Level] = field(default_factory=dict)


class FilterTree:
    """Filters by their levels: which of thousands overlap one more is found without trying each."""

    def __init__(self) -> None:
        self._top = _Level()

    def add(self, subject: str, item: int) -> None:
        """Enter a filter under a number."""
        at = self._top
        for level in subject.split("/"):
            at = at.below.setdefault(level, _Level())
        at.items.append(item)

    def overlapping(self, subject: str) -> list[int]:
        """The numbers of the filters that fit a topic which this one fits too, in their order."""
        return sorted(_find(self._top, subject.split("/"), 0))


def _find(at: _Level, levels: list[str], depth: int) -> Iterator[int]:
    level = levels[depth] if depth < len(levels) else ""
    if level == "#":
        yield from _all(at, top=depth == 0)
        return
    if "#" in at.below and not (depth == 0 and level.startswith("$")):
        yield from at.below["#"].items
    if depth == len(levels):
        yield from at.items
        return
    for following in _next(at, level, top=depth == 0):
        yield from _find(following, levels, depth + 1)


def _next(at: _Level, level: str, *, top: bool) -> list[_Level]:
    if level == "+":
        names = [name for name in at.below if name != "#" and not (top and name.startswith("$"))]
    else:
        names = [level] if top and level.startswith("$") else [level, "+"]
    return [at.below[name] for name in names if name in at.below]


def _all(at: _Level, *, top: bool) -> Iterator[int]:
    yield from at.items
    for name, following in at.below.items():
        if not (top and name.startswith("$")):
            yield from _all(following, top=False)
