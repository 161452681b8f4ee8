"""The IPC's unix socket, served by one thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ggfleet.localcore.v2.session import HANDSHAKE_SECONDS, Operations, Session

Result = TypeVar("Result")
LONGEST = 107
"""Bytes of a unix socket's path, of the 108 that the kernel keeps with the zero at the end."""

OWNER_ONLY = 0o600
NAME = "ipc.socket"


class IpcServer:
    """Listens from `start` to `stop`. `log` gets a line for each connection that was refused.

    `handshake` is how many seconds a connection has to say whose it is.
    """

    def __init__(
        self,
        folder: Path,
        operations: Operations,
        log: Callable[[str], None],
        *,
        handshake: float = HANDSHAKE_SECONDS,
    ) -> None:
        self.path = folder / NAME
        self._operations = operations
        self._log = log
        self._handshake = handshake
        self._short: Path | None = None
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._mistake)
        self._thread = threading.Thread(target=self._loop.run_forever, name="ipc", daemon=True)
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Listen. A path too long for a socket is replaced by one in the temporary folder."""
        if len(str(self.path).encode()) > LONGEST:
            self._short = Path(tempfile.mkdtemp(prefix="ggfleet-"))
            self.path = self._short / NAME
        self.path.unlink(missing_ok=True)
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    async def _listen(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        self.path.chmod(OWNER_ONLY)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # asyncio runs this as one
        self._sessions.add(task)
        try:
            if problem := await Session(reader, writer, self._operations, self._handshake).run():
                self._log(f"IPC: closed: {problem}")
        finally:
            self._sessions.discard(task)

    def _mistake(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """One of ours: it ends one connection, and is told with all that is known."""
        error = context.get("exception")
        trace = traceback.format_exception(error) if isinstance(error, BaseException) else []
        self._log(f"IPC: internal error: {context['message']}\n{''.join(trace)}".rstrip())

    def do(self, work: Callable[[], Result]) -> Result:
        """Return what a call gives on the server's thread, where all operations run."""

        async def call() -> Result:
            return work()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result()

    def stop(self) -> None:
        """Close all connections and remove the socket."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
        self._loop.close()
        self.path.unlink(missing_ok=True)
        if self._short is not None:
            shutil.rmtree(self._short, ignore_errors=True)

    async def _end(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._sessions):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
