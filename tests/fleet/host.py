"""A booted test host, and what a test does with it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from fleet.rootfs import LOGIN
from fleet.shell import run
from fleet.system import System

BOOT_PROGRAM = Path(__file__).with_name("boot.py")
BOOT_SECONDS = 60


class Host:
    """One Debian host with systemd and sshd, reached over SSH as an unprivileged user."""

    def __init__(
        self, name: str, address: str, namespace: str, state: Path, ssh: Path, system: System
    ) -> None:
        """`state` is the host's folder, `ssh` a command that reaches the host's network."""
        self.system = system
        self.name, self.address, self.namespace, self.state = name, address, namespace, state
        self._ssh = ssh
        self._boot: subprocess.Popen[bytes] | None = None

    def cpu_seconds(self) -> float:
        """Return the CPU seconds that the host has used since it was booted."""
        assert self._boot is not None
        # Its control group is mounted where it was booted.
        group = Path(f"/proc/{self._boot.pid}/root/sys/fs/cgroup", self.namespace)
        used = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
        return int(used["usage_usec"]) / 1e6

    def prepare(self, authorized_key: str) -> None:
        """Fill the host's own layer: names, its SSH key, and the key that may log in."""
        for folder in ("root", "work", "upper/etc/ssh"):
            (self.state / folder).mkdir(parents=True)
        home = self.state / f"upper/home/{LOGIN}"
        for account in (home, self.state / "upper/root"):
            (account / ".ssh").mkdir(parents=True, mode=0o700)
            (account / ".ssh/authorized_keys").write_text(authorized_key)
        etc = self.state / "upper/etc"
        (etc / "hostname").write_text(f"{self.name}\n")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {self.name}\n")
        make_key(etc / "ssh/ssh_host_ed25519_key")
        run(["chown", "--recursive", "1000:1000", home])  # the first login of a Debian root

    def known_host(self) -> str:
        """Return the line of a known_hosts file for this host."""
        key = self.state / "upper/etc/ssh/ssh_host_ed25519_key.pub"
        return f"{self.address} {key.read_text()}"

    def boot(self, rootfs: Path) -> None:
        """Start the host; `wait` waits for it."""
        argv: list[str | Path] = [
            "unshare", "--mount", "--propagation=private", "--", sys.executable, BOOT_PROGRAM,
            str(os.getpid()), self.state, rootfs, self.namespace, self.name,
        ]  # fmt: skip
        with (self.state / "console").open("wb") as console:
            self._boot = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT
            )

    def wait(self, boots: int = 1) -> None:
        """Wait until the host has booted `boots` times, answers SSH, and systemd has settled."""
        deadline = time.monotonic() + self._patience
        while self.boots() < boots or not self._answers():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} did not boot:\n{self.console()}")
            time.sleep(0.2)
        self._once("systemctl is-system-running --wait || { systemctl --failed; false; }")

    @property
    def ssh(self) -> tuple[str, ...]:
        """The command that reaches root here, over one connection for all calls: it ends with the host."""
        options = ("ControlMaster=auto", "ControlPersist=yes", f"ControlPath={self._ssh.parent}/%h")
        words = [word for option in options for word in ("-o", option)]
        return (str(self._ssh), *words, f"root@{self.address}")

    def root(self, command: str, *, check: bool = True) -> str:
        """Run a shell command as root, who is there for tests alone: playbooks log in as LOGIN."""
        return run([*self.ssh, command], check=check, timeout=self._patience)

    def put(self, path: Path, place: str) -> None:
        """Copy a file of this machine to `place` on the running host."""
        assert self._boot is not None
        # Its file system is mounted where it was booted.
        shutil.copy(path, f"/proc/{self._boot.pid}/root{self.state}/root{place}")

    def reboot(self) -> None:
        """Reboot from inside and wait for the host to be back."""
        before = self.boots()
        self.root("systemctl reboot", check=False)  # the connection may drop before the answer
        self.wait(before + 1)

    def cut_power(self) -> None:
        """End everything on the host at once; `boot` starts it again with what is on its disk.

        What was written and not flushed stays, because the machine's kernel lives on.
        """
        assert self._boot is not None
        group = Path(f"/proc/{self._boot.pid}/root/sys/fs/cgroup", self.namespace, "cgroup.kill")
        group.write_text("1")
        self._boot.wait(timeout=30)

    def boots(self) -> int:
        """Return how often the host has booted."""
        boots = self.state / "boots"
        return len(boots.read_text().splitlines()) if boots.exists() else 0

    def close(self) -> None:
        """End the host and wait until nothing of it is left."""
        if self._boot is not None:
            self._boot.send_signal(signal.SIGTERM)
            self._boot.wait(timeout=30)
            self._boot = None

    def console(self) -> str:
        """Return what the host printed while booting."""
        return (self.state / "console").read_text(errors="replace")

    def _answers(self) -> bool:
        return self._once("echo up", check=False) == "up"

    def _once(self, command: str, *, check: bool = True) -> str:
        """Run a command over a connection of its own: one that a booting host takes is not for all."""
        argv = [str(self._ssh), f"root@{self.address}", command]
        return run(argv, check=check, timeout=self._patience)

    @property
    def _patience(self) -> float:
        return BOOT_SECONDS * self.system.patience


def make_key(path: Path) -> None:
    """Make a throw-away SSH key pair at `path` and `path`.pub."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path])
