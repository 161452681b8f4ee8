"""MQTT topics and topic filters, with the limits of a V1 core."""

from __future__ import annotations

MAX_BYTES = 256
MAX_SLASHES = 7
MAX_PAYLOAD = 128 * 1024
"""Bytes of a message that AWS IoT Core takes, and so the core."""


def matches(subject: str, topic: str) -> bool:
    """Whether a topic fits a filter: `+` is one level, `#` at the end is the rest.

    As MQTT has it, `a/#` fits `a` too, and a wildcard at the start does not fit `$aws/...`.
    """
    wanted, levels = subject.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def _size_problem(text: str) -> str:
    if not text:
        return "a topic is not empty"
    if len(text.encode()) > MAX_BYTES:
        return f"{text[:40]}... is longer than {MAX_BYTES} bytes"
    if text.count("/") > MAX_SLASHES:
        return f"{text} has more than {MAX_SLASHES} slashes"
    return ""


def topic_problem(topic: str) -> str:
    """Why nothing can be published on a topic, or an empty string."""
    if "+" in topic or "#" in topic:
        return f"{topic} has a wildcard: messages are published on one topic"
    return _size_problem(topic)


def filter_problem(subject: str) -> str:
    """Why a subscription cannot have this filter, or an empty string."""
    levels = subject.split("/")
    if "#" in subject and (levels[-1] != "#" or subject.count("#") > 1):
        return f"{subject}: # stands alone at the end of a filter"
    if any("+" in level and level != "+" for level in levels):
        return f"{subject}: + stands alone between slashes"
    return _size_problem(subject)
