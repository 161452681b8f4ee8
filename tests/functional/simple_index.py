"""A package index on loopback (PEP 503), which may want a name and a password."""

from __future__ import annotations

import base64
import contextlib
import functools
import re
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from packaging.utils import canonicalize_name, parse_wheel_filename

from ggfleet.system.files import sha256

METADATA = re.compile(r"[^/]+\.dist-info/METADATA")

digest = functools.cache(sha256)


class SimpleIndex:
    """Serves the wheels of a folder; `asked` are the paths that were asked for."""

    def __init__(self, folder: Path, login: str = "") -> None:
        self.folder = folder
        self.asked: list[str] = []
        self.authorised: list[str] = []
        self.wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
        self.url = ""

    def page(self, package: str) -> bytes | None:
        """The page of a package, or nothing where no wheel is one of it."""
        links = [
            f'<a href="/files/{wheel.name}#sha256={digest(wheel)}" data-core-metadata="true">'
            f"{wheel.name}</a>"
            for wheel in sorted(self.folder.glob("*.whl"))
            if canonicalize_name(parse_wheel_filename(wheel.name)[0]) == package
        ]
        return f"<!DOCTYPE html><body>{''.join(links)}</body>".encode() if links else None

    def file(self, name: str) -> bytes | None:
        """A wheel, or its metadata (PEP 658)."""
        wheel = self.folder / name.removesuffix(".metadata")
        if not wheel.is_file():
            return None
        if wheel.name == name:
            return wheel.read_bytes()
        with zipfile.ZipFile(wheel) as opened:
            [metadata] = [each for each in opened.namelist() if METADATA.fullmatch(each)]
            return opened.read(metadata)

    def packages(self) -> set[str]:
        """The names of packages whose pages were asked for."""
        return {path.split("/")[2] for path in self.asked if path.startswith("/simple/")}


@contextlib.contextmanager
def serving(folder: Path, login: str = "") -> Iterator[SimpleIndex]:
    """Serve until the block ends."""
    index = SimpleIndex(folder, login)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(with_body=True)

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def answer(self, *, with_body: bool) -> None:
            index.asked.append(self.path)
            said = self.headers.get("Authorization", "")
            if said:
                index.authorised.append(said)
            body, kind = self.find()
            if index.wanted and said != index.wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="test"')
                body = b""
            else:
                self.send_response(404 if body is None else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if with_body:
                self.wfile.write(body or b"")

        def find(self) -> tuple[bytes | None, str]:
            if self.path.startswith("/simple/"):
                return index.page(self.path.split("/")[2]), "text/html"
            return index.file(unquote(self.path.rpartition("/")[2])), "application/octet-stream"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    index.url = f"http://127.0.0.1:{server.server_port}/simple"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
