"""One archive to one S3 object that must not exist yet.

boto3's own `upload_fileobj` takes no `IfNoneMatch`, and without it two machines that publish at the
same time overwrite each other; hence the multipart upload below.
"""

from __future__ import annotations

import contextlib
from typing import Any, BinaryIO

from botocore.exceptions import BotoCoreError, ClientError

from ggfleet.cloud.session import S3Client
from ggfleet.cloud.store import SHA256
from ggfleet.model import Archive
from ggfleet.system.progress import Progress

PART_BYTES = 16 << 20
"""Held in memory, and repeated when a connection breaks. With S3's limit of 10,000 parts an archive
may have 156 GiB."""


def upload(
    s3: S3Client, bucket: str, archive: Archive, stream: BinaryIO, progress: Progress
) -> None:
    """Create the object. Raises botocore's ClientError 412 when the key exists by now."""
    target = {"Bucket": bucket, "Key": archive.key}
    progress.start(f"{archive.part}/{archive.name}", archive.size)
    try:
        if archive.size <= PART_BYTES:
            metadata = {SHA256: archive.sha256}
            s3.put_object(**target, Body=stream.read(), Metadata=metadata, IfNoneMatch="*")
            progress.advance(archive.size)
        else:
            _upload_parts(s3, target, archive, stream, progress)
    finally:
        progress.finish()


def _upload_parts(
    s3: S3Client, target: dict[str, str], archive: Archive, stream: BinaryIO, progress: Progress
) -> None:
    begun = s3.create_multipart_upload(**target, Metadata={SHA256: archive.sha256})
    target = {**target, "UploadId": begun["UploadId"]}
    try:
        parts = _send_parts(s3, target, stream, progress)
        s3.complete_multipart_upload(**target, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    except BaseException:
        # Parts of an unfinished upload are invisible, and paid for until someone removes them.
        with contextlib.suppress(BotoCoreError, ClientError):  # the first exception tells more
            s3.abort_multipart_upload(**target)
        raise


def _send_parts(
    s3: S3Client, target: dict[str, str], stream: BinaryIO, progress: Progress
) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    while data := stream.read(PART_BYTES):
        sent = s3.upload_part(**target, PartNumber=len(parts) + 1, Body=data)
        names = [name for name in sent if name == "ETag" or name.startswith("Checksum")]
        parts.append({"PartNumber": len(parts) + 1, **{name: sent[name] for name in names}})
        progress.advance(len(data))
    return parts
