"""Keep one test host running; a program, started by `host.py` under `unshare --mount`.

    boot.py PARENT STATE ROOTFS NAMESPACE HOSTNAME

Inside its private mount namespace it shows systemd-nspawn a host with control groups version 2 and a
/run/systemd on tmpfs, lays the host's own overlay over the root that all share, and boots. Exit
status 133 of nspawn means that the host wants to reboot. SIGTERM ends the host and this program, and
comes from the kernel when the process PARENT is gone.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")
REBOOT = 133
PR_SET_PDEATHSIG = 1


class Host:
    """The host and its control group."""

    def __init__(self, state: Path, rootfs: str, namespace: str, hostname: str) -> None:
        """`state` holds upper, work and root of the overlay."""
        self.state, self.rootfs = state, rootfs
        self.namespace, self.hostname = namespace, hostname
        # A control group of its own: nspawn would put all hosts into one.
        self.cgroup = CGROUPS / namespace

    def prepare(self) -> None:
        """Make the mounts."""
        subprocess.run(["umount", "--recursive", CGROUPS], check=True)
        mount("cgroup2", CGROUPS)
        mount("tmpfs", Path("/run/systemd"))
        layers = f"lowerdir={self.rootfs},upperdir={self.state}/upper,workdir={self.state}/work"
        mount("overlay", self.state / "root", layers)

    def boot(self) -> int:
        """Boot, wait for the end, leave nothing of this boot alive; return nspawn's status."""
        self.cgroup.mkdir(exist_ok=True)
        with (self.state / "boots").open("a") as boots:
            boots.write(f"{time.time()}\n")
        environment = {**os.environ, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network"}
        status = subprocess.run(
            self._argv(), stdin=subprocess.DEVNULL, env=environment, check=False
        ).returncode
        self.cut()
        return status

    def cut(self) -> None:
        """End every process of the host at once. Killing nspawn alone would orphan them."""
        with contextlib.suppress(FileNotFoundError):
            (self.cgroup / "cgroup.kill").write_text("1")
        for _ in range(50):
            if self._remove_cgroup():
                return
            time.sleep(0.05)

    def _remove_cgroup(self) -> bool:
        for folder, _, _ in os.walk(self.cgroup, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
        return not self.cgroup.exists()

    def _argv(self) -> list[str]:
        enter = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
        return [
            "sh", "-c", enter, str(self.cgroup),
            "systemd-nspawn", "--quiet", f"--directory={self.state}/root", "--boot",
            f"--machine={self.namespace}", f"--hostname={self.hostname}",
            f"--network-namespace-path=/run/netns/{self.namespace}", "--capability=CAP_NET_ADMIN",
            "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off",
            "--link-journal=no", "--console=pipe",
        ]  # fmt: skip


def mount(kind: str, target: Path, options: str = "defaults") -> None:
    """Mount a file system of `kind`."""
    subprocess.run(["mount", "-t", kind, "-o", options, kind, target], check=True)


def die_with(parent: int) -> None:
    """Have the kernel send SIGTERM when `parent` ends, which may have happened already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: str, state: str, rootfs: str, namespace: str, hostname: str) -> None:
    """Boot the host until it powers off."""
    host = Host(Path(state), rootfs, namespace, hostname)

    def end(*_: object) -> None:
        host.cut()
        sys.exit(0)

    signal.signal(signal.SIGTERM, end)
    die_with(int(parent))
    host.prepare()
    while host.boot() == REBOOT:
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
