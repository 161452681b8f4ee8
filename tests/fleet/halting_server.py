"""A web server that stops in the middle of every file; a program, started by `server.py`.

    halting_server.py ADDRESS PORT FOLDER

It makes a file FOLDER/.halted* when half of one has been sent, and sends the rest once there is a
file FOLDER/.go-on, or FOLDER/.go-on-NAME for the one file.
"""

from __future__ import annotations

import sys
import time
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class Halting(SimpleHTTPRequestHandler):
    """Serves files by halves."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Send the first half, wait, send the second."""
        content = source.read()
        outputfile.write(content[: len(content) // 2])
        outputfile.flush()
        Path(self.directory, f".halted{self.client_address[1]}").touch()
        signals = [
            Path(self.directory, name) for name in (".go-on", f".go-on-{Path(self.path).name}")
        ]
        while not any(signal.exists() for signal in signals):
            time.sleep(0.05)
        outputfile.write(content[len(content) // 2 :])


def main(address: str, port: str, folder: str) -> None:
    """Serve until killed."""
    server = ThreadingHTTPServer((address, int(port)), partial(Halting, directory=folder))
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
