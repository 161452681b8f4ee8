"""A network of its own for one test run: a bridge in a namespace that has no way out.

Every name begins with `ggf` and the id of the process that made it, so that runs at the same time do
not meet, and a later run can tell what a killed one has left.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

from fleet.shell import run

BRIDGE_ADDRESS = "10.77.0.1"
_OWNED = re.compile(r"ggf(\d+)(?:-|$)")


class Network:
    """One bridge and the hosts that hang on it."""

    def __init__(self, pid: int) -> None:
        """Make the bridge of the run with this process id."""
        self.name = f"ggf{pid}"
        self._hosts: list[str] = []
        run(["ip", "netns", "add", self.name])
        self._ip("link", "set", "lo", "up")
        self._ip("link", "add", "br0", "type", "bridge")
        self._ip("addr", "add", f"{BRIDGE_ADDRESS}/16", "dev", "br0")
        self._ip("link", "set", "br0", "up")

    def attach(self, host: str) -> tuple[str, str]:
        """Make a namespace for `host`; return its name and the address of its eth0."""
        self._hosts.append(host)
        number = len(self._hosts)
        namespace, address = f"{self.name}-{host}", f"10.77.1.{number}"
        run(["ip", "netns", "add", namespace])
        self._ip("link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0",
                 "netns", namespace)  # fmt: skip
        self._ip("link", "set", f"v{number}", "master", "br0", "up")
        run(["ip", "-n", namespace, "link", "set", "lo", "up"])
        run(["ip", "-n", namespace, "addr", "add", f"{address}/16", "dev", "eth0"])
        run(["ip", "-n", namespace, "link", "set", "eth0", "up"])
        return namespace, address

    def cut(self, host: str) -> None:
        """Take the link of `host` down, as a pulled cable does."""
        self._ip("link", "set", f"v{self._hosts.index(host) + 1}", "down")

    def mend(self, host: str) -> None:
        """Bring the link of `host` up again."""
        self._ip("link", "set", f"v{self._hosts.index(host) + 1}", "up")

    def close(self) -> None:
        """Remove the namespaces of the hosts and of the bridge, and what runs in them."""
        for host in self._hosts:
            remove(f"{self.name}-{host}")
        remove(self.name)

    def _ip(self, *words: str) -> None:
        run(["ip", "-n", self.name, *words])


def remove(namespace: str) -> None:
    """End the processes of a namespace that is ours (SSH masters, servers), then remove it."""
    for pid in run(["ip", "netns", "pids", namespace], check=False).split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    run(["ip", "netns", "del", namespace], check=False)


def is_left_over(name: str) -> bool:
    """Tell whether `name` is one of ours and the run that made it is no more."""
    owner = _OWNED.match(name)
    return owner is not None and not Path("/proc", owner[1]).exists()


def sweep() -> None:
    """Remove the namespaces of runs that were killed."""
    for line in run(["ip", "netns", "list"]).splitlines():
        if is_left_over(namespace := line.split(maxsplit=1)[0]):
            remove(namespace)
