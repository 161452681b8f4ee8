"""A disk of a test host's own, on which its speed can be set: a file in memory behind a loop device."""

from __future__ import annotations

from pathlib import Path

from fleet.host import Host
from fleet.shell import run

SIZE = "6G"
"""It takes memory for what is written to it."""
NODES = 64
THROTTLES = Path("/sys/fs/cgroup/blkio")
LOOP_MAJOR = 7
# Containers have no loop devices of their own; a device's kernel makes them.
MAKE_NODES = f"""\
[ -e /dev/loop-control ] || mknod /dev/loop-control c 10 237
for n in $(seq 0 {NODES}); do [ -e /dev/loop$n ] || mknod /dev/loop$n b {LOOP_MAJOR} $n; done"""


class Disk:
    """An ext4 disk mounted on a host."""

    def __init__(self, host: Host, folder: str) -> None:
        """Make it and mount it on `folder`."""
        self._image = host.state / "disk"
        run(["truncate", f"--size={SIZE}", self._image])
        run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self._image])
        device = run(["losetup", "--find", "--show", self._image])
        number = device.removeprefix("/dev/loop")
        self._number = f"{LOOP_MAJOR}:{number}"
        host.root(MAKE_NODES)
        host.root(f"mkdir -p {folder} && mount /dev/loop{number} {folder}")
        # From here on it goes with the last who uses it: a run that is killed leaves nothing.
        run(["losetup", "--detach", device])

    @property
    def can_throttle(self) -> bool:
        """Whether this machine throttles a device for all (control groups version 1)."""
        return (THROTTLES / "blkio.throttle.write_bps_device").exists()

    def throttle(self, read: int, write: int) -> None:
        """Set how many bytes a second the disk reads and writes, whoever asks; 0 is no limit."""
        for what, limit in (("read", read), ("write", write)):
            path = THROTTLES / f"blkio.throttle.{what}_bps_device"
            path.write_text(f"{self._number} {limit}")

    def close(self) -> None:
        """Take the limits off: another disk may get its number. Its host ends it."""
        if self.can_throttle:
            self.throttle(0, 0)
