"""Reading objects from S3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from ggfleet.cloud.errors import code_of, explained
from ggfleet.cloud.session import S3Client
from ggfleet.errors import CloudError
from ggfleet.system.files import atomic_file

SHA256 = "sha256"
"""The object metadata that carries the SHA-256 of the object's bytes, in hexadecimal digits."""


@dataclass(frozen=True)
class ObjectInfo:
    """An object: its size in bytes, and the SHA-256 that its writer recorded, if any."""

    size: int
    sha256: str | None


def split_uri(uri: str) -> tuple[str, str]:
    """`s3://bucket/some/key` -> bucket and key."""
    parts = urlsplit(uri, allow_fragments=False)
    key = uri.removeprefix(f"s3://{parts.netloc}/")
    if parts.scheme != "s3" or not parts.netloc or not key or key == uri:
        raise CloudError(f"{uri} is not an S3 URI", fix="write it like s3://bucket/key")
    return parts.netloc, key


class ObjectStore:
    """Objects by their `s3://` URI. Raises `CloudError` when the endpoint refuses or is silent."""

    def __init__(self, s3: S3Client) -> None:
        self._s3 = s3

    def head(self, s3_uri: str) -> ObjectInfo:
        """What is known of an object without fetching it."""
        with explained(f"reading {s3_uri}"):
            return _info(self._head(s3_uri))

    def find(self, s3_uri: str) -> ObjectInfo | None:
        """Likewise, or None when there is no such object (or no such bucket: HEAD cannot tell)."""
        with explained(f"reading {s3_uri}"):
            try:
                return _info(self._head(s3_uri))
            except ClientError as error:
                if code_of(error) in ("404", "NoSuchKey"):
                    return None
                raise

    def download(self, s3_uri: str, path: Path, advance: Callable[[int], None]) -> None:
        """Write an object to a file, which appears whole or not at all.

        `advance` hears how many bytes more have come, from the calling thread. The bytes are not
        compared with a digest: the caller knows which one to trust.
        """
        bucket, key = split_uri(s3_uri)
        # One thread: a device's link is the limit here, and the listener need not be thread-safe.
        config = TransferConfig(use_threads=False)
        with explained(f"downloading {s3_uri}"), atomic_file(path) as stream:
            self._s3.download_fileobj(bucket, key, stream, Callback=advance, Config=config)

    def _head(self, s3_uri: str) -> dict[str, object]:
        bucket, key = split_uri(s3_uri)
        answer: dict[str, object] = self._s3.head_object(Bucket=bucket, Key=key)
        return answer


def _info(answer: dict[str, object]) -> ObjectInfo:
    metadata = answer.get("Metadata", {})
    size = answer["ContentLength"]
    assert isinstance(metadata, dict)
    assert isinstance(size, int)
    return ObjectInfo(size, metadata.get(SHA256))
