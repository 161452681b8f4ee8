"""One zip out of a tree: deterministic, whole, kept when it is there."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ggfleet.bundle.archive import Packed, pack
from ggfleet.bundle.sources import model_entries
from ggfleet.bundle.tree import Entry, lay
from ggfleet.errors import BundleError
from ggfleet.localcore.archive import open_archive
from ggfleet.model import Form
from ggfleet.system.files import sha256
from unit.wheelmaker import Listener


@dataclass(frozen=True)
class Failing:
    """A file whose disk fails after the first bytes."""

    error: Exception

    def chunks(self) -> Iterator[bytes]:
        """One piece, then trouble."""
        yield b"x"
        raise self.error


def tree_of(folder: Path) -> tuple[Entry, ...]:
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "tool").write_text("#!/bin/sh\n")
    (folder / "b" / "tool").chmod(0o750)
    (folder / "a.py").write_bytes(os.urandom(10) * 300_000)
    (folder / "é.txt").write_text("")
    return lay(model_entries(folder))


def build(tree: tuple[Entry, ...], out: Path, known: frozenset[str] = frozenset()) -> Packed:
    return pack(tree, lambda d: out / f"t-{d[:16]}.zip", Listener(), label="t", known=known)[0]


def tarred(tree: tuple[Entry, ...], out: Path) -> Packed:
    name = "t-{}.tar.gz"
    return pack(tree, lambda d: out / name.format(d), Listener(), label="t", form=Form.TAR)[0]


def test_a_tar_is_plain_and_complete(tmp_path: Path) -> None:
    """Sorted, in one folder, each folder before what it holds; no time, owner or host's name."""
    tree = tree_of(tmp_path / "src")
    packed = tarred(tree, tmp_path / "out")
    with tarfile.open(packed.path) as archive:
        infos = archive.getmembers()
        content = archive.extractfile("libraries/a.py")
        assert content
        assert content.read() == (tmp_path / "src" / "a.py").read_bytes()
    assert [(i.name, i.mode, i.isdir()) for i in infos] == [
        ("libraries", 0o755, True),
        ("libraries/a.py", 0o644, False),
        ("libraries/b", 0o755, True),
        ("libraries/b/tool", 0o755, False),
        ("libraries/é.txt", 0o644, False),
    ]
    assert {(i.mtime, i.uid, i.gid, i.uname, i.gname) for i in infos} == {(0, 0, 0, "", "")}
    assert packed.path.read_bytes()[4:8] == bytes(4), "gzip's time"
    assert (packed.size, packed.sha256) == (packed.path.stat().st_size, sha256(packed.path))
    assert packed.tree_sha256 == build(tree, tmp_path / "out").tree_sha256


def test_the_same_tree_gives_the_same_tar(tmp_path: Path) -> None:
    """Whenever and wherever it is packed; other programs read it to its end."""
    tree = tree_of(tmp_path / "src")
    first, second = (tarred(tree, tmp_path / name) for name in ("one", "two"))
    assert first.path.read_bytes() == second.path.read_bytes()
    program = shutil.which("tar")
    assert program
    done = subprocess.run([program, "-tzf", first.path], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[0] == "libraries/"
    assert not done.stderr


def test_a_core_unpacks_a_tar_of_ours(tmp_path: Path) -> None:
    """Also names longer than a header's field, and files that fill no block."""
    long = "/".join(["a-folder-of-some-length"] * 6 + ["x" * 120])
    (tmp_path / "src" / long).parent.mkdir(parents=True)
    (tmp_path / "src" / long).write_text("y" * 511)
    packed = tarred(tree_of(tmp_path / "src"), tmp_path / "out")
    with open_archive(packed.path, "s3://bucket/t.tar.gz") as contents:
        done = contents.unpack(tmp_path / "into")
    assert (done.files, done.size) == (packed.files, packed.unpacked_size)
    assert (tmp_path / "into/libraries" / long).read_text() == "y" * 511


def test_an_archive_is_plain_and_complete(tmp_path: Path) -> None:
    """Sorted, dated 1980, made on Unix, two modes; sizes and digest are the file's."""
    tree = tree_of(tmp_path / "src")
    packed = build(tree, tmp_path / "out")
    with zipfile.ZipFile(packed.path) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
        assert archive.read("a.py") == (tmp_path / "src" / "a.py").read_bytes()
    assert [(i.filename, i.external_attr >> 16) for i in infos] == [
        ("a.py", 0o100644),
        ("b/tool", 0o100755),
        ("é.txt", 0o100644),
    ]
    assert {(i.date_time, i.create_system, i.extra) for i in infos} == {
        ((1980, 1, 1, 0, 0, 0), 3, b"")
    }
    assert packed.sha256 == sha256(packed.path)
    assert packed.size == packed.path.stat().st_size
    assert (packed.files, packed.unpacked_size) == (3, 3_000_010)


def test_the_same_tree_gives_the_same_bytes_and_name(tmp_path: Path) -> None:
    """From another folder, with other times and another umask."""
    tree_of(tmp_path / "one")
    (tmp_path / "two" / "b").mkdir(parents=True)
    for name in ("é.txt", "b/tool", "a.py"):
        path = tmp_path / "two" / name
        path.write_bytes((tmp_path / "one" / name).read_bytes())
        path.chmod(0o777 if name == "b/tool" else 0o600)
        os.utime(path, (0, 0))
    one = build(lay(model_entries(tmp_path / "one")), tmp_path / "out1")
    two = build(lay(model_entries(tmp_path / "two")), tmp_path / "out2")
    assert one.path.name == two.path.name
    assert one.path.read_bytes() == two.path.read_bytes()


def test_an_archive_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    """Same content, same name, same file."""
    tree = tree_of(tmp_path / "src")
    first = build(tree, tmp_path / "out")
    before = first.path.stat()
    assert build(tree, tmp_path / "out") == first
    assert first.path.stat().st_ino == before.st_ino


def test_an_archive_of_another_compressor_is_kept_when_it_is_known(tmp_path: Path) -> None:
    """What was published under this name must stay what it is."""
    tree = tree_of(tmp_path / "src")
    packed = build(tree, tmp_path / "out")
    with zipfile.ZipFile(packed.path, "w") as archive:
        archive.writestr("a.py", "the same tree, other bytes")
    other = sha256(packed.path)
    assert build(tree, tmp_path / "out", frozenset([other])).sha256 == other
    assert build(tree, tmp_path / "out").sha256 == packed.sha256 == sha256(packed.path)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "disk")])
def test_a_failure_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    """Neither half an archive nor a scratch file."""
    tree = (Entry("a", 0o644, 5, "src", Failing(error)),)
    with pytest.raises(type(error)):
        build(tree, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_full_disk_is_the_users_to_solve(tmp_path: Path) -> None:
    """No traceback."""
    tree = (Entry("a", 0o644, 5, "src", Failing(OSError(errno.ENOSPC, "full"))),)
    with pytest.raises(BundleError, match="no space left"):
        build(tree, tmp_path / "out")


def test_a_file_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    """The fingerprint was taken of the old content."""
    tree = tree_of(tmp_path / "src")
    (tmp_path / "src" / "b" / "tool").write_text("#!/bin/ed\n")
    with pytest.raises(BundleError, match=r"b/tool of .* changed while it was packed"):
        build(tree, tmp_path / "out")


def test_progress_counts_every_byte(tmp_path: Path) -> None:
    """The bar ends at its end."""
    listener = Listener()
    tree = tree_of(tmp_path / "src")
    pack(tree, lambda d: tmp_path / f"{d}.zip", listener, label="digits for any")
    assert listener.counted == [("packing digits for any", 3_000_010)]
    assert (listener.done, listener.open) == (3_000_010, 0)


def test_many_files_use_the_64_bit_form(tmp_path: Path) -> None:
    """65,536 entries do not fit the old directory."""
    (tmp_path / "f").write_text("x")
    one = model_entries(tmp_path / "f")[0]
    tree = lay(replace(one, path=f"{number:05}") for number in range(65_536))
    packed = build(tree, tmp_path / "out")
    with zipfile.ZipFile(packed.path) as archive:
        assert len(archive.namelist()) == 65_536
