"""Running a command, for everything under tests/fleet."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path


class CommandFailedError(AssertionError):
    """A command ended with another exit status than 0; the message holds all it printed."""


def run(argv: Sequence[str | Path], *, timeout: float = 60, check: bool = True) -> str:
    """Run `argv` and return what it printed on standard output, without the last newline."""
    done = subprocess.run(
        [str(word) for word in argv],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and done.returncode != 0:
        raise CommandFailedError(
            f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done.stdout.rstrip("\n")
