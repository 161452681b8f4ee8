"""molecule's default scenario: create, converge, idempotence, a reboot, verify, destroy, on two booted hosts."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile

import pytest

from fleet import requirements
from fleet.fleet import MEMORY
from fleet.play import PROGRAMS, PROJECT, with_programs

pytestmark = pytest.mark.fleet

STEPS = ("syntax", "create", "converge", "idempotence", "side_effect", "verify", "destroy")


def test_default_scenario() -> None:
    """Every step passes, on a V1 core and on nucleus lite, and nothing of the hosts is left."""
    if lacking := requirements.missing():
        pytest.skip(f"booting test hosts needs {', '.join(lacking)}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    before = {path.name for path in MEMORY.glob("ggf*")}
    # Paths of sockets have little room, and a folder of pytest takes most of it.
    with tempfile.TemporaryDirectory(prefix="ggm") as home:
        done = subprocess.run(
            [PROGRAMS / "molecule", "test"], cwd=PROJECT,
            env={**kept, "PATH": with_programs(), "ANSIBLE_HOME": home, "NO_COLOR": "1"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout
    passed = re.findall(r"default . (\w+): Executed: Successful", done.stdout)
    assert set(STEPS) <= set(passed), done.stdout
    assert {path.name for path in MEMORY.glob("ggf*")} <= before
