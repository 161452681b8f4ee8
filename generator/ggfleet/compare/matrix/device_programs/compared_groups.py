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
import sys
import time
import uuid
from pathlib import Path
from typing import List

ROOT = Path("/sys/fs/cgroup")
OWN = Path("/run/ggfleet-comparison/cgroup")
NAME = "ggfleet-comparison-"
OLD = 6 * 3600
"""Seconds after which nobody is in a group any more."""
ENTERED = "GGFLEET_COMPARISON_ENTERED"
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

    def __init__(self, base: Path) -> None:
        super().__init__(base)
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


def enter(cores: float, read: int, write: int) -> None:
    """See that this program runs in a group with these limits, and all of its memory is counted.

    Raises `RuntimeError` where one cannot be set: a figure that was measured without its condition
    is worth nothing.
    """
    controllers = _controllers()
    if "memory" in controllers:
        wanted = {"cpu": cores, "io": read or write}
        lacking = [name for name, limit in wanted.items() if limit and name not in controllers]
        if lacking:
            raise RuntimeError(f"this device has no control group for {', '.join(lacking)}")
    elif read or write:
        raise RuntimeError("this device's control groups (version 1) cannot throttle its disk")
    elif ENTERED not in os.environ:
        _enter_version1(cores)


def leave() -> None:
    """Remove the groups that `enter` has made, if it did."""
    if ENTERED not in os.environ or "memory" in _controllers():
        return
    for controller in ("cpu", "cpuacct", "memory"):
        group = _joined(controller)
        (group.parent / "cgroup.procs").write_text(str(os.getpid()))
        _discard(group)


def own(base: Path) -> Group:
    """What tells of the group that this program runs in."""
    if "memory" in _controllers():
        return Version2(base, _own_version2())
    return Version1(base) if ENTERED in os.environ else Group(base)


def _enter_version1(cores: float) -> None:
    """Make groups, join them, begin anew inside: what a program has is counted where it began."""
    try:
        processor = _made("cpu")
        if cores:
            (processor / "cpu.cfs_period_us").write_text(str(PERIOD))
            (processor / "cpu.cfs_quota_us").write_text(str(int(cores * PERIOD)))
        for folder in (processor, _made("cpuacct"), _made("memory")):
            (folder / "cgroup.procs").write_text(str(os.getpid()))
    except (OSError, StopIteration, subprocess.CalledProcessError) as error:
        if cores:
            raise RuntimeError(f"this device cannot limit its processors: {error}") from error
        return
    os.environ[ENTERED] = "1"
    os.execv(sys.executable, [sys.executable, "-B", *sys.argv])  # noqa: S606 - itself


def _controllers() -> List[str]:
    path = _own_version2() / "cgroup.controllers"
    return path.read_text().split() if path.exists() else []


def _own_version2() -> Path:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return ROOT / line[3:].lstrip("/")
    return ROOT / "none"


def _made(controller: str) -> Path:
    """Make a group below this program's own."""
    # Neither process ids nor, with version 1, groups are a container's own.
    folder = _joined(controller) / f"{NAME}{uuid.uuid4().hex}"
    _sweep(folder.parent)
    folder.mkdir()
    return folder


def _joined(controller: str) -> Path:
    """The folder of the group that this program is in."""
    group = next(
        line.split(":", 2)[2]
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        if controller in line.split(":")[1].split(",")
    )
    return _mounted(controller) / group.lstrip("/")


def _sweep(folder: Path) -> None:
    """Remove the groups of programs that were killed."""
    for old in folder.glob(f"{NAME}*"):
        if time.time() - old.stat().st_mtime > OLD:
            _discard(old)


def _discard(group: Path) -> None:
    try:
        group.rmdir()
    except OSError:
        return  # somebody is in it


def _mounted(controller: str) -> Path:
    for line in Path("/proc/mounts").read_text().splitlines():
        _, place, kind, options, *_ = line.split()
        if kind == "cgroup" and controller in options.split(","):
            return Path(place)
    own_place = OWN / controller
    own_place.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "cgroup", "-o", controller, "cgroup", str(own_place)]
    subprocess.run(mount, check=True, stderr=subprocess.DEVNULL)
    return own_place


def _figure(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        if line.startswith(f"{name} "):
            return int(line.split()[1])
    return 0


def _disk(base: Path) -> Path:
    status = os.stat(str(base))
    return Path(f"/sys/dev/block/{os.major(status.st_dev)}:{os.minor(status.st_dev)}/stat")
