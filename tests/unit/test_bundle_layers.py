"""Which package goes into which layer, and what moves when one package does."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ggfleet.bundle.build import merge
from ggfleet.bundle.contents import read_contents
from ggfleet.bundle.layers import divide
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.supply.sbom import read_bill
from ggfleet.model import BY_SIZE, REST, Archive, Fleet, Install, Layer, Manifest, Part
from unit.elfmaker import make_elf
from unit.factories import make_function, make_library
from unit.test_bundle_parts import PI, Index, built, fleet_of, shop_of
from unit.wheelmaker import PI as NATIVE
from unit.wheelmaker import Listener, make_wheel

Files = Mapping[str, str | bytes]
HEAVY = (Layer("heavy", ("big",)), Layer("numeric", ("num-*",)), Layer(REST))


def divided(
    folder: Path, packages: Mapping[str, Files], layers: tuple[Layer, ...] = HEAVY
) -> tuple[dict[str, list[str]], list[str]]:
    """The names of the packages in each layer, and what was said."""
    said: list[str] = []
    wheels = [
        make_wheel(folder, name, tag=NATIVE, purelib=True, files=files)
        for name, files in packages.items()
    ]
    found = divide(layers, wheels, lambda wheel: folder / wheel.filename, said.append)
    return {layer: [each.name for each in own] for layer, own in found.items()}, said


def package(name: str) -> Files:
    return {f"{name}/__init__.py": ""}


def test_packages_go_where_they_are_named_and_the_others_into_the_rest(tmp_path: Path) -> None:
    """By their normalised names; a pattern takes several, or none."""
    packages = {name: package(name) for name in ("Big", "num_one", "num_two", "other")}
    found, said = divided(tmp_path, packages)
    assert found == {"heavy": ["Big"], "numeric": ["num_one", "num_two"], REST: ["other"]}
    found, _ = divided(tmp_path, {"big": package("big")})
    assert found == {"heavy": ["big"], "numeric": [], REST: []}
    assert not said


def test_a_name_counts_more_than_a_pattern(tmp_path: Path) -> None:
    """Also where the pattern comes first."""
    layers = (Layer("many", ("num-*",)), Layer("one", ("num-one",)), Layer(REST))
    found, _ = divided(tmp_path, {n: package(n) for n in ("num_one", "num_two")}, layers)
    assert found == {"many": ["num_two"], "one": ["num_one"], REST: []}


def test_layers_by_size_go_by_what_a_wheel_weighs(tmp_path: Path) -> None:
    """The size that a layer begins with is its own; what is bound to something big goes along."""
    made = [
        make_wheel(tmp_path, name, files={f"{name}/__init__.py": "", f"{name}/data": text})
        for name, text in (
            ("small", ""),
            ("medium", "ab" * 40),
            ("big", "".join(map(str, range(999)))),
        )
    ]
    made.append(make_wheel(tmp_path, "plugin", files={"big/plugin.py": ""}))
    small, medium, big, _ = (each.size for each in made)
    assert small < medium < big
    layers = (Layer("large", least=big), Layer("medium", least=medium), Layer("small"))
    found = divide(layers, made, lambda wheel: tmp_path / wheel.filename, print)
    names = {layer: [each.name for each in own] for layer, own in found.items()}
    assert names == {"large": ["big", "plugin"], "medium": ["medium"], "small": ["small"]}


def test_sizes_of_automatic_layers_fall_and_the_last_takes_all() -> None:
    """Else a layer would stay empty, or a package without one."""
    sizes = [layer.least for layer in BY_SIZE]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] == 0


def test_a_package_that_adds_to_another_goes_along(tmp_path: Path) -> None:
    """A folder with an `__init__.py` cannot be on two entries of the import path."""
    plugin = {"big/plugins/extra.py": "", "extra/__init__.py": ""}
    found, said = divided(tmp_path, {"big": package("big"), "extra": plugin, "far": package("far")})
    assert found == {"heavy": ["big", "extra"], "numeric": [], REST: ["far"]}
    assert said == ["layer heavy takes extra too: extra adds to big of big"]


def test_packages_of_a_namespace_may_be_apart(tmp_path: Path) -> None:
    """Without an `__init__.py` Python joins the folder from all entries of the path (PEP 420)."""
    packages = {
        "big": {"google/big/__init__.py": ""},
        "other": {"google/other/__init__.py": "", "google/note.txt": ""},
    }
    assert divided(tmp_path, packages)[0] == {"heavy": ["big"], "numeric": [], REST: ["other"]}


def test_a_file_of_two_packages_keeps_them_together(tmp_path: Path) -> None:
    """So that both are held against each other when the tree is laid."""
    packages = {"big": {"shared.py": "1"}, "other": {"shared.py": "1"}, "next": {"shared.py": "1"}}
    found, said = divided(tmp_path, packages)
    assert found["heavy"] == ["big", "other", "next"]
    assert said[1] == "layer heavy takes other too: big and other both bring shared.py"


def test_shared_objects_stay_where_others_look_for_them(tmp_path: Path) -> None:
    """A RUNPATH into the folder of another package, as those of CUDA have; not one into its own."""
    user = make_elf(needed=["libcu.so"], runpath="$ORIGIN/../cu/lib:${ORIGIN}/libs:/usr/lib")
    packages: dict[str, Files] = {
        "big": {"big/core.so": user, "big/libs/own.so": make_elf()},
        "cu": {"cu/lib/libcu.so": make_elf()},
        "elsewhere": {"elsewhere/lib/libother.so": make_elf()},
    }
    found, said = divided(tmp_path, packages)
    assert found == {"heavy": ["big", "cu"], "numeric": [], REST: ["elsewhere"]}
    assert said == ["layer heavy takes cu too: shared objects of big look into cu/lib of cu"]


def fleet(tmp_path: Path) -> Fleet:
    """A fleet whose library has layers."""
    plain = fleet_of(tmp_path, Install.ML_RESOURCE)
    library = replace(plain.libraries["tiny"], layers=HEAVY)
    return replace(plain, libraries={"tiny": library})


def index(folder: Path, **versions: str) -> Index:
    wheels: list[Wheel] = [
        make_wheel(folder, name, version, files={f"{name}/__init__.py": f"V = '{version}'"})
        for name, version in versions.items()
    ]
    return Index({"pi": wheels, "gateway": wheels})


def bundled(tmp_path: Path, whole: Fleet, wheels: Index) -> tuple[dict[str, Archive], list[str]]:
    shop = shop_of(tmp_path, whole, wheels)
    found = {each.name: each for each in built(shop, PI, parts=[Part.LIBRARIES])}
    assert isinstance(shop.progress, Listener)
    return found, shop.progress.said


def test_only_the_layer_of_a_package_moves_with_it(tmp_path: Path) -> None:
    """The archives of the others keep their names, and are not even packed again."""
    whole = fleet(tmp_path)
    before, _ = bundled(tmp_path, whole, index(tmp_path, big="1.0", num_one="1.0", small="1.0"))
    assert list(before) == ["tiny-heavy", "tiny-numeric", "tiny-rest"]
    (tmp_path / "r.txt").write_text("tiny\nnum-one==2.0\n")
    after, said = bundled(tmp_path, whole, index(tmp_path, big="1.0", num_one="2.0", small="1.0"))
    assert [name for name in before if before[name] != after[name]] == ["tiny-numeric"]
    assert [line.split()[0] for line in said if "numeric" in line] == ["wrote"]
    assert sum("unchanged" in line for line in said) == 2


def test_what_lies_beside_an_archive_tells_its_layer_alone(tmp_path: Path) -> None:
    """Contents and bill of materials are those of the packages that are in it."""
    found, _ = bundled(tmp_path, fleet(tmp_path), index(tmp_path, big="1.0", small="1.0"))
    heavy = found["tiny-heavy"]
    assert [each.origin for each in read_contents(tmp_path / "out", heavy)] == ["big 1.0"]
    assert [each.name for each in read_bill(tmp_path / "out", heavy)] == ["big"]
    assert heavy.file.startswith("libraries/tiny-heavy-pi-")


def test_a_layer_without_packages_says_so(tmp_path: Path) -> None:
    """An archive without a file would be a riddle to a core; the set as a whole is not empty."""
    found, _ = bundled(tmp_path, fleet(tmp_path), index(tmp_path, big="1.0"))
    with zipfile.ZipFile(tmp_path / "out" / found["tiny-rest"].file) as archive:
        assert archive.namelist() == ["tiny-rest.empty"]
        assert b"No package" in archive.read("tiny-rest.empty")
    assert read_contents(tmp_path / "out", found["tiny-rest"])[0].origin == "ggfleet"


def test_the_manifest_follows_the_layers(tmp_path: Path) -> None:
    """Archives of a library that was whole once, or had other layers, leave the manifest."""
    whole = fleet(tmp_path)
    found, _ = bundled(tmp_path, whole, index(tmp_path, big="1.0"))
    assert merge(whole, tmp_path / "out", tuple(found.values())).archives == tuple(found.values())
    plain = replace(whole, libraries={"tiny": replace(whole.libraries["tiny"], layers=())})
    assert merge(plain, tmp_path / "out", ()) == Manifest()


def test_functions_have_the_layers_in_place_of_the_library(tmp_path: Path) -> None:
    """In their order, with the same access; asked twice, the fleet stays as it is."""
    whole = fleet(tmp_path)
    function = make_function("fn", libraries=("other", "tiny"), library_access={})
    other = make_library("other", destination="/other")
    apart = replace(
        whole, functions={"fn": function}, libraries={**whole.libraries, "other": other}
    ).in_layers
    assert apart.functions["fn"].libraries == ("other", "tiny-heavy", "tiny-numeric", "tiny-rest")
    assert [each.destination for each in apart.libraries.values()] == [
        "/mllibs/heavy", "/mllibs/numeric", "/mllibs/rest", "/other",
    ]  # fmt: skip
    assert {each.path for each in apart.libraries.values()} == {"libraries.tiny", "libraries.other"}
    assert apart.in_layers is apart
