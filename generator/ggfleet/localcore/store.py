"""What the core asks of an object store. `ggfleet.cloud` has the real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class ObjectInfo(Protocol):
    """What is known of an object before it is fetched."""

    @property
    def size(self) -> int:
        """Bytes."""

    @property
    def sha256(self) -> str | None:
        """The hexadecimal SHA-256 of its content, where whoever wrote it recorded one."""


class Store(Protocol):
    """Objects by URI (`s3://BUCKET/KEY`). Both methods raise GgfleetError for a missing object."""

    def head(self, s3_uri: str) -> ObjectInfo:
        """Ask for an object's size and digest."""

    def download(self, s3_uri: str, path: Path, advance: Callable[[int], None]) -> object:
        """Write an object's content to `path`, telling `advance` the bytes of each piece."""
