"""What a deployment moved and how long it took."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fetched:
    """One archive of a deployment: what it cost to bring it into place.

    `kind` is `resource` or `function`, `name` the resource's name or the function's ARN. `kept`
    says that its tree was there already: then nothing was fetched and the seconds are 0.
    `download_bytes` came over the link, `unpacked_bytes` is the sum of the files' sizes.
    """

    kind: str
    name: str
    s3_uri: str
    destination: str
    sha256: str
    kept: bool
    download_bytes: int = 0
    download_seconds: float = 0.0
    check_seconds: float = 0.0
    unpack_seconds: float = 0.0
    unpacked_bytes: int = 0
    files: int = 0


@dataclass(frozen=True)
class DeployReport:
    """A deployment that is in force. `seconds` is the whole, with the final switch.

    `isolation` is `mount-namespace` or `relocated`, empty when no function asks for a container.
    """

    group: str
    rows: tuple[Fetched, ...]
    removed: tuple[str, ...]
    seconds: float
    isolation: str = ""

    @property
    def download_bytes(self) -> int:
        """Bytes over the link."""
        return sum(row.download_bytes for row in self.rows)

    @property
    def files(self) -> int:
        """Files written; trees that were kept count nothing."""
        return sum(row.files for row in self.rows)
