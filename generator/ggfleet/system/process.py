"""The home of every subprocess that ggfleet waits for."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ggfleet.errors import ToolError

TAIL_LINES = 20


def run(
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str = "",
    seconds: float | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    `env` is added to this process's environment. A program that is missing, fails or takes more
    than `seconds` raises `ToolError` with the last lines of what it said.
    """
    words = [str(word) for word in argv]
    try:
        done = subprocess.run(
            words,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except (FileNotFoundError, PermissionError) as error:
        raise _not_started(words[0], error) from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{Path(words[0]).name} did not end within {seconds:g} s") from error
    if done.returncode != 0:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-TAIL_LINES:])
        raise ToolError(f"{Path(words[0]).name} failed with exit code {done.returncode}:\n{said}")
    return done.stdout


def feed(
    argv: Sequence[str | Path],
    chunks: Iterable[bytes],
    *,
    env: Mapping[str, str] | None = None,
    missing: str = "",
) -> None:
    """Run a program to its end with `chunks` as its standard input, as they come.

    Raises `ToolError` as `run` does; `missing` is the fix where the program is not installed. What
    `chunks` raises ends the program and is raised.
    """
    words = [str(word) for word in argv]
    with tempfile.TemporaryFile() as said:
        try:
            running = subprocess.Popen(
                words,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=subprocess.STDOUT,
            )
        except (FileNotFoundError, PermissionError) as error:
            raise _not_started(words[0], error, missing) from error
        try:
            _pour(running, chunks)
        except BaseException:
            running.kill()
            running.wait()
            raise
        if running.wait() != 0:
            said.seek(0)
            lines = said.read().decode(errors="replace").strip().splitlines()[-TAIL_LINES:]
            message = f"{Path(words[0]).name} failed with exit code {running.returncode}:\n"
            raise ToolError(message + "\n".join(lines))


def _not_started(name: str, error: OSError, missing: str = "") -> ToolError:
    # Where PATH has a folder that this user may not enter, the kernel says EACCES of a program that
    # is in none of the others either.
    if shutil.which(name) is None and not Path(name).exists():
        return ToolError(f"{name} is not installed", fix=missing or f"install {name}")
    return ToolError(f"{name} cannot be run: {error.strerror}", fix=f"chmod +x {name}")


def _pour(running: subprocess.Popen[bytes], chunks: Iterable[bytes]) -> None:
    assert running.stdin is not None
    # A program that ends early closes its input; its exit code tells why.
    with contextlib.suppress(BrokenPipeError), running.stdin as stream:
        for chunk in chunks:
            stream.write(chunk)


def program(name: str) -> Path:
    """The path of a program that came with one of ggfleet's dependencies.

    It lies beside this Python, which need not be on PATH (pipx, `.venv/bin/ggfleet`).
    """
    for folder in (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent):
        if (folder / name).is_file():
            return folder / name
    found = shutil.which(name)
    if found is None:
        raise ToolError(f"{name} is not installed", fix="reinstall ggfleet: it depends on it")
    return Path(found)


def base_python() -> Path:
    """The interpreter below any virtual environment: what a device's own Python is like."""
    return Path(getattr(sys, "_base_executable", sys.executable))
