"""Running a command, for everything under tests/fleet."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")
AT_ONCE = 8
"""How many hosts are asked at the same time."""


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


def at_once(act: Callable[..., Result], *each: Iterable[Any]) -> list[Result]:
    """Return what `map` would yield, having waited for all calls at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(act, *each))
