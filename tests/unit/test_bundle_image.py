"""A file-system image out of a tree: the same files, the same bytes, no trace of this machine."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

import pytest

from ggfleet.bundle import image
from ggfleet.bundle.archive import Packed, pack
from ggfleet.bundle.sources import model_entries
from ggfleet.bundle.tree import lay
from ggfleet.errors import ToolError
from ggfleet.model import Compression, Form
from ggfleet.system.process import feed
from unit.test_bundle_archive import tree_of
from unit.wheelmaker import Listener

needs_tools = pytest.mark.skipif(
    not shutil.which("mksquashfs"), reason="needs mksquashfs (package squashfs-tools)"
)


def build(source: Path, out: Path, compression: Compression = Compression.GZIP) -> Packed:
    tree = tree_of(source)
    return pack(
        tree,
        lambda d: out / f"t-{d[:16]}.squashfs",
        Listener(),
        label="t",
        form=Form.IMAGE,
        compression=compression,
    )[0]


@needs_tools
@pytest.mark.parametrize("compression", Compression)
def test_an_image_holds_the_tree_and_nothing_of_this_machine(
    tmp_path: Path, compression: Compression
) -> None:
    """Modes and contents are the tree's; owner root, time 0, folders 755, the root too."""
    packed = build(tmp_path / "src", tmp_path / "out", compression)
    listed = subprocess.run(
        ["unsquashfs", "-lls", packed.path],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "TZ": "UTC"},
    ).stdout
    rows = [line.split() for line in listed.splitlines() if "squashfs-root" in line]
    assert [(row[0], row[1], row[3], row[5]) for row in rows] == [
        ("drwxr-xr-x", "root/root", "1970-01-01", "squashfs-root"),
        ("-rw-r--r--", "root/root", "1970-01-01", "squashfs-root/a.py"),
        ("drwxr-xr-x", "root/root", "1970-01-01", "squashfs-root/b"),
        ("-rwxr-xr-x", "root/root", "1970-01-01", "squashfs-root/b/tool"),
        ("-rw-r--r--", "root/root", "1970-01-01", "squashfs-root/é.txt"),
    ]
    out = tmp_path / "unpacked"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", out, packed.path], check=True)
    for name in ("a.py", "b/tool", "é.txt"):
        assert (out / name).read_bytes() == (tmp_path / "src" / name).read_bytes()
    assert packed.size == packed.path.stat().st_size


@needs_tools
@pytest.mark.parametrize("compression", Compression)
def test_the_same_tree_gives_the_same_bytes_and_the_zips_name(
    tmp_path: Path, compression: Compression
) -> None:
    """Built again a second later, whatever SOURCE_DATE_EPOCH says here."""
    tree = tree_of(tmp_path / "src")

    def once(out: str, form: Form) -> Packed:
        place = tmp_path / out
        return pack(
            tree,
            lambda d: place / f"{d}.{form}",
            Listener(),
            label="t",
            form=form,
            compression=compression,
        )[0]

    first = once("one", Form.IMAGE)
    time.sleep(1.1)
    second = once("two", Form.IMAGE)
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()
    assert once("three", Form.ZIP).tree_sha256 == first.tree_sha256


@needs_tools
def test_an_image_is_compressed_as_told(tmp_path: Path) -> None:
    """The superblock says so: bytes 20 and 21, by the numbers of the squashfs format; and blocks."""
    read = {}
    for each in Compression:
        head = build(tmp_path / each / "src", tmp_path / each / "out", each).path.read_bytes()
        read[each] = (*struct.unpack_from("<H", head, 20), *struct.unpack_from("<I", head, 12))
    assert read == {
        Compression.GZIP: (1, 128 << 10),
        Compression.XZ: (4, 1 << 20),
        Compression.ZSTD: (6, 1 << 20),
    }


@needs_tools
def test_a_compressor_that_mksquashfs_lacks_is_named_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's own words, about one that it does not know in place of one it was not given."""
    real = shutil.which("mksquashfs")
    lacking = tmp_path / "bin/mksquashfs"
    lacking.parent.mkdir()
    words = 'for word; do shift; [ "$word" = zstd ] && word=lacked; set -- "$@" "$word"; done'
    lacking.write_text(f'#!/bin/sh\n{words}\nexec {real} "$@"\n')
    lacking.chmod(0o755)
    monkeypatch.setenv("PATH", f"{lacking.parent}:{os.environ['PATH']}")
    with pytest.raises(ToolError, match="was built without zstd") as caught:
        build(tmp_path / "src", tmp_path / "out", Compression.ZSTD)
    assert "another `compression`" in caught.value.fix
    assert not [*(tmp_path / "out").iterdir()]
    assert build(tmp_path / "other", tmp_path / "out", Compression.XZ).size > 0


@needs_tools
def test_paths_may_be_long(tmp_path: Path) -> None:
    """Above 100 characters tar needs a record of its own for the name."""
    source = tmp_path / "src"
    deep = source / ("d" * 90) / ("e" * 90) / "f.py"
    deep.parent.mkdir(parents=True)
    deep.write_text("x")
    packed, _ = pack(
        lay(model_entries(source)),
        lambda d: tmp_path / "out" / f"{d}.squashfs",
        Listener(),
        label="t",
        form=Form.IMAGE,
    )
    out = tmp_path / "unpacked"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", out, packed.path], check=True)
    assert (out / deep.relative_to(source)).read_text() == "x"


def test_a_missing_program_is_named_with_its_package() -> None:
    with pytest.raises(ToolError) as caught:
        feed(["ggfleet-no-such-program"], iter([b""]), missing=image.MISSING)
    assert "is not installed" in caught.value.message
    assert "apt install squashfs-tools" in caught.value.fix


def test_what_a_program_says_when_it_fails_is_told() -> None:
    """It ends before it has read its input, which is no error of its own."""
    with pytest.raises(ToolError, match="exit code 3:\nno thanks"):
        feed(["sh", "-c", "echo no thanks >&2; exit 3"], iter([b"x" * 100_000] * 20))


def test_an_error_of_the_source_ends_the_program() -> None:
    """And is raised as it is."""

    def broken() -> object:
        yield b"x"
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        feed(["cat"], broken())  # type: ignore[arg-type]
