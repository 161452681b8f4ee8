"""What of a wheel reaches the device, and which wheels are refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from ggfleet.bundle.tags import ranked_tags
from ggfleet.bundle.tree import Entry
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.errors import BundleError
from unit.factories import make_platform
from unit.wheelmaker import PI, describe, make_wheel

TARGET = make_platform("pi", architecture="aarch64")
INFO = "tiny-1.0.dist-info"


def entries_of(tmp_path: Path, **wheel: object) -> list[Entry]:
    """Read a made wheel."""
    made = make_wheel(tmp_path, **wheel)  # type: ignore[arg-type]
    with OpenWheel(made, tmp_path / made.filename) as opened:
        return opened.entries(TARGET, ranked_tags(TARGET))


def paths_of(tmp_path: Path, files: Mapping[str, str]) -> list[str]:
    return sorted(entry.path for entry in entries_of(tmp_path, files=files))


def test_installers_notes_stay_out_and_metadata_stays_in(tmp_path: Path) -> None:
    """`importlib.metadata` works on the device; nobody uninstalls there."""
    notes = ("REQUESTED", "INSTALLER", "direct_url.json", "licenses/RECORD")
    paths = paths_of(tmp_path, {"tiny.py": "", **{f"{INFO}/{note}": "" for note in notes}})
    assert paths == [f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/licenses/RECORD", "tiny.py"]


def test_data_folders_are_merged_where_they_are_importable(tmp_path: Path) -> None:
    """Scripts, headers and prefix data stay out."""
    data = "tiny-1.0.data"
    files = {
        f"{data}/purelib/pure.py": "",
        f"{data}/platlib/pkg/native.so": "",
        f"{data}/scripts/tool": "",
        f"{data}/headers/tiny.h": "",
        f"{data}/data/share/doc": "",
    }
    assert paths_of(tmp_path, files) == [
        "pkg/native.so",
        "pure.py",
        f"{INFO}/METADATA",
        f"{INFO}/WHEEL",
    ]


def test_modes_are_normal_and_bytes_are_right(tmp_path: Path) -> None:
    """A group-writable program of the wheel's builder becomes 755."""
    files = {"tiny.so": "native", "tiny.py": "x = 1"}
    made = make_wheel(tmp_path, files=files, modes={"tiny.so": 0o100775, "tiny.py": 0})
    with OpenWheel(made, tmp_path / made.filename) as opened:
        found = {entry.path: entry for entry in opened.entries(TARGET, ranked_tags(TARGET))}
        assert (found["tiny.so"].mode, found["tiny.py"].mode) == (0o755, 0o644)
        assert b"".join(found["tiny.so"].content.chunks()) == b"native"


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil", "a/../../evil", "a//b", "./a", "c\\..\\evil"]
)
def test_paths_that_leave_the_tree_are_refused(tmp_path: Path, name: str) -> None:
    """A wheel must not write beside the destination."""
    with pytest.raises(BundleError, match="leaves its tree"):
        entries_of(tmp_path, files={name: ""})


def test_symbolic_links_are_refused(tmp_path: Path) -> None:
    """They could point anywhere."""
    with pytest.raises(BundleError, match="symbolic link"):
        entries_of(tmp_path, files={"link": "/etc"}, modes={"link": 0o120777})


def test_a_hollow_native_wheel_is_refused(tmp_path: Path) -> None:
    """TensorFlow published stubs that install and then import nothing."""
    with pytest.raises(BundleError, match="is hollow"):
        entries_of(tmp_path, files={}, tag=PI)


def test_a_pure_wheel_may_be_empty(tmp_path: Path) -> None:
    """Meta packages only depend on others."""
    assert len(entries_of(tmp_path, files={})) == 2


def test_a_renamed_wheel_is_refused(tmp_path: Path) -> None:
    """The file name fits, what it says inside does not."""
    with pytest.raises(BundleError, match=r"says inside that it is for cp311-cp311-.*x86_64"):
        entries_of(tmp_path, tag=PI, tag_inside="cp311-cp311-manylinux_2_17_x86_64")


def test_compressed_tags_inside_are_understood(tmp_path: Path) -> None:
    """Some builders write `py2.py3-none-any` in one line."""
    assert entries_of(tmp_path, tag_inside="py2.py3-none-any")


@pytest.mark.parametrize("data", [b"", b"not a zip", b"PK\x03\x04 cut"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, data: bytes) -> None:
    """With its name, and without a traceback."""
    path = tmp_path / "tiny-1.0-py3-none-any.whl"
    path.write_bytes(data)
    with pytest.raises(BundleError, match="is not a sound wheel"):
        OpenWheel(describe(path, "tiny"), path)


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    """The checksum inside the zip is checked while reading."""
    made = make_wheel(tmp_path, files={"tiny.py": "value = 1\n" * 50})
    path = tmp_path / made.filename
    data = bytearray(path.read_bytes())
    data[len("tiny.py") + 34] ^= 0xFF
    path.write_bytes(data)
    with OpenWheel(made, path) as opened:
        first = opened.entries(TARGET, ranked_tags(TARGET))[0]
        with pytest.raises(BundleError, match=r"tiny 1\.0: tiny\.py is damaged"):
            list(first.content.chunks())
