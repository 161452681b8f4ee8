"""How long a run took to say that something is wrong, shown when the tests have ended."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import pytest

SECONDS = "seconds until told: "
"""What the names of such properties of a test begin with; their values are one figure for each host."""


class Told(Protocol):
    """The fixture `record_property`."""

    def __call__(self, name: str, value: Sequence[float]) -> None:
        """Note the seconds of a fault."""


def table(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Return a line for each fault: the median, and what it is the median of."""
    properties: list[tuple[str, Any]] = [
        each for report in reports for each in report.user_properties
    ]
    return [
        f"{name.removeprefix(SECONDS):<10}{statistics.median(values):>7.1f}   of "
        + " ".join(f"{value:.1f}" for value in sorted(values))
        for name, values in properties
        if name.startswith(SECONDS)
    ]
