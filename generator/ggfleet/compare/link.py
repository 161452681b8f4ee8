"""A link that counts: a relay on loopback in front of a server, for whatever protocol it speaks.

Both strategies fetch through one, so that their bytes are counted alike: at the connection, with
headers, retries and encryption's absence included.
"""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from ggfleet.compare.served import Served

CHUNK = 1 << 16
_Handle = Callable[[socket.socket], None]


class CountedLink(Served):
    """Relays TCP connections to `target_url`'s host and port while the `with` block lasts."""

    def __init__(self, target_url: str) -> None:
        parts = urlsplit(target_url)
        self._target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._lock = threading.Lock()
        self._received = 0
        super().__init__(_Relay(("127.0.0.1", 0), self._connection))

    @property
    def received(self) -> int:
        """Bytes that have come from the server so far."""
        with self._lock:
            return self._received

    def _connection(self, client: socket.socket) -> None:
        with client, socket.create_connection(self._target) as server:
            upward = threading.Thread(target=self._pump, args=(client, server, False), daemon=True)
            upward.start()
            self._pump(server, client, True)
            upward.join()

    def _pump(self, source: socket.socket, sink: socket.socket, count: bool) -> None:
        try:
            while chunk := source.recv(CHUNK):
                if count:
                    with self._lock:
                        self._received += len(chunk)
                sink.sendall(chunk)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # One side has gone; closing both tells the other.
            source.close()
            sink.close()


class _Relay(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handle: _Handle) -> None:
        self._handle = handle
        super().__init__(address, socketserver.BaseRequestHandler)

    def finish_request(self, request: object, client_address: object) -> None:  # noqa: ARG002
        assert isinstance(request, socket.socket)
        self._handle(request)
