"""Quantities with their units, as people write them. Each raises ValueError with the fix."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Unit(Generic[T]):
    """A kind of quantity: what it is called, an example, what its text looks like, its number."""

    noun: str
    like: str
    pattern: str
    convert: Callable[[str], T]


_SIZES = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_TIMES = {"s": 1, "min": 60, "h": 3600}
_YEARLY = {"day": 365.0, "week": 52.0, "month": 12.0, "year": 1.0}


def kilobytes(text: str) -> int:
    """`1 GiB` -> 1048576. Greengrass V1 counts memory and log space in units of 1024 bytes."""
    number, unit = _quantity(text, _SIZES, "512 KiB, 256 MiB, 1 GiB")
    return max(1, round(number * _SIZES[unit] / 1024))


def octets(text: str) -> int:
    """`1 MiB` -> 1048576 bytes, for the few values that Greengrass counts in bytes."""
    number, unit = _quantity(text, _SIZES, "256 KiB, 5 MiB, 1 GiB")
    return max(1, round(number * _SIZES[unit]))


def octets_from(least: int, why: str, text: str) -> int:
    """As `octets`, but no fewer than `least`; `why` ends the sentence that refuses fewer."""
    if octets(text) < least:
        unit = "MiB" if least % _SIZES["MiB"] == 0 else "KiB"
        raise ValueError(f"write {least // _SIZES[unit]} {unit} or more: {why}")
    return octets(text)


def seconds(text: str) -> int:
    """`30 s`, `5 min`, `1 h` -> whole seconds."""
    number, unit = _quantity(text, _TIMES, "30 s, 5 min, 1 h")
    total = number * _TIMES[unit]
    if total != int(total):
        raise ValueError("Greengrass counts whole seconds: write it like 30 s")
    return int(total)


def percent(text: str) -> float:
    """`10 %` -> 10.0."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text, re.ASCII)
    if not match or not 0 < float(match[1]) <= 100:  # noqa: PLR2004
        raise ValueError("write a percentage above 0 and up to 100, like 10 %")
    return float(match[1])


def counted(noun: str, text: str) -> int:
    """`10 succeeded`, `5 cores`, `10 per minute` -> the number; `noun` is what follows it."""
    match = re.fullmatch(rf"(\d+)\s+{noun}", text, re.ASCII)
    if not match or int(match[1]) < 1:
        raise ValueError(f"write a whole number and its noun, like 10 {noun}")
    return int(match[1])


def yearly(text: str) -> float:
    """`2 per year`, `1.5 per month`, `1 per week` -> how often in a year."""
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)\s+per\s+(\w+)", text, re.ASCII)
    if not match or match[2] not in _YEARLY:
        raise ValueError("write a number per day, week, month or year, like 2 per year")
    if float(match[1]) <= 0:
        raise ValueError("must be above zero: write it like 2 per year")
    return float(match[1]) * _YEARLY[match[2]]


def factor(text: str) -> float:
    """`2`, `1.5` -> the number; AWS IoT jobs take 1 to 5."""
    match = re.fullmatch(r"\d+(?:\.\d+)?", text, re.ASCII)
    if not match or not 1 <= float(text) <= 5:  # noqa: PLR2004
        raise ValueError("write a number from 1 to 5, like 2")
    return float(text)


def number(low: int, high: int, text: str) -> int:
    """`8088` -> 8088."""
    if not re.fullmatch(_WHOLE, text, re.ASCII) or not low <= int(text) <= high:
        raise ValueError(f"write a whole number from {low} to {high}")
    return int(text)


def _quantity(text: str, units: dict[str, int], like: str) -> tuple[float, str]:
    # Twelve digits: more are no quantity of anything, and too many overflow a float.
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?)\s*([A-Za-z]+)", text, re.ASCII)
    if not match:
        raise ValueError(f"write a number and a unit, like {like}")
    if match[2] not in units:
        raise ValueError(f"{match[2]!r} is no unit known here: write it like {like}")
    if float(match[1]) <= 0:
        raise ValueError(f"must be above zero: write it like {like}")
    return float(match[1]), match[2]


_WHOLE = r"[0-9]{1,10}"
_NUMBER = r"(?=.*[1-9])\d+(\.\d+)?"

SIZE = Unit("size", "256 MiB", rf"{_NUMBER}\s*({'|'.join(_SIZES)})", kilobytes)
TIME = Unit("time", "30 s", rf"{_NUMBER}\s*({'|'.join(_TIMES)})", seconds)
PERCENT = Unit("percentage", "10 %", rf"{_NUMBER}\s*%", percent)
RATE = Unit("rate", "2 per year", rf"{_NUMBER}\s+per\s+({'|'.join(_YEARLY)})", yearly)
FACTOR = Unit("number", "2", r"\d+(\.\d+)?", factor)


def counted_unit(noun: str) -> Unit[int]:
    """A whole number and its noun."""
    pattern = rf"(?=.*[1-9])\d+\s+{noun}"
    return Unit(f"number and `{noun}`", f"10 {noun}", pattern, partial(counted, noun))


def octets_unit(least: int, why: str) -> Unit[int]:
    """A size in bytes that has a least value."""
    return Unit("size", "5 MiB", SIZE.pattern, partial(octets_from, least, why))


def number_unit(low: int, high: int, like: str) -> Unit[int]:
    """A whole number without a unit, from `low` to `high`."""
    return Unit("whole number", like, _WHOLE, partial(number, low, high))
