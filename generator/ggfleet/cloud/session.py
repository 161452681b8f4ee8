"""Clients: where they connect, how long they wait, how often they try."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

from ggfleet.errors import CloudError

S3Client = Any
Client = Any
"""boto3 makes its clients at run time and ships no types for them."""

CONNECT_SECONDS = 10
READ_SECONDS = 60
TRIES = 5
"""Five tries with the waits of boto3's standard mode ride out about half a minute of trouble."""

TRIES_OF_MANY = 10
"""Control planes take ten requests a second or so: many cores at once meet that limit."""
THREADS = 8


def s3_client(region: str, endpoint_url: str | None = None) -> S3Client:
    """A client for S3, or for another endpoint that speaks its protocol.

    Credentials come from where boto3 looks for them: environment, `~/.aws`, instance role. None is
    asked for before the first call.
    """
    return _client("s3", region, endpoint_url, _config(endpoint_url))


@dataclass(frozen=True)
class Clients:
    """What registration talks to. Threads may share them."""

    iot: Client
    iam: Client


def clients(region: str, endpoint_url: str | None = None) -> Clients:
    """Clients for AWS IoT and IAM, which slow down when the services ask for it."""
    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": TRIES_OF_MANY, "mode": "adaptive"},
        max_pool_connections=THREADS,
    )
    return Clients(
        _client("iot", region, endpoint_url, config), _client("iam", region, endpoint_url, config)
    )


def _client(service: str, region: str, endpoint_url: str | None, config: Config) -> Client:
    try:
        return boto3.client(service, region, endpoint_url=endpoint_url, config=config)
    except ValueError as error:
        fix = "write it like https://s3.example.com"
        raise CloudError(f"{endpoint_url} is no endpoint: {error}", fix=fix) from error


def local_s3_client(region: str, endpoint_url: str) -> S3Client:
    """A client for an endpoint on this machine, with made-up credentials.

    The user's own ones may be missing, and have no business there.
    """
    return boto3.client(
        "s3",
        region,
        endpoint_url=endpoint_url,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - no secret: the endpoint is on this machine
        config=_config(endpoint_url),
    )


def _config(endpoint_url: str | None) -> Config:
    # Elsewhere than at AWS, `bucket.host` is rarely a name that resolves.
    s3 = {"addressing_style": "path" if endpoint_url else "auto"}
    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"total_max_attempts": TRIES, "mode": "standard"},
        s3=s3,
    )
