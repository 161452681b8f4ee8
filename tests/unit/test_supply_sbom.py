"""Bills of materials: valid CycloneDX, the same every time, read back as written."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ggfleet.bundle.supply.package import Package
from ggfleet.bundle.supply.sbom import bill_path, read_bill, write_bill
from ggfleet.errors import BundleError
from ggfleet.model import Archive, Part

ARCHIVE = Archive(
    part=Part.LIBRARIES, name="ml", platform="pi", file="libraries/ml-pi-0123.zip",
    key="ggfleet/f/libraries/ml-pi-0123.zip", tree_sha256="ab" * 32, sha256="cd" * 32, size=1,
    unpacked_size=2, files=3,
)  # fmt: skip
NUMPY = Package("numpy", "2.4.6", "numpy-2.4.6-cp311.whl", "01" * 32, 16, "BSD-3-Clause AND MIT")
OTHER = Package("other", "1.0+local", "other-1.0-py3-none-any.whl", "02" * 32, 0, "BSD License")
TOP = Package("top", "3", "top-3-py3-none-any.whl", "03" * 32, 10**9, "", ("numpy", "other"))
PACKAGES = (NUMPY, OTHER, TOP)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Versions with a plus sign, licences that SPDX does not know, none at all, requirements."""
    write_bill(tmp_path, ARCHIVE, PACKAGES)
    assert sorted(read_bill(tmp_path, ARCHIVE), key=lambda each: each.name) == list(PACKAGES)


def test_an_archive_without_packages_has_an_empty_bill(tmp_path: Path) -> None:
    write_bill(tmp_path, ARCHIVE, ())
    assert read_bill(tmp_path, ARCHIVE) == ()


@pytest.mark.parametrize("packages", [PACKAGES, ()])
def test_a_bill_is_valid(tmp_path: Path, packages: tuple[Package, ...]) -> None:
    """By the format's own schema, version 1.6, which refuses unknown keys."""
    write_bill(tmp_path, ARCHIVE, packages)
    text = bill_path(tmp_path, ARCHIVE).read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_a_bill_is_the_same_every_time(tmp_path: Path) -> None:
    """Whatever order packages come in; another archive has another serial number."""
    write_bill(tmp_path / "one", ARCHIVE, PACKAGES)
    write_bill(tmp_path / "two", ARCHIVE, PACKAGES[::-1])
    one, two = (bill_path(tmp_path / name, ARCHIVE).read_bytes() for name in ("one", "two"))
    assert one == two
    moved = replace(ARCHIVE, key="ggfleet/g/libraries/ml-pi-0123.zip")
    write_bill(tmp_path / "two", moved, PACKAGES)
    content = json.loads(bill_path(tmp_path / "two", moved).read_text())
    assert content["serialNumber"] != json.loads(one)["serialNumber"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"dependencies": [], "components": [{}]}', "\x00"]
)
def test_a_damaged_bill_is_told(tmp_path: Path, text: str) -> None:
    path = bill_path(tmp_path, ARCHIVE)
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(BundleError, match="is damaged"):
        read_bill(tmp_path, ARCHIVE)


def test_a_missing_bill_is_told(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="does not exist") as raised:
        read_bill(tmp_path, ARCHIVE)
    assert "ggfleet bundle" in raised.value.fix
