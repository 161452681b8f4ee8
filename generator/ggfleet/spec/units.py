"""Quantities with their units, as people write them. Each raises ValueError with the fix."""

from __future__ import annotations

import re

_SIZES = {"KiB": 1024, "MiB": 1024**2, "GiB": 1024**3, "kB": 1000, "MB": 1000**2, "GB": 1000**3}
_TIMES = {"s": 1, "min": 60, "h": 3600}


def kilobytes(text: str) -> int:
    """`1 GiB` -> 1048576. Greengrass V1 counts memory and log space in units of 1024 bytes."""
    number, unit = _quantity(text, _SIZES, "512 KiB, 256 MiB, 1 GiB")
    return max(1, round(number * _SIZES[unit] / 1024))


def seconds(text: str) -> int:
    """`30 s`, `5 min`, `1 h` -> whole seconds."""
    number, unit = _quantity(text, _TIMES, "30 s, 5 min, 1 h")
    total = number * _TIMES[unit]
    if total != int(total):
        raise ValueError("Greengrass counts whole seconds: write it like 30 s")
    return int(total)


def percent(text: str) -> float:
    """`10 %` -> 10.0."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*%", text)
    if not match or not 0 < float(match[1]) <= 100:  # noqa: PLR2004
        raise ValueError("write a percentage above 0 and up to 100, like 10 %")
    return float(match[1])


def counted(noun: str, text: str) -> int:
    """`10 succeeded`, `5 cores`, `10 per minute` -> the number; `noun` is what follows it."""
    match = re.fullmatch(rf"(\d+)\s+{noun}", text)
    if not match or int(match[1]) < 1:
        raise ValueError(f"write a whole number and its noun, like 10 {noun}")
    return int(match[1])


def factor(text: str) -> float:
    """`2`, `1.5` -> the number; AWS IoT jobs take 1 to 5."""
    match = re.fullmatch(r"\d+(?:\.\d+)?", text)
    if not match or not 1 <= float(text) <= 5:  # noqa: PLR2004
        raise ValueError("write a number from 1 to 5, like 2")
    return float(text)


def _quantity(text: str, units: dict[str, int], like: str) -> tuple[float, str]:
    # Twelve digits: more are no quantity of anything, and too many overflow a float.
    match = re.fullmatch(r"(\d{1,12}(?:\.\d{1,12})?)\s*([A-Za-z]+)", text)
    if not match:
        raise ValueError(f"write a number and a unit, like {like}")
    if match[2] not in units:
        raise ValueError(f"{match[2]!r} is no unit known here: write it like {like}")
    if float(match[1]) <= 0:
        raise ValueError(f"must be above zero: write it like {like}")
    return float(match[1]), match[2]
