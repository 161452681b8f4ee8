"""What is read from a requirements file beside uv."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.bundle.requirements import read_requirements
from ggfleet.errors import BundleError
from unit.wheelmaker import make_wheel

A, B, C = "a" * 64, "b" * 64, "c" * 64


def test_hashes_are_kept_by_canonical_name(tmp_path: Path) -> None:
    """Continued lines, markers, comments, both spellings of the option."""
    file = tmp_path / "r.txt"
    file.write_text(
        f"# set\nFlat_Buffers==1.0 ; python_version >= '3.8' \\\n    --hash=sha256:{A} \\\n"
        f"    --hash=sha256:{B}\n    # via tensorflow\nsix==1.17.0 --hash sha256:{C} # note\n"
    )
    found = read_requirements([file])
    assert found.allowed("flat-buffers") == {A, B}
    assert found.allowed("six") == {C}


def test_one_hash_asks_for_all_and_none_for_none(tmp_path: Path) -> None:
    """pip's rule: a file with hashes pins everything."""
    file = tmp_path / "r.txt"
    file.write_text("six==1.17.0\n")
    assert read_requirements([file]).allowed("six") is None
    file.write_text(f"six==1.17.0\nnumpy==2.2.6 --hash=sha256:{A}\n")
    assert read_requirements([file]).allowed("six") == set()


def test_included_files_are_read_once(tmp_path: Path) -> None:
    """Constraints and nested files count; a loop ends."""
    (tmp_path / "r.txt").write_text("-r more.txt\n-c=pins.txt\n")
    (tmp_path / "more.txt").write_text("--requirement r.txt\nsix\n")
    (tmp_path / "pins.txt").write_text(f"six==1.17.0 --hash=sha256:{A}\n")
    found = read_requirements([tmp_path / "r.txt"])
    assert len(found.texts) == 3
    assert found.allowed("six") == {A}


def test_what_is_asked_by_name_is_no_constraint_and_has_no_options(tmp_path: Path) -> None:
    """Hashes of any kind, markers and further options are not part of a name."""
    file = tmp_path / "r.txt"
    (tmp_path / "pins.txt").write_text("wheel==0.45\n")
    file.write_text(
        f"-c pins.txt\n--no-index\nsix>=1 ; python_version >= '3.8' --hash=sha512:{A}\n"
        "./other/two-1.0-py3-none-any.whl\nnumpy --config-settings=a=b\n"
    )
    assert [each.name for each in read_requirements([file]).named()] == ["six", "numpy"]


def test_wheels_of_this_machine_are_noted(tmp_path: Path) -> None:
    """A changed wheel folder must change the fingerprint."""
    make_wheel(tmp_path / "wheels", "one")
    two = make_wheel(tmp_path / "other", "two")
    file = tmp_path / "r.txt"
    file.write_text(f"--find-links ./wheels\none\n./other/{two.filename} --hash=sha256:{A}\n")
    found = read_requirements([file])
    assert [Path(line.split()[0]).name[:3] for line in found.local] == ["one", "two"]
    assert found.allowed("two") == {A}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The first mistake everybody makes."""
    with pytest.raises(BundleError, match=r"nothing\.txt cannot be read"):
        read_requirements([tmp_path / "nothing.txt"])
