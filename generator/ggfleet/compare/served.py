"""Servers that a measurement starts and ends."""

from __future__ import annotations

import socketserver
import threading
from typing import Self


class Served:
    """A server that answers at `url`, on its `port`, while the `with` block lasts."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self.port: int = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
