"""The ways in which ML libraries reach a device, each done for real.

A strategy changes the fleet to what it deploys, and installs on a device what its deployment does
not carry.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from ggfleet.model import Fleet, Install
from ggfleet.system.process import run


class Strategy(Protocol):
    """One way. `control` says what a fleet owner needs to reach the device with."""

    name: str
    control: str

    def fleet(self, fleet: Fleet) -> Fleet:
        """The fleet as this strategy deploys it."""

    def install(self, folder: Path, python: Path) -> Path:
        """Install the libraries on the device; returns the Python that finds them."""


class MlResource:
    """The libraries are an ML resource of the group: the core itself fetches and unpacks them."""

    name = "ml-resource"
    control = "deployment"

    def fleet(self, fleet: Fleet) -> Fleet:
        """As it is."""
        return fleet

    def install(self, folder: Path, python: Path) -> Path:  # noqa: ARG002 - nothing to install
        """Nothing: the deployment carries them."""
        return python


class OsPip:
    """The libraries are installed beside Greengrass with `pip install`.

    Into a virtual environment: Debian 12 refuses pip in the system's own (PEP 668). `index` is a
    folder of wheels over HTTP; pip is this machine's, told to install for the environment's Python.
    """

    name = "os-pip"
    control = "SSH or agent"

    def __init__(self, requirements: Sequence[Path], index: str) -> None:
        self._requirements = requirements
        self._index = index

    def fleet(self, fleet: Fleet) -> Fleet:
        """Without the libraries: the group carries none that is installed at OS level."""
        libraries = {
            name: replace(library, install=Install.OS_PIP, destination="")
            if library.install is Install.ML_RESOURCE
            else library
            for name, library in fleet.libraries.items()
        }
        return replace(fleet, libraries=libraries)

    def install(self, folder: Path, python: Path) -> Path:
        """Make the environment and let pip fill it."""
        venv = folder / "venv"
        run([python, "-m", "venv", "--without-pip", venv])
        files = [word for path in self._requirements for word in ("-r", path)]
        run(
            [
                *(sys.executable, "-m", "pip", "--isolated", "--python", venv / "bin/python"),
                *("install", "-q", "--no-cache-dir", "--disable-pip-version-check"),
                *("--no-index", "--find-links", self._index, *files),
            ],
            # The machine's own pip configuration may name other places to fetch from.
            env={"PIP_CONFIG_FILE": "/dev/null"},
        )
        return venv / "bin/python"
