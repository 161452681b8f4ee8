"""Images of every compression, mounted by the kernel here, and what it says of one it cannot read."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from functional.test_v2_scripts import World, mounted, needs_mounts, place_of
from functional.v2_device import until
from ggfleet.bundle.archive import pack
from ggfleet.bundle.sources import model_entries
from ggfleet.bundle.tree import lay
from ggfleet.model import Compression, Form, Layout
from ggfleet.system.progress import Silent

LZMA = (2).to_bytes(2, "little")
"""A compression that has a number in squashfs and is read by no kernel: it is refused like one that
this kernel was built without."""
AT = 20
"""Where a superblock says it."""


@contextmanager
def mount(image: Path, at: Path) -> Iterator[Path]:
    """An image, mounted inside the block; skips where this kernel cannot read it."""
    at.mkdir()
    words: list[str | Path] = ["mount", "-t", "squashfs", "-o", "ro,loop,nodev,nosuid", image, at]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this kernel mounts no such image: {done.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", at], check=True)


@needs_mounts
def test_every_compression_gives_the_same_tree(tmp_path: Path) -> None:
    """Files of many blocks, of one, of a fragment and empty ones, read back by the kernel."""
    source = tmp_path / "src"
    (source / "package").mkdir(parents=True)
    (source / "package/big.bin").write_bytes(b"".join(b"%d " % n for n in range(500_000)))
    (source / "package/small.py").write_text("VALUE = 42\n")
    (source / "package/empty.py").touch()
    files = sorted(each for each in source.rglob("*") if each.is_file())
    for compression in Compression:
        packed, _ = pack(
            lay(model_entries(source)),
            lambda digest: tmp_path / f"{digest}.squashfs",
            Silent(),
            label="t",
            form=Form.IMAGE,
            compression=compression,
        )
        with mount(packed.path, tmp_path / compression) as at:
            for each in files:
                assert (at / each.relative_to(source)).read_bytes() == each.read_bytes()
            assert len([*at.rglob("*")]) == len(files) + 1
        packed.path.unlink()


@needs_mounts
@pytest.mark.parametrize("compression", Compression)
def test_its_component_mounts_an_image(tmp_path: Path, compression: Compression) -> None:
    """The step as rendered, for each compression."""
    library = World(tmp_path, Layout.IMAGE, compression=compression).component("library")
    with library.running("run"):
        until(lambda: bool(mounted(library)), "the image is mounted")
        (place,) = mounted(library)
        assert (Path(place) / "answers.py").read_text() == "VALUE = 42"
    assert mounted(library) == []


@needs_mounts
def test_a_kernel_that_lacks_the_compression_is_told_of(tmp_path: Path) -> None:
    """`mount` blames the file; the step says what else it may be and what to do, and fails."""
    library = World(tmp_path, Layout.IMAGE, compression=Compression.ZSTD).component("library")
    (image,) = library.folders["artifacts:path"].iterdir()
    whole = image.read_bytes()
    image.write_bytes(whole[:AT] + LZMA + whole[AT + 2 :])
    with library.running("run") as process:
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 32
    assert "mount:" in said
    assert "compressed with zstd" in said
    assert "CONFIG_SQUASHFS_ZSTD" in said
    assert "write compression: gzip" in said
    assert mounted(library) == []
    assert not place_of(library).exists()
