"""The S3 endpoint on this machine: starts, holds objects, and ends with its parent."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

import ggfleet
from ggfleet.errors import CoreError
from ggfleet.localcore import S3Endpoint

PARENT = """
import sys, time
from pathlib import Path
from ggfleet.localcore import S3Endpoint
with S3Endpoint(Path(sys.argv[1])) as endpoint:
    print(endpoint.endpoint_url, flush=True)
    time.sleep(600)
"""


def listens(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(parts.hostname), int(parts.port or 0))) == 0


def test_objects_keep_their_metadata_and_the_server_ends(tmp_path: Path) -> None:
    with S3Endpoint(tmp_path / "s3.log") as endpoint:
        url = endpoint.endpoint_url
        assert url.startswith("http://127.0.0.1:")
        client = boto3.client(
            "s3",
            endpoint_url=url,
            region_name="eu-west-1",
            aws_access_key_id="local",
            aws_secret_access_key="local",
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )
        place = {"LocationConstraint": "eu-west-1"}
        client.create_bucket(Bucket="bucket", CreateBucketConfiguration=place)
        client.put_object(Bucket="bucket", Key="a/b.zip", Body=b"zip", Metadata={"sha256": "00"})
        head = client.head_object(Bucket="bucket", Key="a/b.zip")
        assert (head["ContentLength"], head["Metadata"]) == (3, {"sha256": "00"})
        client.close()
    assert not listens(url)


def test_the_server_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    generator = str(Path(ggfleet.__file__).parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path / "s3.log")],
        env={**os.environ, "PYTHONPATH": generator},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert listens(url)
        parent.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while listens(url):
        assert time.monotonic() < end, "the server outlived its parent"
        time.sleep(0.05)


def test_a_missing_extra_says_what_to_install(tmp_path: Path) -> None:
    with (
        pytest.raises(CoreError, match="needs no_such_module") as caught,
        S3Endpoint(tmp_path / "s3.log", needed=["moto", "no_such_module"]),
    ):
        pass
    assert caught.value.fix == "pip install 'ggfleet[local]'"
