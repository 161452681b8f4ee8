"""Where things lie below the core's root folder: as on a device, with `/greengrass` as the root."""

from __future__ import annotations

import fcntl
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ggfleet.errors import CoreError

STAGING = ".staging-"
"""Prefix of folders that are being written or removed; whatever bears it is swept."""


@dataclass(frozen=True)
class Layout:
    """The folders of one core."""

    root: Path

    @property
    def deployment(self) -> Path:
        """Everything a deployment brings."""
        return self.root / "ggc" / "deployment"

    @property
    def resources(self) -> Path:
        """Unpacked ML resources, each in a folder named by its archive's SHA-256."""
        return self.deployment / "mlmodel"

    @property
    def functions(self) -> Path:
        """Unpacked Lambda packages: a folder for each ARN, in it one for each SHA-256."""
        return self.deployment / "lambda"

    @property
    def downloads(self) -> Path:
        """Archives on their way in; empty between deployments."""
        return self.deployment / "download"

    @property
    def in_force(self) -> Path:
        """The one file whose renaming puts a deployment in force."""
        return self.deployment / "group" / "in-force.json"

    @property
    def lock(self) -> Path:
        """Held while a core uses the root folder."""
        return self.root / "ggc" / "lock"

    def homes(self) -> Iterator[Path]:
        """The folders that hold trees, each named by a digest."""
        yield self.resources
        yield from self.functions.iterdir() if self.functions.is_dir() else ()

    def package_home(self, arn: str) -> Path:
        """The folder of a function's packages. Colons would split PYTHONPATH, so they go."""
        return self.functions / re.sub(r"[^\w.-]", "_", arn)

    def work(self, arn: str) -> Path:
        """A function's own folder: the symlinks below AWS_GG_RESOURCE_PREFIX, or its new root."""
        return self.root / "ggc" / "work" / re.sub(r"[^\w.-]", "_", arn)

    def log(self, region: str, account: str, function: str) -> Path:
        """A function's log file."""
        return self.root / "ggc" / "var" / "log" / "user" / region / account / f"{function}.log"


def hold(layout: Layout) -> IO[bytes]:
    """Hold a core's folder until the result is closed. Raises CoreError while another core does."""
    layout.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = layout.lock.open("wb")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise CoreError(
            f"another core uses {layout.root}", fix="stop it, or give another --root"
        ) from error
    return lock
