"""Values that differ by platform: one for all, or one for each with `other` for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from ggfleet.model import Platform
from ggfleet.spec.keys import Key
from ggfleet.spec.kinds import OTHER
from ggfleet.spec.problems import suggestion
from ggfleet.spec.section import Section

T = TypeVar("T")

Platforms = Mapping[str, Platform]


def chosen(
    section: Section, key: Key[tuple[T | None, dict[str, T]]], platforms: Platforms, absent: T
) -> tuple[T, tuple[tuple[str, T], ...]]:
    """A value for all platforms and no others; or, where they differ, some value and all others.

    Every platform of the spec gets one, so whoever goes by platform needs no value for all.
    `absent` stands in where nothing right is written.
    """
    common, written = key.read(section)
    if common is not None:
        return common, ()
    for name in written:
        if name not in platforms and name != OTHER:
            at = f"{section.at(key.name)}.{name}"
            message = f"names the platform {name}, which is not defined"
            section.problems.error(at, message, suggestion(name, [*platforms, OTHER]))
    for name in platforms:
        if (
            name not in written
            and OTHER not in written
            and not section.problems.touches(section.at(key.name))
        ):
            message = f"has nothing for the platform {name}"
            section.error(key.name, message, f"add `{name}:`, or `{OTHER}:` for all not named")
    found = tuple((name, written.get(name, written.get(OTHER, absent))) for name in platforms)
    return found[0][1] if found else absent, found
