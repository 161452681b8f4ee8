"""Publishing archives and reading objects back, against an S3 endpoint on this machine."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functional.moto_server import REGION, Endpoint, moto_endpoint
from ggfleet.cloud import ObjectStore, Outcome, local_s3_client, publish
from ggfleet.cloud.upload import PART_BYTES
from ggfleet.errors import BundleError, CloudError
from ggfleet.model import Archive, Manifest, Part
from ggfleet.system.progress import Silent
from unit.factories import make_archive

BUCKET = "line-bucket"


@dataclass
class Heard:
    """A listener that keeps what it heard."""

    total: int = 0
    counted: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    open: bool = False

    def step(self, text: str) -> None:
        pass

    def start(self, label: str, total_bytes: int) -> None:
        assert label
        assert not self.open
        self.open, self.total = True, total_bytes

    def advance(self, count: int) -> None:
        assert self.open
        self.counted.append(count)

    def finish(self) -> None:
        self.open = False

    def say(self, text: str) -> None:
        self.said.append(text)


@dataclass
class Recording:
    """A client that counts its calls, and can do something before one of them."""

    s3: Any
    calls: list[str] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls.append(name)
            if name in self.before:
                self.before.pop(name)()
            return getattr(self.s3, name)(*args, **kwargs)

        return call


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with moto_endpoint() as started:
        started.bucket(BUCKET)
        yield started


@pytest.fixture
def s3(endpoint: Endpoint) -> Any:
    """A client for an empty bucket."""
    client = local_s3_client(REGION, endpoint.url)
    for item in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        client.delete_object(Bucket=BUCKET, Key=item["Key"])
    return client


def archive_of(folder: Path, content: bytes, name: str = "tensorflow") -> Archive:
    """An archive with this content, written below `folder`."""
    made = make_archive(Part.LIBRARIES, name, size=len(content))
    (folder / made.file).parent.mkdir(parents=True, exist_ok=True)
    (folder / made.file).write_bytes(content)
    return replace(made, sha256=hashlib.sha256(content).hexdigest())


def uploads(s3: Any) -> list[dict[str, Any]]:
    return list(s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []))


def test_an_archive_is_uploaded_once(tmp_path: Path, s3: Any) -> None:
    """The second call sends nothing; the object carries its digest and lies under its key."""
    archive = archive_of(tmp_path, b"zip")
    client = Recording(s3)
    first = publish(Manifest((archive,)), tmp_path, BUCKET, client, Silent())
    again = publish(Manifest((archive,)), tmp_path, BUCKET, client, Silent())
    stored = s3.get_object(Bucket=BUCKET, Key=archive.key)
    assert [p.outcome for p in (*first, *again)] == [Outcome.UPLOADED, Outcome.PRESENT]
    assert client.calls == ["head_object", "put_object", "head_object"]
    assert stored["Body"].read() == b"zip"
    assert stored["Metadata"] == {"sha256": archive.sha256}
    assert first[0].uri == f"s3://{BUCKET}/{archive.key}"


def test_what_is_missing_is_uploaded_later(tmp_path: Path, s3: Any) -> None:
    """A call that stopped half-way is finished by the next one."""
    one, two = (archive_of(tmp_path, name.encode(), name) for name in ("one", "two"))
    publish(Manifest((one,)), tmp_path, BUCKET, s3, Silent())
    both = publish(Manifest((one, two)), tmp_path, BUCKET, s3, Silent())
    assert [p.outcome for p in both] == [Outcome.PRESENT, Outcome.UPLOADED]


def test_the_same_tree_packed_differently_is_kept(tmp_path: Path, s3: Any) -> None:
    """The key names the tree: an object by another compressor stays, and its own digest is told."""
    old = archive_of(tmp_path, b"packed by one compressor")
    publish(Manifest((old,)), tmp_path, BUCKET, s3, Silent())
    new = archive_of(tmp_path, b"packed by another")
    heard = Heard()
    [published] = publish(Manifest((new,)), tmp_path, BUCKET, s3, heard)
    assert published.outcome is Outcome.KEPT
    assert (published.sha256, published.size) == (old.sha256, old.size)
    assert s3.get_object(Bucket=BUCKET, Key=new.key)["Body"].read() == b"packed by one compressor"
    assert "packed differently" in heard.said[0]


@pytest.mark.parametrize("size", [10, PART_BYTES, PART_BYTES + 5])
def test_progress_counts_every_byte_once(tmp_path: Path, s3: Any, size: int) -> None:
    """In one request or in parts; and what arrives is what was sent."""
    content = b"0123456789abcdef" * (size // 16) + b"x" * (size % 16)
    archive = archive_of(tmp_path, content)
    heard = Heard()
    publish(Manifest((archive,)), tmp_path, BUCKET, s3, heard)
    assert (heard.total, sum(heard.counted), heard.open) == (size, size, False)
    copied = tmp_path / "copy.zip"
    read: list[int] = []
    store = ObjectStore(s3)
    store.download(f"s3://{BUCKET}/{archive.key}", copied, read.append)
    assert copied.read_bytes() == content
    assert sum(read) == size
    info = store.head(f"s3://{BUCKET}/{archive.key}")
    assert (info.size, info.sha256) == (size, archive.sha256)


@pytest.mark.parametrize("size", [10, PART_BYTES + 5])
def test_a_faster_upload_is_not_overwritten(tmp_path: Path, s3: Any, size: int) -> None:
    """Between looking and writing somebody else may have written: the condition holds on the server."""
    archive = archive_of(tmp_path, b"m" * size)
    theirs = hashlib.sha256(b"theirs").hexdigest()

    def overtake() -> None:
        s3.put_object(Bucket=BUCKET, Key=archive.key, Body=b"theirs", Metadata={"sha256": theirs})

    last_call = "put_object" if size <= PART_BYTES else "complete_multipart_upload"
    client = Recording(s3, before={last_call: overtake})
    [published] = publish(Manifest((archive,)), tmp_path, BUCKET, client, Silent())
    assert (published.outcome, published.sha256) == (Outcome.KEPT, theirs)
    assert s3.get_object(Bucket=BUCKET, Key=archive.key)["Body"].read() == b"theirs"
    assert uploads(s3) == []


def test_an_interrupted_upload_leaves_nothing(tmp_path: Path, s3: Any) -> None:
    """Neither an object nor parts that are paid for."""
    archive = archive_of(tmp_path, b"m" * (PART_BYTES + 5))

    def interrupt() -> None:
        raise KeyboardInterrupt

    client = Recording(s3, before={"complete_multipart_upload": interrupt})
    with pytest.raises(KeyboardInterrupt):
        publish(Manifest((archive,)), tmp_path, BUCKET, client, Silent())
    assert client.calls[-1] == "abort_multipart_upload"
    assert uploads(s3) == []
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


def test_a_changed_file_is_not_published(tmp_path: Path, s3: Any) -> None:
    """What is written once must be right."""
    archive = archive_of(tmp_path, b"zip")
    (tmp_path / archive.file).write_bytes(b"zap")
    with pytest.raises(BundleError, match="is not what the manifest says"):
        publish(Manifest((archive,)), tmp_path, BUCKET, s3, Silent())
    (tmp_path / archive.file).unlink()
    with pytest.raises(BundleError, match="no such file"):
        publish(Manifest((archive,)), tmp_path, BUCKET, s3, Silent())
    assert "Contents" not in s3.list_objects_v2(Bucket=BUCKET)


@pytest.mark.parametrize("with_digest", [False, True])
def test_a_strangers_object_is_not_trusted(tmp_path: Path, s3: Any, with_digest: bool) -> None:
    """An object without a digest, or with the digest and another size, was not published."""
    archive = archive_of(tmp_path, b"zip")
    digest = {"sha256": archive.sha256} if with_digest else {}
    s3.put_object(Bucket=BUCKET, Key=archive.key, Body=b"something else", Metadata=digest)
    with pytest.raises(CloudError, match="ggfleet did not write it") as caught:
        publish(Manifest((archive,)), tmp_path, BUCKET, s3, Silent())
    assert "remove the object" in caught.value.fix


def test_a_missing_bucket_is_told(tmp_path: Path, s3: Any) -> None:
    archive = archive_of(tmp_path, b"zip")
    with pytest.raises(CloudError, match="NoSuchBucket") as caught:
        publish(Manifest((archive,)), tmp_path, "no-such-bucket", s3, Silent())
    assert "create the bucket" in caught.value.fix


def test_a_missing_object_is_told_and_no_file_is_left(tmp_path: Path, s3: Any) -> None:
    store = ObjectStore(s3)
    uri = f"s3://{BUCKET}/ggfleet/none.zip"
    assert store.find(uri) is None
    with pytest.raises(CloudError, match="404") as caught:
        store.head(uri)
    assert "ggfleet publish" in caught.value.fix
    with pytest.raises(CloudError, match="404"):
        store.download(uri, tmp_path / "none.zip", lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_an_object_without_a_recorded_digest_says_so(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="models/digits.zip", Body=b"zip")
    info = ObjectStore(s3).head(f"s3://{BUCKET}/models/digits.zip")
    assert (info.size, info.sha256) == (3, None)


@pytest.mark.parametrize("uri", ["http://a/b", "s3://bucket", "s3://bucket/", "bucket/key", ""])
def test_what_is_no_s3_uri_is_refused(uri: str, s3: Any) -> None:
    with pytest.raises(CloudError, match="is not an S3 URI"):
        ObjectStore(s3).head(uri)


def test_a_silent_endpoint_is_told() -> None:
    """Nobody listens: an error with a fix, not boto3's traceback."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(CloudError, match="no answer") as caught:
        ObjectStore(local_s3_client(REGION, url)).head("s3://bucket/key")
    assert "endpoint" in caught.value.fix


def test_the_endpoint_holds_the_condition(s3: Any) -> None:
    """The tests above lean on the server's If-None-Match: it must refuse by itself."""
    s3.put_object(Bucket=BUCKET, Key="k", Body=b"1", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket=BUCKET, Key="k", Body=b"2", IfNoneMatch="*")
