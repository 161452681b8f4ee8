"""Strategies that install the libraries at the level of the system, beside Greengrass.

Model and function come as parts of a deployment, as they do everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ggfleet.compare.matrix.cells import Payload
from ggfleet.compare.matrix.slots import (
    FUNCTION,
    MODEL,
    Parcels,
    brought,
    served,
    taken_back,
)
from ggfleet.compare.matrix.strategy import (
    NOTHING,
    SSH,
    Goods,
    Release,
    Serving,
    Step,
    WheelFile,
    Work,
)

VENV = "venv"
PYTHON = f"{{base}}/{VENV}/bin/python"
LOCK = "requirements.txt"


class OsPip:
    """A virtual environment that pip fills from an index: Debian 12 refuses pip outside of one.

    Versions and hashes are pinned. pip keeps no cache of downloads: a device that updates rarely
    would hold everything twice.
    """

    name = "os-pip"
    control = SSH
    tools: tuple[str, ...] = ("python3",)
    programs: tuple[Path, ...] = ()

    def install(self, goods: Goods, to: Release) -> Work:
        """Make the environment, fill it, then bring model and function."""
        made = ({"do": "run", "argv": self.making()}, *self._filled(goods, to))
        own = brought(goods, {}, self._parcels(goods, to))
        return Work((*made, *own.steps), _sum(own.payload, _of_wheels(goods.wheels(to))))

    def update(self, goods: Goods, before: Release, to: Release) -> Work:
        """Let the installer replace the packages that changed."""
        own = brought(goods, self._parcels(goods, before), self._parcels(goods, to))
        return self._with_libraries(goods, before, to, own)

    def roll_back(self, goods: Goods, before: Release, to: Release) -> Work:
        """Install the former versions, which are fetched again; the rest was kept."""
        own = taken_back(goods, self._parcels(goods, before), self._parcels(goods, to))
        return self._with_libraries(goods, before, to, own)

    def remove(self) -> Work:
        """Remove the folder."""
        return Work(({"do": "remove"},), NOTHING)

    def observe(self) -> Serving:
        """The environment's own Python finds the libraries."""
        return served(PYTHON, [], keeps=[VENV, LOCK])

    def making(self) -> list[str]:
        """The command that makes the environment."""
        return ["python3", "-m", "venv", f"{{base}}/{VENV}"]

    def filling(self, index: str) -> list[str]:
        """The command that installs what the lock file names."""
        return [
            *(PYTHON, "-m", "pip", "--isolated", "install", "--quiet", "--no-input"),
            *("--no-cache-dir", "--disable-pip-version-check", "--no-index"),
            *("--find-links", index, "--require-hashes", "--requirement", f"{{base}}/{LOCK}"),
            *("--trusted-host", index.split("/")[2].partition(":")[0]),
        ]

    def _with_libraries(self, goods: Goods, before: Release, to: Release, own: Work) -> Work:
        there = {wheel.sha256 for wheel in goods.wheels(before)}
        new = [wheel for wheel in goods.wheels(to) if wheel.sha256 not in there]
        if not new:
            return own
        steps = (*self._filled(goods, to), *own.steps)
        return Work(steps, _sum(own.payload, _of_wheels(new)))

    def _filled(self, goods: Goods, to: Release) -> tuple[Step, ...]:
        lock = "".join(
            f"{w.name}=={w.version} --hash=sha256:{w.sha256}\n" for w in goods.wheels(to)
        )
        return (
            {"do": "write", "path": LOCK, "text": lock},
            {"do": "run", "argv": self.filling(goods.url("wheels/"))},
        )

    def _parcels(self, goods: Goods, release: Release) -> Parcels:
        return {MODEL: goods.model(release), FUNCTION: goods.function(release)}


class OsPipUv(OsPip):
    """The same by uv, which must be on the device; it compiles bytecode, as pip does unasked."""

    name = "os-pip-uv"
    tools = ("python3", "uv")

    def making(self) -> list[str]:
        """uv's own, which puts no pip there."""
        return [
            "uv",
            "venv",
            "--quiet",
            "--no-cache",
            "--offline",
            "--python",
            "python3",
            f"{{base}}/{VENV}",
        ]

    def filling(self, index: str) -> list[str]:
        """See `OsPip`."""
        return [
            *("uv", "pip", "install", "--quiet", "--python", PYTHON, "--no-cache", "--no-index"),
            *("--find-links", index, "--require-hashes", "--requirements", f"{{base}}/{LOCK}"),
            "--compile-bytecode",
        ]


def _of_wheels(wheels: Sequence[WheelFile]) -> Payload:
    return Payload(
        fetched_bytes=sum(wheel.size for wheel in wheels),
        files=len(wheels),
        unpacked_bytes=sum(wheel.unpacked_size for wheel in wheels),
        unpacked_files=sum(wheel.files for wheel in wheels),
    )


def _sum(one: Payload, other: Payload) -> Payload:
    return Payload(
        one.fetched_bytes + other.fetched_bytes,
        one.files + other.files,
        one.unpacked_bytes + other.unpacked_bytes,
        one.unpacked_files + other.unpacked_files,
    )
