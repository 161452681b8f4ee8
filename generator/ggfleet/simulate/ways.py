"""The ways that libraries can take to a device, each with what it fetches and how it retries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle.supply.sbom import read_bill
from ggfleet.errors import GgfleetError
from ggfleet.model import Archive, Form, Library, Manifest, Part
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


def ways(
    out: Path, manifest: Manifest, libraries: Sequence[Library], platform: str
) -> tuple[Way, ...]:
    """The ways of a library that was built, from its archives' sizes and their bills.

    `libraries` are its layers, or itself. Raises `GgfleetError` for one that has no
    archive for the platform.
    """
    zips = []
    for library in libraries:
        zipped = manifest.find(Part.LIBRARIES, library.name, platform, library.archive)
        if zipped is None:
            raise GgfleetError(
                f"library {library.name} has no archive for platform {platform} in {out}",
                fix=f"run `ggfleet bundle --platform {platform}`",
            )
        zips.append(zipped)
    wheels = tuple(float(package.size) for zipped in zips for package in read_bill(out, zipped))
    found = [Way("os-pip", retry, wheels, pushed=True) for retry in (PIP_BEFORE_25_1, PIP)]
    found += _deployed("ml-resource", zips)
    images = [manifest.find(Part.LIBRARIES, each.name, platform, Form.IMAGE) for each in libraries]
    if all(images):
        found += _deployed("image", [image for image in images if image])
    return tuple(found)


def _deployed(strategy: str, archives: Sequence[Archive]) -> Sequence[Way]:
    sizes = tuple(float(archive.size) for archive in archives)
    return [Way(strategy, retry, sizes, pushed=False) for retry in (CLASSIC, LITE)]
