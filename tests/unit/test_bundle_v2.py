"""What V2 adds to a bundle: images of libraries, and the adapter that runs functions."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ggfleet.bundle.build import merge
from ggfleet.errors import BundleError
from ggfleet.model import (
    ADAPTER,
    Components,
    Compression,
    Fleet,
    Form,
    Install,
    Layout,
    Manifest,
    Part,
)
from ggfleet.runtime import component_files
from unit.test_bundle_parts import PC, built, everywhere, fleet_of, native, shop_of
from unit.wheelmaker import make_wheel


def with_layout(fleet: Fleet, layout: Layout | None) -> Fleet:
    library = replace(fleet.libraries["tiny"], layout=layout)
    return replace(fleet, libraries={"tiny": library})


@pytest.mark.skipif(not shutil.which("mksquashfs"), reason="needs mksquashfs (squashfs-tools)")
def test_a_library_to_mount_is_built_as_a_zip_and_as_an_image(tmp_path: Path) -> None:
    """V1 takes the zip; both are named by the same tree, and neither is built twice."""
    fleet = with_layout(fleet_of(tmp_path, Install.ML_RESOURCE), Layout.IMAGE)
    shop = shop_of(tmp_path, fleet, native(tmp_path))
    zipped, image = built(shop, PC, parts=[Part.LIBRARIES])
    assert (zipped.form, image.form) == (Form.ZIP, Form.IMAGE)
    assert (zipped.tree_sha256, zipped.files) == (image.tree_sha256, image.files)
    assert image.file == zipped.file.removesuffix("zip") + "squashfs"
    assert (shop.out / image.file).read_bytes()[:4] == b"hsqs"
    before = (shop.out / image.file).stat().st_mtime_ns
    assert built(shop, PC, parts=[Part.LIBRARIES]) == [zipped, image]
    assert (shop.out / image.file).stat().st_mtime_ns == before
    assert len(merge(fleet, shop.out, [zipped, image]).archives) == 2
    without = merge(with_layout(fleet, None), shop.out, [])
    assert [each.form for each in without.archives] == [Form.ZIP]


@pytest.mark.skipif(not shutil.which("mksquashfs"), reason="needs mksquashfs (squashfs-tools)")
def test_another_compression_is_another_image_and_nothing_else(tmp_path: Path) -> None:
    """The zip is not built again; the manifest drops the old image; changing back finds it."""
    fleet = with_layout(fleet_of(tmp_path, Install.ML_RESOURCE), Layout.IMAGE)
    wheels = native(tmp_path)
    shop = shop_of(tmp_path, fleet, wheels)
    zipped, plain = built(shop, PC, parts=[Part.LIBRARIES])
    quick_library = replace(fleet.libraries["tiny"], compression=Compression.ZSTD)
    quick_fleet = replace(fleet, libraries={"tiny": quick_library})
    same, quick = built(replace(shop, fleet=quick_fleet), PC, parts=[Part.LIBRARIES])
    assert same == zipped
    assert quick.file == zipped.file.removesuffix("zip") + "zstd.squashfs"
    assert quick.key != plain.key
    assert (quick.compression, quick.tree_sha256) == (Compression.ZSTD, plain.tree_sha256)
    merge(fleet, shop.out, [zipped, plain])
    assert merge(quick_fleet, shop.out, []).archives == (zipped,)
    assert set(merge(quick_fleet, shop.out, [zipped, quick]).archives) == {zipped, quick}
    before = (shop.out / plain.file).stat().st_mtime_ns
    assert built(shop, PC, parts=[Part.LIBRARIES]) == [zipped, plain]
    assert (shop.out / plain.file).stat().st_mtime_ns == before


@pytest.mark.parametrize("layout", [None, Layout.ZIP, Layout.SELF_UNPACK])
def test_other_layouts_need_no_image(tmp_path: Path, layout: Layout | None) -> None:
    fleet = with_layout(fleet_of(tmp_path, Install.ML_RESOURCE), layout)
    found = built(shop_of(tmp_path, fleet, native(tmp_path)), PC, parts=[Part.LIBRARIES])
    assert [each.form for each in found] == [Form.ZIP]


def adapted(tmp_path: Path, program: str = "component_runtime.py") -> Fleet:
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / program).write_text("print('hello')\n")
    (tmp_path / "adapter.txt").write_text("tiny\n")
    components = Components(
        wanted=True, adapter=(tmp_path / "adapter",), adapter_requirements=tmp_path / "adapter.txt"
    )
    return replace(fleet_of(tmp_path, Install.OS_PIP), components=components)


def test_the_adapter_is_packed_with_what_it_imports(tmp_path: Path) -> None:
    """One archive for each platform; the manifest keeps it while the spec names the adapter."""
    fleet = adapted(tmp_path)
    shop = shop_of(tmp_path, fleet, everywhere(make_wheel(tmp_path)))
    (archive,) = built(shop, PC, parts=[Part.ADAPTER])
    assert (archive.part, archive.name, archive.platform) == ("adapters", ADAPTER, PC.name)
    with zipfile.ZipFile(shop.out / archive.file) as packed:
        names = packed.namelist()
    assert "component_runtime.py" in names
    assert any(name.endswith(".dist-info/METADATA") for name in names)
    assert merge(fleet, shop.out, [archive]).archives == (archive,)
    assert merge(replace(fleet, components=Components()), shop.out, []) == Manifest()


def test_ggfleets_own_adapter_is_packed_where_none_is_named(tmp_path: Path) -> None:
    """Its own client is asked for, and its two modules lie where it looks for them."""
    fleet = replace(adapted(tmp_path), components=Components(wanted=True))
    shop = shop_of(tmp_path, fleet, everywhere(make_wheel(tmp_path)))
    (archive,) = built(shop, PC, parts=[Part.ADAPTER])
    with zipfile.ZipFile(shop.out / archive.file) as packed:
        names = set(packed.namelist())
    assert names >= set(component_files())
    assert "component_runtime.py" in names


def test_without_components_no_adapter_is_built(tmp_path: Path) -> None:
    """A fleet of V1 cores has no use for one."""
    fleet = replace(adapted(tmp_path), components=Components())
    shop = shop_of(tmp_path, fleet, native(tmp_path))
    assert built(shop, PC, parts=[Part.ADAPTER]) == []


def test_a_folder_without_the_adapter_is_refused(tmp_path: Path) -> None:
    shop = shop_of(tmp_path, adapted(tmp_path, "other.py"), everywhere(make_wheel(tmp_path)))
    with pytest.raises(BundleError, match=r"holds component_runtime\.py"):
        built(shop, PC, parts=[Part.ADAPTER])
