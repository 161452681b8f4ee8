"""Drift: what hosts have that were installed without pins while the index moved, and with pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ggfleet.compare.matrix.device import FOLDER, Device, Limits
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.strategy import FIRST, MINOR, Release, Step
from ggfleet.errors import CompareError
from ggfleet.model import Json

BASE = f"{FOLDER}/devices/drift"
PYTHON = "{base}/venv/bin/python"
PIP = (PYTHON, "-m", "pip", "--isolated", "--disable-pip-version-check")
PATIENCE = 600.0


@dataclass(frozen=True)
class Drift:
    """What each host has after the same command: package versions by host."""

    asked: tuple[str, ...]
    unpinned: Mapping[str, Mapping[str, str]]
    pinned: Mapping[str, Mapping[str, str]]

    def to_json(self) -> dict[str, Json]:
        """The record of the experiment, with the packages that are not the same on all hosts."""
        return {
            "version": 1,
            "asked": list(self.asked),
            "unpinned": {host: dict(found) for host, found in self.unpinned.items()},
            "pinned": {host: dict(found) for host, found in self.pinned.items()},
            "differ_unpinned": _differing(self.unpinned),
            "differ_pinned": _differing(self.pinned),
        }


def measure_drift(devices: Sequence[Device], goods: BuiltGoods) -> Drift:
    """Install the same names on one device after the other; the index moves after the first.

    It has the first release's wheels, then the last one's too. Afterwards all devices get the first
    release by its lock, from the index that has moved.
    """
    old, new = (goods.wheels(Release(name)) for name in (FIRST, MINOR))
    asked = goods.workload.packages
    goods.index("drift", [each.sha256 for each in old])
    unpinned = {devices[0].name: _installed(devices[0], goods, list(asked))}
    goods.index("drift", [each.sha256 for each in (*old, *new)])
    unpinned |= {each.name: _installed(each, goods, list(asked)) for each in devices[1:]}
    lock = [f"{each.name}=={each.version}" for each in old]
    pinned = {each.name: _installed(each, goods, lock) for each in devices}
    return Drift(asked, unpinned, pinned)


def _installed(device: Device, goods: BuiltGoods, names: list[str]) -> dict[str, str]:
    """Install into a new environment; the versions that are there."""
    index = goods.url("drift/")
    host = index.split("/")[2].partition(":")[0]
    install = [*PIP, "install", "--quiet", "--no-cache-dir", "--no-index", "--find-links", index]
    steps: list[Step] = [
        {"do": "remove"},
        {"do": "run", "argv": ["python3", "-m", "venv", "{base}/venv"]},
        {"do": "run", "argv": [*install, "--trusted-host", host, *names]},
        {"do": "run", "argv": [*PIP, "freeze"]},
    ]
    task = {"task": "change", "base": BASE, "steps": steps, "seconds": PATIENCE}
    found = device.task(task, Limits(), PATIENCE)
    if found["outcome"] != "done":
        raise CompareError(f"{device.name}: {found['message']}", fix="correct the plan's versions")
    lines = [line.partition("==") for line in found["said"].splitlines()]
    device.task({**task, "steps": [{"do": "remove"}]}, Limits(), PATIENCE)
    return {name: version for name, _, version in lines if version}


def _differing(found: Mapping[str, Mapping[str, str]]) -> list[Json]:
    names = sorted({name for each in found.values() for name in each})
    return [name for name in names if len({h.get(name) for h in found.values()}) > 1]
