"""The server on the controller that devices fetch from: like S3 or an index, on links that break.

    python -m ggfleet.compare.matrix.server ADDRESS PORT FOLDER

A path begins with how often connections break: `/DROP_MB/SEED/path/of/file`. Each connection ends
after a number of megabytes drawn from an exponential distribution of this mean; 0 is never. A
folder is listed as `pip --find-links` reads it.
"""

from __future__ import annotations

import html
import random
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ggfleet.compare.served import Served

MB = 1e6
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body are two writes; waiting for the first one's answer would cost a round trip.
    disable_nagle_algorithm = True
    server: _Server
    left: float | None = None

    def do_GET(self) -> None:
        """Send a file, the part of it that is asked for, or the list of a folder."""
        path = self._found()
        if path is None:
            self._head(404, 0)
        elif path.is_dir():
            self._list(path)
        else:
            self._send(path)

    def do_HEAD(self) -> None:
        """Say what GET would: uv asks so."""
        self.do_GET()

    def _found(self) -> Path | None:
        words = unquote(urlsplit(self.path).path).strip("/").split("/")
        try:
            mean, seed = float(words[0]), int(words[1])
        except (ValueError, IndexError):
            return None
        if self.left is None and mean:
            self.left = self.server.lasts(mean, seed)
        path = self.server.folder.joinpath(*words[2:])
        inside = ".." not in words and path.exists()
        return path if inside else None

    def _list(self, folder: Path) -> None:
        names = sorted(html.escape(path.name) for path in folder.iterdir())
        body = "".join(f'<a href="{name}">{name}</a>\n' for name in names).encode()
        self._head(200, len(body), kind="text/html")
        if self.command == "GET":
            self.wfile.write(body)

    def _send(self, path: Path) -> None:
        size = path.stat().st_size
        first, last = self._range(size)
        if first > last and size:
            self._head(416, 0)
            return
        part = f"bytes {first}-{last}/{size}" if "Range" in self.headers else ""
        self._head(206 if part else 200, last - first + 1, part)
        if self.command == "GET":
            self._pour(path, first, last - first + 1)

    def _range(self, size: int) -> tuple[int, int]:
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        if asked is None:
            return 0, size - 1
        return int(asked[1]), min(int(asked[2] or size), size - 1)

    def _head(self, status: int, length: int, part: str = "", kind: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("Content-Type", kind or "application/octet-stream")
        self.send_header("Accept-Ranges", "bytes")
        if part:
            self.send_header("Content-Range", part)
        self.end_headers()

    def _pour(self, path: Path, first: int, count: int) -> None:
        passes = count if self.left is None else min(count, int(self.left))
        self.wfile.flush()
        with path.open("rb") as stream:
            if passes:
                self.connection.sendfile(stream, first, passes)
        if self.left is not None:
            self.left -= passes
        if passes < count:
            self.close_connection = True

    def handle(self) -> None:
        """Answer until the device or the break ends the connection."""
        try:
            super().handle()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the device counts."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], folder: Path) -> None:
        self.folder = folder
        self._draws: dict[int, random.Random] = {}
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def lasts(self, mean: float, seed: int) -> float:
        """Bytes until the next connection with this seed breaks."""
        with self._lock:
            draw = self._draws.setdefault(seed, random.Random(seed))  # noqa: S311 - no secret
            return draw.expovariate(1 / mean) * MB


class GoodsServer(Served):
    """Serves a folder on an address of this machine while the `with` block lasts."""

    def __init__(self, folder: Path, address: str = "127.0.0.1", port: int = 0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(_Server((address, port), folder))


def main(address: str, port: str, folder: str) -> None:
    """Serve until ended; one line on standard output tells the port."""
    server = _Server((address, int(port)), Path(folder))
    print(server.server_address[1], flush=True)  # noqa: T201 - what its starter waits for
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
