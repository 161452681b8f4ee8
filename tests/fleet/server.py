"""A web server on the bridge of a test network, for what hosts download."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from fleet.network import BRIDGE_ADDRESS, Network

PORT = 8080  # the network namespace is ours alone, so nothing else can have it


class Server:
    """Serves a folder to the hosts."""

    def __init__(self, network: Network, folder: Path) -> None:
        """Start to serve; hosts reach `folder` at `url`."""
        self.url = f"http://{BRIDGE_ADDRESS}:{PORT}"
        argv = [
            "ip", "netns", "exec", network.name, sys.executable, "-u", "-m", "http.server",
            str(PORT), f"--bind={BRIDGE_ADDRESS}", f"--directory={folder}",
        ]  # fmt: skip
        self._process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it says so when it listens

    def close(self) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.communicate(timeout=10)
