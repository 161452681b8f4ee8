"""Archives are looked through before anything is unpacked."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from ggfleet.errors import CoreError
from ggfleet.localcore.archive import Unpacked, open_archive
from ggfleet.system.files import remove_tree
from localcore_support import tar_of, zip_of


def unpack(tmp_path: Path, content: bytes, name: str = "model.zip") -> tuple[Path, Unpacked]:
    file, into = tmp_path / "download", tmp_path / "into"
    file.write_bytes(content)
    with open_archive(file, f"s3://bucket/{name}") as contents:
        return into, contents.unpack(into)


def refused(tmp_path: Path, content: bytes, message: str, name: str = "model.zip") -> CoreError:
    with pytest.raises(CoreError, match=message) as caught:
        unpack(tmp_path, content, name)
    assert not (tmp_path / "into").exists()
    return caught.value


def test_a_zip_without_folder_entries_is_unpacked_read_only(tmp_path: Path) -> None:
    into, done = unpack(tmp_path, zip_of({"a.txt": "one", "deep/er/b.txt": "three"}))
    assert done == Unpacked(files=2, size=8)
    assert (into / "deep/er/b.txt").read_text() == "three"
    modes = {
        p.relative_to(into).as_posix(): stat.S_IMODE(p.stat().st_mode) for p in into.rglob("*")
    }
    assert modes == {"a.txt": 0o444, "deep": 0o555, "deep/er": 0o555, "deep/er/b.txt": 0o444}
    remove_tree(into)


def test_an_executable_stays_one(tmp_path: Path) -> None:
    into, _ = unpack(tmp_path, zip_of({"tool": "#!/bin/sh"}, mode=0o4755))
    assert stat.S_IMODE((into / "tool").stat().st_mode) == 0o555


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "a\\..\\out"])
def test_a_member_that_escapes_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, zip_of({"fine": "", name: "evil"}), "outside of its folder")
    assert not (tmp_path / "out").exists()


def test_links_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path, stream.getvalue(), "is a link")
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        entry = tarfile.TarInfo("model")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc"
        tar.addfile(entry)
    refused(tmp_path, stream.getvalue(), "is a link", "model.tar.gz")


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", "2")
    refused(tmp_path, stream.getvalue(), "is there twice")


def test_a_tar_with_its_parent_directory_is_unpacked_below_it(tmp_path: Path) -> None:
    content = tar_of(
        {"./model": None, "./model/weights": "w", "./model/x": None, "./model/x/y": ""}
    )
    into, done = unpack(tmp_path, content, "model.tar.gz")
    assert (into / "model/weights").read_text() == "w"
    assert done.files == 2
    remove_tree(into)


@pytest.mark.parametrize("entries", [{"./model/weights": "w"}, {"weights": "w"}])
def test_a_tar_without_a_parent_directory_is_refused_with_the_reason(
    tmp_path: Path, entries: dict[str, str | None]
) -> None:
    error = refused(tmp_path, tar_of(entries), "has no parent directory", "model.tar.gz")
    assert "no such file or directory" in error.message
    assert "tar -czf model.tar.gz ./model" in error.fix


def test_a_tar_member_that_escapes_is_refused(tmp_path: Path) -> None:
    content = tar_of({"..": None, "../out": "evil"})
    refused(tmp_path, content, "outside of its folder", "model.tar.gz")


@pytest.mark.parametrize("name", ["model.tgz", "model.tar", "model", "model.ZIP"])
def test_other_kinds_of_archive_are_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, zip_of({"a": ""}), "a core unpacks", name)


@pytest.mark.parametrize("name", ["model.zip", "model.tar.gz"])
def test_a_damaged_archive_is_refused(tmp_path: Path, name: str) -> None:
    refused(tmp_path, b"this is no archive", "is damaged", name)


def test_a_truncated_tar_is_refused(tmp_path: Path) -> None:
    content = tar_of({"m": None, **{f"m/{i}": str(i) * 999 for i in range(99)}})
    refused(tmp_path, content[: len(content) // 2], "is damaged", "model.tar.gz")


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"a": "file", "a/b": "below"}, "lies below a file"),
        ({"a": "file", "a/": ""}, "is there twice"),
        ({"n" * 256: ""}, "too long"),
    ],
)
def test_members_that_no_disk_could_hold_are_refused(
    tmp_path: Path, files: dict[str, str | bytes], why: str
) -> None:
    refused(tmp_path, zip_of(files), why)


def test_an_unknown_compression_is_told_as_damage(tmp_path: Path) -> None:
    content = bytearray(zip_of({"a": "text"}))
    method = 93  # zstandard, which Python 3.11 cannot read
    content[8:10] = method.to_bytes(2, "little")
    at = content.index(b"PK\x01\x02") + 10
    content[at : at + 2] = method.to_bytes(2, "little")
    with pytest.raises(CoreError, match="damaged"):
        unpack(tmp_path, bytes(content))
