"""Web servers on the bridge of a test network, for what hosts download."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from fleet.network import BRIDGE_ADDRESS, Network
from fleet.pki import Authority

# The network namespace is ours alone, so nothing else can have these.
PORT = 8080
HALTING_PORT = 8081
MQTT_PORT = 8883
ENDPOINT_PROGRAM = Path(__file__).with_name("endpoint.py")
HALTING_PROGRAM = Path(__file__).with_name("halting_server.py")


class Server:
    """Serves a folder to the hosts."""

    def __init__(self, network: Network, folder: Path) -> None:
        """Start to serve; hosts reach `folder` at `url`."""
        self.url = f"http://{BRIDGE_ADDRESS}:{PORT}"
        self._serve(
            network, "-m", "http.server", PORT, f"--bind={BRIDGE_ADDRESS}", f"--directory={folder}"
        )

    def _serve(self, network: Network, *words: object) -> None:
        argv = ["ip", "netns", "exec", network.name, sys.executable, "-u", *map(str, words)]
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it says so when it listens

    def close(self) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.communicate(timeout=10)


class Endpoint(Server):
    """A stand-in for the data endpoint of AWS IoT, for devices of one certificate authority."""

    def __init__(self, network: Network, authority: Authority) -> None:
        """Start to take connections."""
        certificate, key = authority.issue("endpoint")
        self._serve(
            network,
            ENDPOINT_PROGRAM,
            BRIDGE_ADDRESS,
            MQTT_PORT,
            certificate,
            key,
            authority.root_ca,
        )


class HaltingServer(Server):
    """Serves a folder, and stops in the middle of every file until it is told to go on."""

    def __init__(self, network: Network, folder: Path) -> None:
        """Start to serve; hosts reach `folder` at `url`."""
        self.url = f"http://{BRIDGE_ADDRESS}:{HALTING_PORT}"
        self._folder = folder
        self._serve(network, HALTING_PROGRAM, BRIDGE_ADDRESS, HALTING_PORT, folder)

    def wait_halted(self, files: int, seconds: float = 120) -> None:
        """Wait until half of so many files has been sent."""
        deadline = time.monotonic() + seconds
        while len(list(self._folder.glob(".halted*"))) < files:
            assert time.monotonic() < deadline, "nobody asked for the files"
            time.sleep(0.1)

    def go_on(self, name: str = "") -> None:
        """Send the rest of all files, those to come too, or of the one with a name."""
        (self._folder / (f".go-on-{name}" if name else ".go-on")).touch()
