"""What all tests share: required groups may not be skipped, and random ones repeat."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.configuration import set_hypothesis_home_dir

REQUIRED = frozenset(filter(None, os.environ.get("GGFLEET_REQUIRE", "").split(",")))
"""Markers whose tests must run, as in CI: `GGFLEET_REQUIRE=fleet,ml`."""

_RAN: set[str] = set()

LONGER = int(os.environ.get("GGFLEET_EXAMPLES", "1"))
"""How many times as many random examples are tried; from 2 on they differ from run to run."""

# What hypothesis keeps for itself belongs with other things that can be made again.
set_hypothesis_home_dir(Path(__file__).parents[1] / "build/hypothesis")
settings.register_profile(
    "ggfleet",
    max_examples=100 * LONGER,
    derandomize=LONGER == 1,
    database=None,
    deadline=None,
    print_blob=True,
    # Explaining a failure takes as long as finding it, and what is printed is small already.
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
settings.load_profile("ggfleet")


def _required_marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()} & REQUIRED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip in a required group into a failure that tells why it was skipped."""
    report = yield
    marks = _required_marks(item)
    if report.when == "call" and report.passed:
        _RAN.update(marks)
    if marks and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"must run here ({', '.join(sorted(marks))}), but: {reason}"
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A required group of which nothing passed fails the run, unless tests were picked by hand."""
    picked = session.config.args_source is not pytest.Config.ArgsSource.TESTPATHS
    missing = REQUIRED - _RAN
    if missing and not picked and session.exitstatus == pytest.ExitCode.OK:
        print(f"no test of these required groups passed: {', '.join(sorted(missing))}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
