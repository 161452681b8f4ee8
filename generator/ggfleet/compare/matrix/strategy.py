"""What a strategy is: a way for ML libraries to reach a device, told as a device program's steps.

A strategy knows no device, link or clock: it says what is to be done on the device for each change,
from which goods. Others' strategies are found through the entry points `ggfleet.strategies`; each
names something that, called without arguments, gives a `Strategy`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

from ggfleet.compare.matrix.cells import Change, Payload
from ggfleet.errors import CompareError
from ggfleet.model import Json

GROUP = "ggfleet.strategies"

SSH = "SSH or agent"
DEPLOYMENT = "deployment"

RELEASES = FIRST, PATCH, MINOR = "first", "patch", "minor"
"""The releases of the libraries."""

Step = Mapping[str, Json]
"""What the device program does: see `device_programs/compared_device.py`."""


@dataclass(frozen=True)
class Release:
    """What a device is to have. `model` and `function` are counted from 1."""

    libraries: str = FIRST
    model: int = 1
    function: int = 1

    def after(self, change: Change) -> Release:
        """The release that a change other than first install, roll-back and removal leads to."""
        if change is Change.MODEL_ONLY:
            return replace(self, model=self.model + 1)
        if change is Change.FUNCTION_ONLY:
            return replace(self, function=self.function + 1)
        return replace(self, libraries=PATCH if change is Change.LIBRARY_PATCH else MINOR)


@dataclass(frozen=True)
class Parcel:
    """One file that a device can fetch at `path` below the server; sizes in bytes."""

    path: str
    sha256: str
    size: int
    unpacked_size: int
    files: int
    form: str

    @property
    def version(self) -> str:
        """A name for it on the device."""
        return self.sha256[:16]


@dataclass(frozen=True)
class DeltaParcel:
    """A delta, the digest of the tree that it makes, and the bytes of files that are written."""

    parcel: Parcel
    tree_sha256: str
    written: int


@dataclass(frozen=True)
class WheelFile:
    """One wheel of a set; sizes in bytes."""

    name: str
    version: str
    sha256: str
    size: int
    unpacked_size: int
    files: int


class Goods(Protocol):
    """What there is to bring to a device, built when it is asked for."""

    def libraries(self, release: Release, form: str) -> Parcel:
        """The libraries alone: `zip`, `tar.gz` or `squashfs`."""

    def layers(self, release: Release) -> Mapping[str, Parcel]:
        """The libraries as layers, a zip each, by their names."""

    def delta(self, before: Release, to: Release) -> DeltaParcel | None:
        """From one release's zip of libraries to another's, where that is much smaller."""

    def model(self, release: Release) -> Parcel:
        """The model."""

    def function(self, release: Release, *, with_libraries: bool = False) -> Parcel:
        """The function's package, with the libraries in it or without."""

    def wheels(self, release: Release) -> Sequence[WheelFile]:
        """The wheels that the libraries are made of."""

    def url(self, path: str) -> str:
        """Where the device fetches what lies at `path`; `wheels` is a folder of all wheels."""


@dataclass(frozen=True)
class Work:
    """What a change is: its steps, and what they must bring."""

    steps: tuple[Step, ...]
    payload: Payload


@dataclass(frozen=True)
class Serving:
    """How to use what a strategy has installed; all paths are below the strategy's folder.

    `python` may hold `{base}` for that folder. `paths` are what functions import from, `resources`
    the model's destination and its folder, `marks` files that tell a release. `keeps` are folders
    of the strategy beside the slots.
    """

    python: str
    paths: tuple[str, ...]
    model: str
    marks: Mapping[str, str]
    keeps: tuple[str, ...] = ()


class Strategy(Protocol):
    """One way. `control` says what a fleet owner needs to reach the device with.

    `tools` are programs that must be on the device, `programs` files that are put there before.
    """

    name: str
    control: str
    tools: tuple[str, ...]
    programs: tuple[Path, ...]

    def install(self, goods: Goods, to: Release) -> Work:
        """Bring a release to a device that has nothing."""

    def update(self, goods: Goods, before: Release, to: Release) -> Work:
        """Bring a release to a device that has another."""

    def roll_back(self, goods: Goods, before: Release, to: Release) -> Work:
        """Go back to the release that the device had before this one."""

    def remove(self) -> Work:
        """Take everything away."""

    def observe(self) -> Serving:
        """How to use what is installed."""


NOTHING = Payload(0, 0, 0, 0)


def strategies(names: Sequence[str] = ()) -> dict[str, Strategy]:
    """The strategies of these names, in this order; all that are installed without any.

    Raises `CompareError` naming what there is.
    """
    found = {point.name: point for point in entry_points(group=GROUP)}
    if unknown := [name for name in names if name not in found]:
        there = ", ".join(sorted(found)) or "none"
        raise CompareError(
            f"no strategy is called {unknown[0]}",
            fix=f"there are: {there}; if ggfleet's own are missing, install it again",
        )
    return {name: _made(name, found[name].load()) for name in names or found}


def _made(name: str, factory: object) -> Strategy:
    made: Strategy = factory()  # type: ignore[operator]
    if made.name != name:
        raise CompareError(
            f"the strategy {made.name} is registered as {name}",
            fix=f"register it as {made.name} in its distribution's entry points",
        )
    return made
