"""Whether one topic can fit two MQTT topic filters. A topic is a filter that fits itself."""

from __future__ import annotations


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
