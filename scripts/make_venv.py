"""Make a virtual environment from a hashed requirements file, on a machine with bare Python.

    python3 scripts/make_venv.py .venv requirements/base.txt [--project]

Needs no root and nothing but Python's standard library. Debian's python3 comes without ensurepip
(it is in python3-venv); pip is then taken from the Debian package that carries its wheel, which apt
can download without root. pip installs uv, and uv the rest; where uv cannot reach an index (it does
not read pip's configuration) pip does that too.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PIP_PACKAGE = "python3-pip-whl"
OLDEST = (3, 11)


def main() -> None:
    """Make or complete the environment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("venv", type=Path)
    parser.add_argument("requirements", type=Path)
    parser.add_argument("--project", action="store_true", help="install this project, editable")
    arguments = parser.parse_args()
    if sys.version_info < OLDEST:
        sys.exit(f"Python {sys.version.split()[0]} is too old: 3.11 or newer is needed")
    python = arguments.venv / "bin/python"
    if not (arguments.venv / "bin/uv").exists():
        create(arguments.venv)
        pip(python, "--require-hashes", "-r", str(ROOT / "requirements/uv.txt"))
    install(python, "--require-hashes", "-r", str(arguments.requirements))
    if arguments.project:
        # No build isolation: the build back end is pinned in the requirements too.
        install(python, "--no-deps", "--no-build-isolation", "-e", str(ROOT))


def create(venv: Path) -> None:
    """An environment with pip in it."""
    say(f"making {venv}")
    if importlib.util.find_spec("ensurepip"):
        call(sys.executable, "-m", "venv", "--clear", str(venv))
        return
    call(sys.executable, "-m", "venv", "--clear", "--without-pip", str(venv))
    wheel = debian_pip() or download_debian_pip(venv / "pip-wheel")
    # A wheel is a zip that Python can run a module from: pip installs itself.
    call(str(venv / "bin/python"), f"{wheel}/pip", "-q", "install", "--no-index", str(wheel))


def debian_pip() -> Path | None:
    """pip's wheel, where python3-pip-whl is installed."""
    return next(iter(sorted(Path("/usr/share/python-wheels").glob("pip-*.whl"))), None)


def download_debian_pip(folder: Path) -> Path:
    """pip's wheel out of the Debian package, fetched with apt state of our own: no root needed."""
    say(f"this Python has no ensurepip; fetching {PIP_PACKAGE} with apt")
    for part in ("state/lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    options = [
        "-qq",
        *("-o", f"Dir::State={folder.resolve()}/state"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status"),
        *("-o", f"Dir::Cache={folder.resolve()}/cache"),
        *("-o", "APT::Sandbox::User="),
    ]
    try:
        call("apt-get", *options, "update")
        call("apt-get", *options, "download", PIP_PACKAGE, cwd=folder)
        call("dpkg-deb", "-x", str(next(folder.glob(f"{PIP_PACKAGE}*.deb"))), str(folder / "root"))
    except (OSError, subprocess.CalledProcessError, StopIteration) as error:
        sys.exit(f"pip cannot be had ({error}): install python3-venv, or pip, and try again")
    return next((folder / "root").glob("usr/share/python-wheels/pip-*.whl"))


def install(python: Path, *arguments: str) -> None:
    """Install with uv, or with pip where uv fails."""
    uv = python.parent / "uv"
    try:
        call(str(uv), "pip", "install", "-q", "--python", str(python), *arguments)
    except subprocess.CalledProcessError:
        say("uv could not install these; trying pip")
        pip(python, *arguments)


def pip(python: Path, *arguments: str) -> None:
    """Install with the environment's own pip."""
    call(str(python), "-m", "pip", "-q", "--disable-pip-version-check", "install", *arguments)


def call(*argv: str, cwd: Path | None = None) -> None:
    """Run a program; a failure ends this script with its output already shown."""
    subprocess.run(argv, check=True, cwd=cwd)


def say(text: str) -> None:
    """Tell progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as failed:
        sys.exit(f"{Path(failed.cmd[0]).name} failed with exit code {failed.returncode}")
