"""All that one test run makes: root, network, SSH keys, hosts. Closing it leaves nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from fleet import emulation, network
from fleet.emulation import Emulation
from fleet.host import Host, make_key
from fleet.rootfs import rootfs
from fleet.system import BOOKWORM, System

# Overlay uppers must not lie on an overlay themselves, which the root of a container is.
MEMORY = Path("/dev/shm")
TABLE = "interpreters"
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
ENOUGH = 8192
"""Instances of inotify for root, who is the same on all hosts: with the usual 128, systemd and its
services fail from the sixth host on or so. It stays as it was set until the machine boots again:
another run may count on it."""


class Fleet:
    """The hosts of one test run."""

    def __init__(self) -> None:
        """Sweep what killed runs left, then make an empty fleet."""
        sweep()
        if int(INOTIFY.read_text()) < ENOUGH:
            INOTIFY.write_text(str(ENOUGH))
        self._emulation: Emulation | None = None
        self.folder = MEMORY / f"ggf{os.getpid()}"
        self.folder.mkdir(mode=0o700)
        self.network = network.Network(os.getpid())
        self.hosts: list[Host] = []
        # What playbooks find in their environment besides what all of them do.
        self.environment: dict[str, str] = {}
        self.key = self.folder / "id"
        make_key(self.key)
        self.known_hosts = self.folder / "known_hosts"
        self.ssh_executable = self._script("ssh-in-network", 'ssh "$@"')
        options = f"-i {self.key} -o IdentitiesOnly=yes -o UserKnownHostsFile={self.known_hosts}"
        self.ssh = self._script("ssh", f'ssh {options} -o ConnectTimeout=5 "$@"')

    def boot(self, *names: str, system: System = BOOKWORM) -> list[Host]:
        """Boot new hosts, all at once, and wait for them. A name can be used once in a run."""
        root = self.rootfs(system)
        used = {host.name for host in self.hosts} & set(names)
        assert not used, f"booted before in this run: {used}"
        new = [self._add(name, system) for name in names]
        for host in new:
            host.boot(root)
        for host in new:
            host.wait()
        return new

    def rootfs(self, system: System) -> Path:
        """Return the root of a system, built now if need be; make its programs run if need be."""
        if system.is_emulated and self._emulation is None:
            self._emulation = Emulation(self.folder / TABLE, self.network.name)
        return rootfs(system)

    def end_hosts(self) -> None:
        """End the hosts that are there, and give back what they have written; names stay used."""
        for host in self.hosts:
            host.close()
            shutil.rmtree(host.state, ignore_errors=True)

    def boot_again(self, hosts: list[Host]) -> None:
        """Boot hosts whose power was cut, all at once, and wait for them."""
        before = [host.boots() for host in hosts]
        for host in hosts:
            host.boot(self.rootfs(host.system))
        for host, boots in zip(hosts, before, strict=True):
            host.wait(boots + 1)

    def close(self) -> None:
        """End all hosts and remove all that was made."""
        for host in self.hosts:
            host.close()
        if self._emulation is not None:
            self._emulation.close()
        self.network.close()
        shutil.rmtree(self.folder)

    def _add(self, name: str, system: System) -> Host:
        namespace, address = self.network.attach(name)
        host = Host(name, address, namespace, self.folder / name, self.ssh, system)
        self.hosts.append(host)
        host.prepare(self.key.with_suffix(".pub").read_text())
        with self.known_hosts.open("a") as known:
            known.write(host.known_host())
        return host

    def _script(self, name: str, command: str) -> Path:
        path = self.folder / name
        path.write_text(f"#!/bin/sh\nexec ip netns exec {self.network.name} {command}\n")
        path.chmod(0o755)
        return path


def sweep() -> None:
    """Remove what killed runs left. Their hosts have gone with them."""
    network.sweep()
    for folder in MEMORY.glob("ggf*"):
        if network.is_left_over(folder.name):
            emulation.sweep(folder / TABLE)
            shutil.rmtree(folder, ignore_errors=True)
