"""A test host that the matrix is measured on: its link, disk and processors as a plan wants them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from fleet.disk import Disk
from fleet.fleet import Fleet
from fleet.line import FAR, Line
from fleet.network import BRIDGE_ADDRESS
from ggfleet.compare.matrix.device import FOLDER, Limits, SshDevice
from ggfleet.compare.matrix.fill import limits_of
from ggfleet.compare.matrix.plan import Conditions
from ggfleet.compare.matrix.strategy import Strategy
from ggfleet.system.process import program

CACHES = Path("/proc/sys/vm/drop_caches")
GENERATOR = Path(__file__).parents[2] / "generator"


@dataclass(frozen=True)
class HostDevice(SshDevice):
    """A test host over the fleet's SSH. Its kernel is this machine's."""

    def drop_caches(self) -> None:
        """Empty the caches of this machine: the host's own /proc/sys is a copy."""
        os.sync()
        CACHES.write_text("3")

    def prepare(self, strategies: Iterable[Strategy]) -> None:
        """Put uv there, too, which no package of the host brings."""
        chosen = list(strategies)
        if any("uv" in strategy.tools for strategy in chosen):
            self.put(program("uv"), "/usr/local/bin/uv")
        super().prepare(chosen)


class Place:
    """A host with a link and a disk of its own, and the server on the other end of the link."""

    def __init__(self, fleet: Fleet, name: str, goods: Path) -> None:
        """Boot the host; serve the folder `goods`."""
        (self.host,) = fleet.boot(name)
        self.line = Line(fleet.network, self.host.namespace)
        self.disk = Disk(self.host, FOLDER)
        self.device = HostDevice(name, FAR, self.host.ssh)
        goods.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "ggfleet.compare.matrix.server", "0.0.0.0", "0", str(goods)]
        self._server = subprocess.Popen(
            ["ip", "netns", "exec", fleet.network.name, *argv], cwd=GENERATOR,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._server.stdout is not None
        self._port = int(self._server.stdout.readline())
        self._conditions: Conditions | None = None

    def set(self, conditions: Conditions) -> Limits:
        """Shape the link, throttle the disk; processors are left to the control group."""
        link, limits = conditions.link, limits_of(conditions)
        if self._conditions is None or self._conditions.link != link:
            self.line.shape(link.mbit_s, link.round_trip_ms, link.loss)
        self._conditions = conditions
        if not self.disk.can_throttle:
            return limits
        self.disk.throttle(limits.read, limits.write)
        return replace(limits, read=0, write=0)

    def beside(self, fleet: Fleet, name: str) -> HostDevice:
        """Boot another host, which reaches the server at `bridge_address` by its first link."""
        (host,) = fleet.boot(name)
        return HostDevice(name, "eth0", host.ssh)

    @property
    def bridge_address(self) -> str:
        """Where every host of the network reaches the server."""
        return f"http://{BRIDGE_ADDRESS}:{self._port}"

    def address(self) -> str:
        """Where the host reaches the server over the measured link."""
        return f"http://{self.line.server_address}:{self._port}"

    def close(self) -> None:
        """End server, host, link and disk."""
        self._server.terminate()
        self._server.communicate(timeout=10)
        self.disk.close()
        self.line.close()
        self.host.close()
