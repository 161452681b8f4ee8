"""The benchmark of large fleets measures what it says: every command, on a fleet that is fine."""

from __future__ import annotations

import json
import subprocess
import sys

from functional.ggfleet_command import ROOT
from ggfleet.render import TARGETS

SCALE = ROOT / "benchmarks/scale.py"


def test_every_command_is_measured_for_every_size() -> None:
    """A command that fails ends the benchmark; memory and CPU seconds are a Python's at least."""
    done = subprocess.run(
        [sys.executable, SCALE, "--cores", "1,5", "--runs", "1", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    commands = {row["command"] for row in rows}
    assert {f"render {target}" for target in TARGETS} < commands
    assert {(row["command"], row["cores"]) for row in rows} == {
        (command, cores) for command in commands for cores in (1, 5)
    }
    for row in rows:
        assert row["cost"]["memory"] > 10e6
        assert row["cost"]["wall"] > 0.01
        assert row["cost"]["cpu"] > 0.01
