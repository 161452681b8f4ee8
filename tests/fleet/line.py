"""A second link of a test host, for what is measured: shaped, delayed, lossy, and counted by itself.

    line.py PARENT NETWORK NAMESPACE NEAR FAR DELAY_MS LOSS

Unshaped it is a pair of virtual network cards. Shaped it is two TAP devices with this program
between them, a line in user space: every frame (no larger than on a wire) waits DELAY_MS or is
lost. That needs no netem, which few small kernels have. The rate is the kernel's token bucket on
the server's end; a sender on this machine is held back by it, where a router would drop.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from fleet.boot import die_with
from fleet.network import Network
from fleet.shell import run

NEAR, FAR = "measured", "eth1"
"""The names of the link's ends: in the network's namespace, and on the host."""
SET_INTERFACE, TAP, NO_INFORMATION = 0x400454CA, 0x0002, 0x1000
NEW_NET = 0x40000000
FRAME = 2048
AT_ONCE = 128
SEED = 1


class Line:
    """The link between the network's namespace and one host. One of a network at a time."""

    server_address, host_address = "10.78.0.1", "10.78.0.2"

    def __init__(self, network: Network, namespace: str) -> None:
        """Make the link, unshaped."""
        self._network, self._namespace = network.name, namespace
        self._process: subprocess.Popen[bytes] | None = None
        self._plain()

    def shape(self, mbit_s: float, round_trip_ms: float = 0.0, loss: float = 0.0) -> None:
        """Give the link another shape; connections over it end."""
        self.close()
        if round_trip_ms or loss:
            self._in_user_space(round_trip_ms / 2, loss)
        else:
            self._plain()
        if mbit_s:
            # A bucket of 1 ms at least, and some frames: the smallest that reaches the rate.
            burst = max(int(mbit_s * 125), 6000)
            self._near("qdisc", "add", "dev", NEAR, "root", "tbf", "rate", f"{mbit_s}mbit",
                       "burst", str(burst), "latency", "400ms", tool="tc")  # fmt: skip

    def close(self) -> None:
        """Remove the link."""
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=10)
            self._process = None
        else:
            self._near("link", "delete", NEAR)

    def _plain(self) -> None:
        self._near("link", "add", NEAR, "type", "veth", "peer", "name", FAR,
                   "netns", self._namespace)  # fmt: skip
        # Frames as on a wire: larger ones would be counted with one header instead of forty.
        self._near("link", "set", NEAR, "gso_max_segs", "1")
        self._up()

    def _in_user_space(self, delay_ms: float, loss: float) -> None:
        argv = [sys.executable, "-m", "fleet.line", str(os.getpid())]
        ends = [self._network, self._namespace, NEAR, FAR]
        self._process = subprocess.Popen(
            [*argv, *ends, str(delay_ms), str(loss)], cwd=Path(__file__).parents[1],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        assert self._process.stdout.readline()  # it says so when the ends are there
        self._up()

    def _up(self) -> None:
        for namespace, end, address in (
            (self._network, NEAR, self.server_address),
            (self._namespace, FAR, self.host_address),
        ):
            run(["ip", "-n", namespace, "addr", "add", f"{address}/30", "dev", end])
            run(["ip", "-n", namespace, "link", "set", end, "up"])

    def _near(self, *words: str, tool: str = "ip") -> None:
        run([tool, "-n", self._network, *words])


def end(namespace: str, name: str) -> int:
    """Make a TAP device in a namespace, which lives as long as the descriptor is open."""
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if libc.setns(there, NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "setns", namespace)
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    request = struct.pack("16sH22x", name.encode(), TAP | NO_INFORMATION)
    fcntl.ioctl(tap, SET_INTERFACE, request)
    if libc.setns(home, NEW_NET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(there)
    os.close(home)
    return tap


def carry(ends: tuple[int, int], delay: float, loss: float) -> None:
    """Carry frames between both ends until killed; `delay` in seconds."""
    other = {ends[0]: ends[1], ends[1]: ends[0]}
    waiting: deque[tuple[float, int, bytes]] = deque()
    chance = random.Random(SEED)
    poll = select.epoll()
    for each in ends:
        poll.register(each, select.EPOLLIN)
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, into, frame = waiting.popleft()
            send(into, frame)
        pause = max(0.0, waiting[0][0] - now) if waiting else -1
        for came, _ in poll.poll(pause):
            for frame in frames(came):
                if not loss or chance.random() >= loss:
                    waiting.append((time.monotonic() + delay, other[came], frame))


def frames(tap: int) -> list[bytes]:
    """What has come from one end, not too much at once."""
    found = []
    for _ in range(AT_ONCE):
        try:
            found.append(os.read(tap, FRAME))
        except BlockingIOError:
            break
    return found


def send(tap: int, frame: bytes) -> None:
    """Hand a frame to the other end, which may be down."""
    try:
        os.write(tap, frame)
    except OSError:
        return


def main(parent: str, network: str, namespace: str, near: str, far: str, *shape: str) -> None:
    """Make the ends, say so, carry."""
    die_with(int(parent))
    delay_ms, loss = shape
    ends = end(network, near), end(namespace, far)
    print("there", flush=True)
    carry(ends, float(delay_ms) / 1000, float(loss))


if __name__ == "__main__":
    main(*sys.argv[1:])
