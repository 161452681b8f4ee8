"""The ways that libraries can take to a device, each with what it fetches and how it retries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle.supply.sbom import read_bill
from ggfleet.errors import GgfleetError
from ggfleet.model import Archive, Form, Manifest, Part
from ggfleet.simulate.transfer import CLASSIC, LITE, PIP, PIP_BEFORE_25_1, Retry


@dataclass(frozen=True)
class Way:
    """A strategy with a program: `files` in bytes; `pushed` by a playbook, else by a deployment."""

    strategy: str
    retry: Retry
    files: tuple[float, ...]
    pushed: bool

    @property
    def name(self) -> str:
        """What a table calls it."""
        return f"{self.strategy}, {self.retry.name}"


def ways(out: Path, manifest: Manifest, library: str, platform: str) -> tuple[Way, ...]:
    """The ways of a library that was built, from its archives' sizes and its bill.

    Raises `GgfleetError` when the library has no archive for the platform.
    """
    zipped = manifest.find(Part.LIBRARIES, library, platform)
    if zipped is None:
        raise GgfleetError(
            f"library {library} has no archive for platform {platform} in {out}",
            fix=f"run `ggfleet bundle --platform {platform}`",
        )
    wheels = tuple(float(package.size) for package in read_bill(out, zipped))
    found = [Way("os-pip", retry, wheels, pushed=True) for retry in (PIP_BEFORE_25_1, PIP)]
    found += _deployed("ml-resource", zipped)
    if image := manifest.find(Part.LIBRARIES, library, platform, Form.IMAGE):
        found += _deployed("image", image)
    return tuple(found)


def _deployed(strategy: str, archive: Archive) -> Sequence[Way]:
    size = (float(archive.size),)
    return [Way(strategy, retry, size, pushed=False) for retry in (CLASSIC, LITE)]
