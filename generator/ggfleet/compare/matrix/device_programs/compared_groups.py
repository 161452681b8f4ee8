"""The control group that a change runs in: what it may use, and what it has used.

With version 2 systemd has made the group and set its limits before this program began
(`systemd-run --scope`). Where the controllers belong to version 1, the program makes groups of its
own, as systemd sets none there. Without either (`cgroup_disable=memory` on a Raspberry Pi) memory
is the largest process's.
"""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path
from typing import Any, Dict

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/run/ggfleet-comparison/cgroup")
PERIOD = 100_000
"""Microseconds over which processor time is shared out."""
SECTOR = 512


class Group:
    """What is known without control groups."""

    def __init__(self, base: Path) -> None:
        self._disk = _disk(base)

    def cpu_seconds(self) -> float:
        """CPU seconds since the program began."""
        each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(used.ru_utime + used.ru_stime for used in each)

    def memory(self) -> int:
        """Bytes in use now that are no cache, 0 where nobody counts them."""
        return 0

    def memory_at_end(self) -> int:
        """Bytes of the largest process that has ended, where nothing better is known."""
        each = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return max(used.ru_maxrss for used in each) * 1024

    def written(self) -> int:
        """Bytes written to the disk so far: all of it, the group's own where it is known."""
        return int(self._disk.read_text().split()[6]) * SECTOR if self._disk.exists() else 0


class Version2(Group):
    """The group that systemd has made."""

    def __init__(self, base: Path, folder: Path) -> None:
        super().__init__(base)
        self._folder = folder
        status = os.stat(str(base))
        self._device = f"{os.major(status.st_dev)}:{os.minor(status.st_dev)}"
        self._began = self._used()

    def cpu_seconds(self) -> float:
        """See `Group`."""
        return self._used() - self._began

    def memory(self) -> int:
        """See `Group`."""
        return _figure(self._folder / "memory.stat", "anon")

    def memory_at_end(self) -> int:
        """See `Group`."""
        return 0

    def written(self) -> int:
        """See `Group`."""
        path = self._folder / "io.stat"
        if not path.exists():
            return super().written()
        for line in path.read_text().splitlines():
            device, *figures = line.split()
            if device == self._device:
                return int(dict(figure.split("=") for figure in figures)["wbytes"])
        return 0

    def _used(self) -> float:
        return _figure(self._folder / "cpu.stat", "usage_usec") / 1e6


class Version1(Group):
    """Groups of this program's own, one for each controller."""

    def __init__(self, base: Path, cores: float) -> None:
        super().__init__(base)
        self._processor = _joined("cpu")
        if cores:
            (self._processor / "cpu.cfs_period_us").write_text(str(PERIOD))
            (self._processor / "cpu.cfs_quota_us").write_text(str(int(cores * PERIOD)))
        self._used, self._memory = _joined("cpuacct"), _joined("memory")
        self._began = self._usage()

    def cpu_seconds(self) -> float:
        """See `Group`."""
        return self._usage() - self._began

    def memory(self) -> int:
        """See `Group`."""
        return _figure(self._memory / "memory.stat", "total_rss")

    def memory_at_end(self) -> int:
        """See `Group`."""
        return 0

    def _usage(self) -> float:
        return int((self._used / "cpuacct.usage").read_text()) / 1e9


def join(limits: Dict[str, Any], base: Path) -> Group:
    """Join the group that this program is to run in.

    `limits` are the numbers of processors (`cores`) and of bytes a second that the disk may read
    and write; 0 is no limit. Raises `RuntimeError` where one cannot be set: a figure that was
    measured without its condition is worth nothing.
    """
    folder = _own_version2()
    controllers = (folder / "cgroup.controllers").read_text().split() if folder.exists() else []
    if "memory" in controllers:
        _must_have(limits, controllers)
        return Version2(base, folder)
    if limits["read"] or limits["write"]:
        raise RuntimeError("this device's control groups (version 1) cannot throttle its disk")
    try:
        return Version1(base, limits["cores"])
    except (OSError, subprocess.CalledProcessError) as error:
        if limits["cores"]:
            raise RuntimeError(f"this device cannot limit its processors: {error}") from error
        return Group(base)


def _must_have(limits: Dict[str, Any], controllers: Any) -> None:
    wanted = {"cpu": limits["cores"], "io": limits["read"] or limits["write"]}
    lacking = [name for name, limit in wanted.items() if limit and name not in controllers]
    if lacking:
        raise RuntimeError(f"this device has no control group for {', '.join(lacking)}")


def _own_version2() -> Path:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return ROOT / line[3:].lstrip("/")
    return ROOT / "none"


def _joined(controller: str) -> Path:
    """Make a group below this program's own and join it."""
    own = next(
        line.split(":", 2)[2]
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if controller in line.split(":")[1].split(",")
    )
    folder = _mounted(controller) / own.lstrip("/") / f"ggfleet-comparison-{os.getpid()}"
    _sweep(folder.parent)
    folder.mkdir()
    (folder / "cgroup.procs").write_text(str(os.getpid()))
    return folder


def _sweep(folder: Path) -> None:
    """Remove the groups of programs that have ended: they could not remove their own."""
    for old in folder.glob("ggfleet-comparison-*"):
        try:
            old.rmdir()
        except OSError:
            continue


def _mounted(controller: str) -> Path:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup" and controller in options.split(","):
            return Path(place)
    place = OWN / controller
    place.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "cgroup", "-o", controller, "cgroup", str(place)]
    subprocess.run(mount, check=True, stderr=subprocess.DEVNULL)
    return place


def _figure(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0


def _disk(base: Path) -> Path:
    status = os.stat(str(base))
    return Path(f"/sys/dev/block/{os.major(status.st_dev)}:{os.minor(status.st_dev)}/stat")
