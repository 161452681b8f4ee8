"""A web server on the bridge that knows ranges, asks for a password, counts, and cuts the link.

    file_server.py ADDRESS PORT FOLDER

What a test wants of it stands in files of FOLDER, read at each request: `.cut` holds how many bytes of
wheels and archives may still pass before the link is dead, `.login` the `user:password` that must be
given. Each request becomes a line of `.requests`: {"path", "start", "sent"}.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from fleet.network import BRIDGE_ADDRESS, Network

PORT = 8090
UNCUT = 1 << 62


class Handler(BaseHTTPRequestHandler):
    """Answers for files below `folder`."""

    folder: Path
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Send a file, or the part of it that is asked for."""
        login = self._setting("login")
        given = self.headers.get("Authorization", "")
        if login and given != f"Basic {base64.b64encode(login.encode()).decode()}":
            self._refuse(401)
            return
        path = self.folder / self.path.partition("?")[0].strip("/")
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self._refuse(404)
            return
        self._send(path.read_bytes())

    def do_HEAD(self) -> None:
        """Say what GET would, without the body: uv asks so."""
        self.do_GET()

    def _send(self, content: bytes) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(asked[1]) if asked else 0
        if self._budget() == 0:
            self.close_connection = True
            return
        if start and start >= len(content):
            self._refuse(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(content) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "text/plain")
        self.end_headers()
        if self.command == "HEAD":
            return
        passed = content[start:][: self._budget()]
        self.wfile.write(passed)
        self._spend(len(passed))
        self._note(start, len(passed))
        self.close_connection = start + len(passed) < len(content)

    def _budget(self) -> int:
        return int(self._setting("cut") or UNCUT) if self._is_large() else UNCUT

    def _spend(self, count: int) -> None:
        if self._is_large() and self._setting("cut"):
            (self.folder / ".cut").write_text(str(self._budget() - count))

    def _is_large(self) -> bool:
        return self.path.endswith((".whl", ".zip", ".squashfs"))

    def _refuse(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self._note(0, 0)

    def _setting(self, name: str) -> str:
        path = self.folder / f".{name}"
        return path.read_text() if path.exists() else ""

    def _note(self, start: int, sent: int) -> None:
        with (self.folder / ".requests").open("a") as notes:
            notes.write(json.dumps({"path": self.path, "start": start, "sent": sent}) + "\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


class FileServer:
    """The server, and what it has been asked."""

    def __init__(self, network: Network, folder: Path) -> None:
        """Start to serve; hosts reach `folder` at `url`."""
        self.folder, self.url = folder, f"http://{BRIDGE_ADDRESS}:{PORT}"
        program = [sys.executable, "-u", "-m", "fleet.file_server", BRIDGE_ADDRESS, str(PORT)]
        self._process = subprocess.Popen(
            ["ip", "netns", "exec", network.name, *program, folder],
            cwd=Path(__file__).parents[1], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it says so when it listens

    @contextlib.contextmanager
    def setting(self, name: str, value: str) -> Any:
        """Set `cut` or `login` while the block runs."""
        path = self.folder / f".{name}"
        path.write_text(value)
        try:
            yield
        finally:
            path.unlink()

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests since the last call."""
        notes = self.folder / ".requests"
        lines = notes.read_text().splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def close(self) -> None:
        """Stop the server."""
        self._process.terminate()
        self._process.communicate(timeout=10)


def main(address: str, port: str, folder: str) -> None:
    """Serve until killed."""
    handler = type("FolderHandler", (Handler,), {"folder": Path(folder)})
    server = ThreadingHTTPServer((address, int(port)), handler)
    print("listening", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
