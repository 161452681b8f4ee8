"""The wheels of a requirements file, on this disk: for those who install them another way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.resolve import resolve
from ggfleet.model import Platform
from ggfleet.system.progress import Progress


def fetched_wheels(
    files: Sequence[Path], platform: Platform, *, cache: Path, progress: Progress
) -> list[tuple[str, Path]]:
    """File names and cached files of the wheels that all the requirements files need together.

    Raises `BundleError` as `build` does.
    """
    wheels = resolve(files, platform, cache=cache)
    store = WheelCache(cache / "wheels", progress)
    store.fetch(wheels)
    return [(wheel.filename, store.path(wheel)) for wheel in wheels]
