"""The two calls of Greengrass V2 that list cores, on a free port; moto has no such service.

Written from the API's model (paths, names of members, form of errors), as botocore has it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

PATH = "/greengrass/v2/coreDevices"
PAGE = 2
"""Cores in a page, however many are asked for, so that few of them need pages."""


@dataclass
class Cores:
    """What the service knows, by thing name, and what it was asked."""

    url: str
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    denied: bool = False
    asked: list[str] = field(default_factory=list)

    def answer(self, target: str) -> tuple[int, str, dict[str, Any]]:
        """Status, error type (or nothing) and body for the path and query of a GET."""
        self.asked.append(target)
        path = unquote(urlsplit(target).path)
        if self.denied:
            return 403, "AccessDeniedException", {"message": "no policy allows it"}
        if path == PATH:
            query = parse_qs(urlsplit(target).query)
            return 200, "", self._page(int(query.get("nextToken", ["0"])[0]))
        core = self.known.get(path.removeprefix(f"{PATH}/"))
        if core is None:
            return 404, "ResourceNotFoundException", {"message": "no such core"}
        return 200, "", core

    def _page(self, start: int) -> dict[str, Any]:
        left_out = ("coreVersion", "tags")
        cores = [
            {key: value for key, value in core.items() if key not in left_out}
            for core in self.known.values()
        ]
        more = {"nextToken": str(start + PAGE)} if len(cores) > start + PAGE else {}
        return {"coreDevices": cores[start : start + PAGE], **more}


@contextmanager
def greengrass_v2() -> Iterator[Cores]:
    """Serve until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, error, body = cores.answer(self.path)
            content = json.dumps(body).encode()
            self.send_response(status)
            if error:
                self.send_header("x-amzn-ErrorType", error)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cores = Cores(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield cores
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
