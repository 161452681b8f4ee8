"""Starting the stand-in for AWS IoT, and what tests ask it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3

from ggfleet.cloud.reading import Reader
from ggfleet.cloud.session import Client, Clients

PROGRAM = Path(__file__).with_name("iot_server.py")
REGION = "eu-west-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@dataclass(frozen=True)
class Iot:
    """The running stand-in. `folder` holds its root CA, and the files by which tests steer it."""

    url: str
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes boto3 talk to it, and to nobody else."""
        return {**CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def clients(self) -> Clients:
        """Clients of this process."""
        return Clients(self._client("iot"), self._client("iam"))

    def _client(self, service: str) -> Client:
        """Never with credentials of whoever runs the tests."""
        return boto3.client(
            service,
            REGION,
            endpoint_url=self.url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def reader(self) -> Reader:
        """What it knows."""
        return Reader(self.clients())


@contextmanager
def started_iot(
    folder: Path, *, within: Sequence[str] = (), where: Sequence[str] = ("127.0.0.1", "0")
) -> Iterator[Iot]:
    """Run the stand-in. `within` is a command that runs it elsewhere; `where` its arguments."""
    address, port, *others = where
    argv: list[str | Path] = [*within, sys.executable, PROGRAM, address, port, folder, *others]
    tests = str(PROGRAM.parent)
    path = os.pathsep.join([tests, os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, "the stand-in for AWS IoT did not start"
        yield Iot(url, folder)
    finally:
        process.terminate()
        process.communicate(timeout=10)
