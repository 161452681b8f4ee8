"""manifest.json: round trip, order and damage."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ggfleet.bundle import read_manifest, write_manifest
from ggfleet.errors import BundleError
from ggfleet.model import Compression, Form, Manifest, Part
from unit.factories import make_archive


def test_a_manifest_survives_the_round_trip(tmp_path: Path) -> None:
    """Every field, with its type; `Part` is a `Part` again."""
    manifest = Manifest((make_archive(), make_archive(Part.MODEL, "digits", platform="any")))
    write_manifest(tmp_path / "manifest.json", manifest)
    found = read_manifest(tmp_path / "manifest.json")
    assert found == manifest
    assert isinstance(found.archives[0].part, Part)


def test_a_zip_and_an_image_of_one_library_are_told_apart(tmp_path: Path) -> None:
    """Whoever does not ask for an image gets the zip."""
    zipped = make_archive()
    image = make_archive(form=Form.IMAGE, file="libraries/t.squashfs")
    write_manifest(tmp_path / "manifest.json", Manifest((zipped, image)))
    found = read_manifest(tmp_path / "manifest.json")
    assert found.find(Part.LIBRARIES, "tensorflow", "gateway") == zipped
    assert found.find(Part.LIBRARIES, "tensorflow", "gateway", Form.IMAGE) == image
    assert isinstance(found.archives[0].form, Form)


def test_a_manifest_of_zips_says_nothing_of_forms(tmp_path: Path) -> None:
    """It is what it was before there were images, and an old one is read."""
    write_manifest(tmp_path / "manifest.json", Manifest((make_archive(),)))
    assert '"form"' not in (tmp_path / "manifest.json").read_text()
    assert read_manifest(tmp_path / "manifest.json").archives[0].form is Form.ZIP


def test_another_compression_is_written_and_read(tmp_path: Path) -> None:
    """gzip is not: a manifest of such images is what it was before there was a choice."""
    path = tmp_path / "manifest.json"
    write_manifest(path, Manifest((make_archive(form=Form.IMAGE, compression=Compression.XZ),)))
    (found,) = read_manifest(path).archives
    assert found.compression is Compression.XZ
    path.write_text(path.read_text().replace('"xz"', '"lzma"'))
    with pytest.raises(BundleError, match="'lzma' is not a valid Compression"):
        read_manifest(path)
    write_manifest(path, Manifest((make_archive(form=Form.IMAGE),)))
    assert "compression" not in path.read_text()


def test_the_order_of_writing_does_not_matter(tmp_path: Path) -> None:
    """The file is a function of the set."""
    archives = [make_archive(platform=p) for p in ("pi", "gateway", "orin")]
    write_manifest(tmp_path / "a", Manifest(tuple(archives)))
    write_manifest(tmp_path / "b", Manifest(tuple(archives[::-1])))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_missing_manifest_tells_what_to_run(tmp_path: Path) -> None:
    """Rendering before bundling."""
    with pytest.raises(BundleError, match="does not exist") as caught:
        read_manifest(tmp_path / "manifest.json")
    assert "ggfleet bundle" in caught.value.fix


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cannot be read"),
        ("[]", "it is not"),
        ('{"version": 2, "archives": []}', "version 2 instead of 1"),
        ('{"version": 1, "archives": [{}]}', "needs exactly part, name"),
        ('{"version": 1, "archives": ["x"]}', "needs exactly part, name"),
    ],
)
def test_damage_is_described(tmp_path: Path, text: str, words: str) -> None:
    """Not a KeyError."""
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BundleError, match=words):
        read_manifest(tmp_path / "manifest.json")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("size", "12", "size is not of type int"),
        ("size", True, "size is not of type int"),
        ("part", "toys", "'toys' is not a valid Part"),
        ("file", "../../etc/passwd", "leaves the folder"),
        ("file", "/etc/passwd", "leaves the folder"),
        ("form", "tar", "'tar' is not a valid Form"),
        ("form", 1, "form is not of type str"),
    ],
)
def test_wrong_values_are_described(tmp_path: Path, field: str, value: object, words: str) -> None:
    """A hand-edited manifest."""
    path = tmp_path / "manifest.json"
    write_manifest(path, Manifest((make_archive(),)))
    content = json.loads(path.read_text())
    content["archives"][0][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(BundleError, match=words):
        read_manifest(path)
