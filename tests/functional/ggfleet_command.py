"""Calling `ggfleet` as a user does: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "fleet.yml"


def ggfleet(
    *arguments: str | Path, cwd: Path = ROOT, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; stdout and stderr are captured, 80 columns wide."""
    return subprocess.run(
        [sys.executable, "-m", "ggfleet", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        check=False,
    )
