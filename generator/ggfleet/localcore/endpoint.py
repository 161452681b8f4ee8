"""An S3 endpoint on this machine: a moto server in a process of its own."""

from __future__ import annotations

import importlib.util
import os
import selectors
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Self

from ggfleet.errors import CoreError

SERVER = Path(__file__).with_name("s3_server.py")
NEEDED = ("moto", "flask", "flask_cors")
START_TIMEOUT = 60.0
STOP_TIMEOUT = 5.0


class S3Endpoint:
    """A context manager; `endpoint_url` is for boto3's S3 client. Objects live as long as it does.

    `log` is the file that the server's messages go to. Raises CoreError when the extra `local` is
    not installed or the server does not start within a minute.
    """

    def __init__(self, log: Path, *, needed: Sequence[str] = NEEDED) -> None:
        self.endpoint_url = ""
        self._log = log
        self._needed = needed
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._check_installed()
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            # -P: the server's folder has modules whose names are not for others to find.
            self._server = subprocess.Popen(
                [sys.executable, "-P", str(SERVER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        assert self._server.stdout is not None  # it is a pipe
        try:
            self.endpoint_url = f"http://127.0.0.1:{self._port(self._server.stdout)}"
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _check_installed(self) -> None:
        missing = [name for name in self._needed if importlib.util.find_spec(name) is None]
        if missing:
            raise CoreError(
                f"the local S3 endpoint needs {', '.join(missing)}",
                fix="pip install 'ggfleet[local]'",
            )

    def _port(self, stream: IO[bytes]) -> int:
        """The port that the server tells when it listens."""
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            line = stream.readline() if selector.select(START_TIMEOUT) else b""
        if not line.strip().isdigit():
            said = self._log.read_text(errors="replace").strip().splitlines()[-5:]
            raise CoreError("the local S3 endpoint does not start:\n" + "\n".join(said))
        return int(line)

    def stop(self) -> None:
        """End the server; its objects are gone."""
        if self._server is None:
            return
        assert self._server.stdin is not None  # it is a pipe
        assert self._server.stdout is not None
        self._server.stdin.close()
        try:
            self._server.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait()
        self._server.stdout.close()
        self._server = None
