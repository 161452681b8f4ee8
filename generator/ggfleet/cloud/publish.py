"""Archives to S3, each once: an object's key names its content, so it is never overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from botocore.exceptions import ClientError

from ggfleet.cloud.errors import code_of, explained
from ggfleet.cloud.session import S3Client
from ggfleet.cloud.store import ObjectInfo, ObjectStore
from ggfleet.cloud.upload import upload
from ggfleet.errors import BundleError, CloudError
from ggfleet.model import Archive, Manifest
from ggfleet.system.progress import Progress

_OVERTAKEN = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409")
"""Another upload of the same key was faster, or is under way."""


class Outcome(StrEnum):
    """What became of one archive."""

    UPLOADED = "uploaded"
    PRESENT = "present"
    KEPT = "kept"


@dataclass(frozen=True)
class Published:
    """An archive and the object that stands for it.

    `sha256` and `size` are the object's, which for `Outcome.KEPT` are not the local file's.
    """

    archive: Archive
    uri: str
    outcome: Outcome
    sha256: str
    size: int


def publish(
    manifest: Manifest, folder: Path, bucket: str, s3: S3Client, progress: Progress
) -> list[Published]:
    """Upload every archive of a manifest that the bucket does not hold; `folder` is the manifest's.

    A key names the digest of the unpacked tree. An object with that key and another SHA-256 holds
    the same tree, packed by another compressor: it stays (`Outcome.KEPT`), because devices may have
    fetched it and would fetch it again for nothing. So a manifest's `sha256` and `size` speak of
    the local file alone. Whoever fetches an object goes by the object's own metadata `sha256`;
    `tree_sha256` holds for both.

    A repeated call uploads what is still missing. Raises `BundleError` when a local file is not
    what the manifest says, and `CloudError` when the endpoint refuses, is silent, or holds an
    object that ggfleet did not write.
    """
    store = ObjectStore(s3)
    return [
        _publish(archive, folder, bucket, s3, store, progress)
        for archive in _once(manifest.archives)
    ]


def _once(archives: Iterable[Archive]) -> Iterable[Archive]:
    """Each key once."""
    return {archive.key: archive for archive in archives}.values()


def _publish(
    archive: Archive,
    folder: Path,
    bucket: str,
    s3: S3Client,
    store: ObjectStore,
    progress: Progress,
) -> Published:
    uri = f"s3://{bucket}/{archive.key}"
    progress.step(f"{archive.part}/{archive.name} for {archive.platform}: looking in {bucket}")
    info = store.find(uri)
    if info is not None:
        return _present(archive, uri, info, progress)
    with _open_checked(folder / archive.file, archive) as stream, explained(f"uploading {uri}"):
        try:
            upload(s3, bucket, archive, stream, progress)
        except ClientError as error:
            if code_of(error) not in _OVERTAKEN:
                raise
            return _present(archive, uri, store.head(uri), progress)
    progress.say(f"{uri}: uploaded")
    return Published(archive, uri, Outcome.UPLOADED, archive.sha256, archive.size)


def _present(archive: Archive, uri: str, info: ObjectInfo, progress: Progress) -> Published:
    if info.sha256 is None or (info.sha256 == archive.sha256 and info.size != archive.size):
        raise CloudError(
            f"{uri} exists, and ggfleet did not write it as it is",
            fix="find out who did; remove the object and publish again",
        )
    same = info.sha256 == archive.sha256
    outcome = Outcome.PRESENT if same else Outcome.KEPT
    told = "already there" if same else "already there, packed differently: kept"
    progress.say(f"{uri}: {told}")
    return Published(archive, uri, outcome, info.sha256, info.size)


def _open_checked(path: Path, archive: Archive) -> BinaryIO:
    """The archive's file at its beginning, after its bytes have been compared with the manifest.

    What is written once must be right; the file that was compared stays open, so that no other can
    take its place.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise BundleError(f"cannot read {path}: {why}", fix="run `ggfleet bundle`") from error
    if hashlib.file_digest(stream, "sha256").hexdigest() != archive.sha256:
        stream.close()
        raise BundleError(
            f"{path} is not what the manifest says", fix="remove it and run `ggfleet bundle` again"
        )
    stream.seek(0)
    return stream
