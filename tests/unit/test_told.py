"""What tests of faults print of how soon a run told of them."""

from __future__ import annotations

from typing import Any

import pytest

from fleet.told import SECONDS, table


def report(*properties: tuple[str, Any]) -> pytest.TestReport:
    """A test that has passed and noted something."""
    return pytest.TestReport(
        "t", ("t.py", 1, "t"), {}, "passed", None, "call", user_properties=list(properties)
    )


def test_each_fault_has_a_line_with_median_and_figures() -> None:
    """What else a test has noted is none of it."""
    reports = [
        report((f"{SECONDS}link", [9.0, 3.04, 4.0]), ("other", 1)),
        report(),
        report((f"{SECONDS}power", [1.0, 2.0])),
    ]
    assert table(reports) == [
        "link          4.0   of 3.0 4.0 9.0",
        "power         1.5   of 1.0 2.0",
    ]
