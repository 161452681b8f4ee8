"""What is left out of wheels, what an archive tells of it, and how all of it stays in."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ggfleet.bundle.contents import contents_path, read_contents
from ggfleet.bundle.lean import RULES, LeftOut, split
from ggfleet.bundle.tree import Entry
from ggfleet.errors import BundleError
from ggfleet.model import Install, Part
from unit.elfmaker import X86_64, make_elf
from unit.test_bundle_parts import PC, Index, built, fleet_of, shop_of
from unit.wheelmaker import Listener, make_wheel


class Nothing:
    """The content of a file that nobody reads."""

    def chunks(self) -> list[bytes]:
        raise AssertionError("read")


def entries(*paths: str) -> list[Entry]:
    return [Entry(path, 0o644, 10, "", Nothing()) for path in paths]  # type: ignore[arg-type]


def kept(package: str, *paths: str) -> list[str]:
    return [entry.path for entry in split(package, entries(*paths))[0]]


def test_listed_packages_lose_what_is_listed() -> None:
    """Whatever way the name is written; other packages keep the same paths."""
    paths = ("tensorflow/include/a/b.h", "tensorflow/x.pyi", "tensorflow/python/x.py")
    assert kept("TensorFlow_CPU", *paths) == ["tensorflow/python/x.py"]
    assert kept("tiny", *paths) == list(paths)


def test_what_numpy_testing_imports_of_the_tests_stays() -> None:
    """A folder called tests is not always of no use."""
    assert kept(
        "numpy",
        "numpy/_core/tests/__init__.py",
        "numpy/_core/tests/_natype.py",
        "numpy/_core/tests/test_api.py",
        "numpy/tests/test_all.py",
        "numpy/testing/__init__.py",
    ) == [
        "numpy/_core/tests/__init__.py",
        "numpy/_core/tests/_natype.py",
        "numpy/testing/__init__.py",
    ]


def test_description_of_a_package_always_stays() -> None:
    """importlib.metadata finds its version and its licence, even where no code is left."""
    for package in RULES:
        name = package.replace("-", "_")
        paths = (f"{name}-1.0.dist-info/METADATA", f"{name}-1.0.dist-info/licenses/LICENSE")
        assert kept(package, *paths) == list(paths)


def test_summary_counts_files_and_bytes_by_reason() -> None:
    """In the order that they were met."""
    _, out = split("numpy", entries("numpy/a.pyi", "numpy/b.pyi", "numpy/core/include/c.h"))
    assert [(each.what, each.files, each.size) for each in out] == [
        ("type stubs", 2, 20),
        ("headers and static libraries", 1, 10),
    ]
    assert all(each.reason for each in out)


FILES: dict[str, str | bytes] = {"numpy/__init__.py": "x = 1\n", "numpy/x.pyi": "x: int\n",
         "numpy/_core/_multiarray_umath.so": make_elf(X86_64)}  # fmt: skip


def test_archive_tells_what_is_in_it_and_what_is_not(tmp_path: Path) -> None:
    """Beside it; the file that is missing is made again; the same when all is left in."""
    wheel = make_wheel(tmp_path, "numpy", files=FILES, tag="cp311-cp311-manylinux_2_17_x86_64")
    fleet = fleet_of(tmp_path, Install.ML_RESOURCE)
    shop = replace(
        shop_of(tmp_path, fleet, Index({"gateway": [wheel]})), interpreters=lambda _: None
    )
    [lean] = built(shop, PC, parts=[Part.LIBRARIES])
    [share] = read_contents(shop.out, lean)
    with zipfile.ZipFile(shop.out / lean.file) as opened:
        assert "numpy/x.pyi" not in opened.namelist()
        assert share.files == len(opened.namelist())
        assert share.size == sum(info.file_size for info in opened.infolist()) == lean.unpacked_size
    assert share.origin == "numpy 1.0"
    reason = "for type checkers and editors; Python reads none"
    assert share.left_out == (LeftOut("type stubs", reason, 1, 7),)
    contents_path(shop.out, lean).unlink()
    assert built(shop, PC, parts=[Part.LIBRARIES]) == [lean]
    assert read_contents(shop.out, lean) == (share,)
    [whole] = built(replace(shop, whole=True), PC, parts=[Part.LIBRARIES])
    assert (whole.files, whole.unpacked_size) == (lean.files + 1, lean.unpacked_size + 7)
    assert read_contents(shop.out, whole)[0].left_out == ()


def test_compiled_files_are_counted_apart(tmp_path: Path) -> None:
    """They are part of the size."""
    shop = shop_of(
        tmp_path,
        fleet_of(tmp_path, Install.ML_RESOURCE),
        Index({"gateway": [make_wheel(tmp_path)]}),
    )
    [archive] = built(shop, PC, parts=[Part.LIBRARIES])
    [share] = read_contents(shop.out, archive)
    with zipfile.ZipFile(shop.out / archive.file) as opened:
        sizes = [i.file_size for i in opened.infolist() if i.filename.endswith(".pyc")]
    assert share.compiled == sum(sizes)


@pytest.mark.parametrize("text", ["", "{}", '[{"origin": "x"}]', "[1]"])
def test_damaged_contents_are_the_users_error(tmp_path: Path, text: str) -> None:
    """With the command that makes them anew."""
    shop = shop_of(
        tmp_path,
        fleet_of(tmp_path, Install.ML_RESOURCE),
        Index({"gateway": [make_wheel(tmp_path)]}),
    )
    [archive] = built(shop, PC, parts=[Part.LIBRARIES])
    contents_path(shop.out, archive).write_text(text if text != "{}" else json.dumps([{}]))
    with pytest.raises(BundleError, match="cannot be read") as error:
        read_contents(shop.out, archive)
    assert error.value.fix == "run `ggfleet bundle` for platform gateway again"
    assert isinstance(shop.progress, Listener)
