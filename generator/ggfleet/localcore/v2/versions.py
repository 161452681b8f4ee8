"""Component versions (semantic versions) and the ranges that dependencies ask for."""

from __future__ import annotations

import re
from functools import total_ordering
from operator import eq, ge, gt, le, lt

from ggfleet.errors import CoreError

VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
COMPARE = {">=": ge, "<=": le, ">": gt, "<": lt, "=": eq, "": eq}
COMPARATOR = re.compile(r"(?P<operator>>=|<=|>|<|=|\^|~|)\s*(?P<version>[\d].*)")


@total_ordering
class Version:
    """A version that can be compared. Raises CoreError for what is none."""

    def __init__(self, text: str) -> None:
        found = VERSION.fullmatch(text)
        if found is None:
            raise CoreError(f"{text} is not a version", fix="write it like 1.0.0")
        self.text = text
        self.numbers = (int(found[1]), int(found[2]), int(found[3]))
        labels = found[4].split(".") if found[4] else []
        parts = tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in labels)
        self._key = (self.numbers, not labels, parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key == other._key

    def __lt__(self, other: Version) -> bool:
        return self._key < other._key

    def __hash__(self) -> int:
        return hash(self._key)


def fits(version: Version, requirement: str) -> bool:
    """Whether a version lies in a range such as `>=1.0.0 <2.0.0`, `^1.2.0`, `1.0.0 || 2.0.0`."""
    text = re.sub(r"(>=|<=|>|<|=|\^|~)\s+", r"\1", requirement)
    ranges = [part.split() for part in text.split("||")]
    return any(all(_fits(version, one) for one in each) for each in ranges)


def _fits(version: Version, comparator: str) -> bool:
    if comparator == "*":
        return True
    found = COMPARATOR.fullmatch(comparator)
    if found is None:
        raise CoreError(f"{comparator} is no version requirement", fix="write it like >=1.0.0")
    bound = Version(found["version"])
    major, minor, _ = bound.numbers
    within = {"^": _next(bound.numbers), "~": (major, minor + 1, 0)}
    operator = found["operator"]
    if operator in within:
        return version >= bound and version.numbers < within[operator]
    return bool(COMPARE[operator](version, bound))


def _next(numbers: tuple[int, int, int]) -> tuple[int, int, int]:
    """The first version that `^` leaves out: the leftmost number that is not zero moves."""
    major, minor, patch = numbers
    if major:
        return (major + 1, 0, 0)
    return (0, minor + 1, 0) if minor else (0, 0, patch + 1)
