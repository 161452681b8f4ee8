"""What is built, for which platform, and when nothing needs to be."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ggfleet.bundle.build import merge
from ggfleet.bundle.bytecode import find_interpreter
from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.fingerprint import Fingerprints
from ggfleet.bundle.parts import archives
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.workshop import Workshop
from ggfleet.errors import BundleError
from ggfleet.model import Archive, Fleet, Hardware, Install, Manifest, Part, Platform
from unit.factories import make_fleet, make_function, make_library, make_model, make_platform
from unit.wheelmaker import Listener, make_wheel

PC = make_platform("gateway")
PI = make_platform("pi", architecture="aarch64")
NATIVE = {
    "gateway": "cp311-cp311-manylinux_2_17_x86_64",
    "pi": "cp311-cp311-manylinux_2_17_aarch64",
}


@dataclass
class Index:
    """Answers with prepared wheels, and remembers who asked."""

    wheels: Mapping[str, Sequence[Wheel]]
    asked: list[str] = field(default_factory=list)

    def __call__(self, _files: Sequence[Path], platform: Platform) -> tuple[Wheel, ...]:
        self.asked.append(platform.name)
        if platform.name not in self.wheels:
            raise BundleError(f"no set of wheels for platform {platform.name}")
        return tuple(self.wheels[platform.name])


@dataclass
class ByFile:
    """Answers with the wheels of the first file that it is asked for."""

    wheels: Mapping[str, Sequence[Wheel]]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, files: Sequence[Path], platform: Platform) -> tuple[Wheel, ...]:
        self.asked.append((files[0].name, platform.name))
        return tuple(self.wheels[files[0].name])


def shop_of(tmp_path: Path, fleet: Fleet, index: Index | ByFile) -> Workshop:
    listener = Listener()
    return Workshop(
        fleet=fleet,
        platforms=tuple(fleet.platforms.values()),
        out=tmp_path / "out",
        progress=listener,
        wheels=WheelCache(tmp_path / "cache", listener),
        resolver=index,
        fingerprints=Fingerprints(tmp_path / "built"),
        before=Manifest(),
    )


def fleet_of(tmp_path: Path, install: Install) -> Fleet:
    """One library, one function that uses it, one model."""
    (tmp_path / "r.txt").write_text("tiny\n")
    (tmp_path / "fn").mkdir(exist_ok=True)
    (tmp_path / "fn" / "function.py").write_text("def function_handler(event, context): ...\n")
    (tmp_path / "digits.tflite").write_text("model")
    return make_fleet(
        platforms=[PC, PI],
        libraries=[make_library("tiny", requirements=tmp_path / "r.txt", install=install)],
        models=[
            make_model("digits", source=str(tmp_path / "digits.tflite")),
            make_model("remote", source="s3://bucket/model.zip"),
        ],
        functions=[make_function("fn", sources=(tmp_path / "fn",), libraries=("tiny",))],
    )


def native(tmp_path: Path) -> Index:
    return Index({name: [make_wheel(tmp_path, tag=tag)] for name, tag in NATIVE.items()})


def everywhere(wheel: Wheel) -> Index:
    return Index({name: [wheel] for name in NATIVE})


def built(shop: Workshop, *targets: Platform, parts: Sequence[Part] = tuple(Part)) -> list[Archive]:
    return list(dict.fromkeys(archives(shop, targets or (PC, PI), parts)))


def test_libraries_per_platform_and_the_rest_once(tmp_path: Path) -> None:
    """Models in AWS are not bundled; names and keys follow the content."""
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.ML_RESOURCE), native(tmp_path))
    found = built(shop)
    assert [(a.part, a.name, a.platform) for a in found] == [
        ("libraries", "tiny", "gateway"),
        ("libraries", "tiny", "pi"),
        ("models", "digits", "any"),
        ("functions", "fn", "any"),
    ]
    for archive in found:
        name = f"{archive.name}-{archive.platform}-{archive.tree_sha256[:16]}.zip"
        assert archive.file == f"{archive.part}/{name}"
        assert archive.key == f"ggfleet/line/{archive.file}"
        assert (shop.out / archive.file).stat().st_size == archive.size


def varied(tmp_path: Path, install: Install) -> Fleet:
    """The fleet above with a requirements file and a model of its own for the Pi."""
    fleet = fleet_of(tmp_path, install)
    (tmp_path / "pi.txt").write_text("small\n")
    (tmp_path / "pi.tflite").write_text("smaller")
    files = (("gateway", tmp_path / "r.txt"), ("pi", tmp_path / "pi.txt"))
    sources = (("gateway", str(tmp_path / "digits.tflite")), ("pi", str(tmp_path / "pi.tflite")))
    library = replace(fleet.libraries["tiny"], variants=files)
    model = replace(fleet.models["digits"], variants=sources)
    return replace(fleet, libraries={"tiny": library}, models={"digits": model})


def two_wheels(tmp_path: Path) -> ByFile:
    one, other = (make_wheel(tmp_path, name=name) for name in ("tiny", "small"))
    return ByFile({"r.txt": [one], "pi.txt": [other]})


def test_a_platform_gets_its_own_variants(tmp_path: Path) -> None:
    """Requirements and sources that differ by platform; another platform's are not even read."""
    index = two_wheels(tmp_path)
    shop = shop_of(tmp_path, varied(tmp_path, Install.ML_RESOURCE), index)
    found = built(shop, parts=[Part.LIBRARIES, Part.MODEL])
    assert index.asked == [("r.txt", "gateway"), ("pi.txt", "pi")]
    assert [(a.part, a.platform) for a in found] == [
        ("libraries", "gateway"), ("libraries", "pi"), ("models", "gateway"), ("models", "pi"),
    ]  # fmt: skip
    assert len({archive.tree_sha256 for archive in found}) == 4
    (tmp_path / "pi.tflite").unlink()
    assert [a.platform for a in built(shop, PC, parts=[Part.MODEL])] == ["gateway"]


def test_a_variant_in_the_cloud_is_not_bundled(tmp_path: Path) -> None:
    fleet = varied(tmp_path, Install.ML_RESOURCE)
    sources = (("gateway", str(tmp_path / "digits.tflite")), ("pi", "s3://bucket/model.zip"))
    model = replace(fleet.models["digits"], variants=sources)
    shop = shop_of(tmp_path, replace(fleet, models={"digits": model}), two_wheels(tmp_path))
    assert [a.platform for a in built(shop, parts=[Part.MODEL])] == ["gateway"]


def test_a_package_with_variants_is_one_for_each_platform(tmp_path: Path) -> None:
    """Pure wheels, and yet two packages; unless both files give the same wheels."""
    index = two_wheels(tmp_path)
    fleet = varied(tmp_path, Install.IN_FUNCTION)
    assert [a.platform for a in built(shop_of(tmp_path, fleet, index), parts=[Part.FUNCTION])] == [
        "gateway", "pi",
    ]  # fmt: skip
    same = ByFile(dict.fromkeys(("r.txt", "pi.txt"), index.wheels["r.txt"]))
    (tmp_path / "pi.txt").write_text("tiny\n")
    found = built(shop_of(tmp_path, fleet, same), parts=[Part.FUNCTION])
    assert [a.platform for a in found] == ["any"]


def test_a_camera_is_no_reason_to_build_again(tmp_path: Path) -> None:
    index = native(tmp_path)
    fleet = fleet_of(tmp_path, Install.ML_RESOURCE)
    built(shop_of(tmp_path, fleet, index), parts=[Part.LIBRARIES])
    asked = len(index.asked)
    camera = Hardware("camera", ("/dev/video0",))
    seeing = [replace(platform, hardware=(camera,)) for platform in (PC, PI)]
    shop = shop_of(tmp_path, fleet, index)
    assert len(built(shop, *seeing, parts=[Part.LIBRARIES])) == 2
    assert len(index.asked) == asked


def test_parts_can_be_limited(tmp_path: Path) -> None:
    """A model update builds the model."""
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.ML_RESOURCE), Index({}))
    assert [a.part for a in built(shop, parts=[Part.MODEL])] == [Part.MODEL]


def test_native_code_in_a_function_makes_it_a_package_per_platform(tmp_path: Path) -> None:
    """Its library has no archive of its own."""
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.IN_FUNCTION), native(tmp_path))
    found = built(shop, parts=[Part.LIBRARIES, Part.FUNCTION])
    assert [(a.part, a.platform) for a in found] == [("functions", "gateway"), ("functions", "pi")]


def test_pure_wheels_make_one_package_for_all(tmp_path: Path) -> None:
    """Also when only one platform is asked for."""
    index = everywhere(make_wheel(tmp_path))
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.IN_FUNCTION), index)
    (archive,) = built(shop, PI, parts=[Part.FUNCTION])
    assert (archive.platform, archive.files) == ("any", 4)


def test_pure_wheels_that_differ_by_platform_stay_apart(tmp_path: Path) -> None:
    """An environment marker can ask for more on an older Python."""
    one, two = make_wheel(tmp_path), make_wheel(tmp_path, "backport")
    index = Index({"gateway": [one], "pi": [one, two]})
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.IN_FUNCTION), index)
    assert [a.platform for a in built(shop, PC, parts=[Part.FUNCTION])] == ["gateway"]


def test_a_platform_without_wheels_fails_only_when_it_is_asked_for(tmp_path: Path) -> None:
    """The others are built for themselves."""
    index = Index({"gateway": [make_wheel(tmp_path)]})
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.IN_FUNCTION), index)
    assert [a.platform for a in built(shop, PC, parts=[Part.FUNCTION])] == ["gateway"]
    with pytest.raises(BundleError, match="platform pi"):
        built(shop, PI, parts=[Part.FUNCTION])


def test_libraries_installed_by_pip_are_not_bundled(tmp_path: Path) -> None:
    """Neither as a resource nor in the function."""
    index = Index({})
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.OS_PIP), index)
    assert [a.part for a in built(shop)] == [Part.MODEL, Part.FUNCTION]
    assert index.asked == []


def test_unchanged_inputs_are_not_even_resolved(tmp_path: Path) -> None:
    """The second build reads fingerprints."""
    fleet = fleet_of(tmp_path, Install.ML_RESOURCE)
    first = built(shop_of(tmp_path, fleet, native(tmp_path)))
    index = Index({})
    assert built(shop_of(tmp_path, fleet, index)) == first
    assert index.asked == []


@pytest.mark.parametrize("change", ["requirements", "function", "model", "platform", "archive"])
def test_what_changed_is_built_again(tmp_path: Path, change: str) -> None:
    """And only that; a lost archive counts as changed, other words for the same wheels do not."""
    fleet = fleet_of(tmp_path, Install.ML_RESOURCE)
    first = built(shop_of(tmp_path, fleet, native(tmp_path)), PI)
    index, target = native(tmp_path), PI
    if change == "requirements":
        (tmp_path / "r.txt").write_text("tiny # again\n")
    elif change == "function":
        (tmp_path / "fn" / "function.py").write_text("handler = None\n")
    elif change == "model":
        (tmp_path / "digits.tflite").write_text("better")
    elif change == "platform":
        target = make_platform("pi", architecture="aarch64", glibc="2.35")
    else:
        (tmp_path / "out" / first[0].file).unlink()
    shop = shop_of(tmp_path, fleet, index)
    second = built(shop, target)
    changed = [a.name for a, b in zip(first, second, strict=True) if a != b]
    assert changed == {"function": ["fn"], "model": ["digits"]}.get(change, [])
    assert bool(index.asked) == (change in ("requirements", "platform", "archive"))
    assert isinstance(shop.progress, Listener)
    assert sum("unchanged" in line for line in shop.progress.said) == (
        3 if change == "requirements" else 2
    )


def test_a_library_that_asks_for_nothing_is_an_error(tmp_path: Path) -> None:
    """All its markers are false there: an empty resource would be a riddle on the device."""
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.ML_RESOURCE), Index({"pi": []}))
    with pytest.raises(BundleError, match=r"r\.txt asks for nothing on platform pi"):
        built(shop, PI)


def test_a_source_and_a_wheel_may_not_fight_over_a_file(tmp_path: Path) -> None:
    """Which of the two would run?"""
    wheel = make_wheel(tmp_path, files={"function.py": "other = 1\n"})
    index = everywhere(wheel)
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.IN_FUNCTION), index)
    with pytest.raises(BundleError, match=r"function\.py comes from .*fn and.*from tiny 1\.0"):
        built(shop, parts=[Part.FUNCTION])


def test_a_function_without_files_is_an_error(tmp_path: Path) -> None:
    """Its handler could not be there."""
    fleet = fleet_of(tmp_path, Install.OS_PIP)
    (tmp_path / "fn" / "function.py").unlink()
    with pytest.raises(BundleError, match="hold no file"):
        built(shop_of(tmp_path, fleet, Index({})), parts=[Part.FUNCTION])


def test_a_manifest_keeps_other_platforms_and_drops_what_is_gone(tmp_path: Path) -> None:
    """Not in the fleet any more, or its file vanished."""
    fleet = fleet_of(tmp_path, Install.ML_RESOURCE)
    shop = shop_of(tmp_path, fleet, native(tmp_path))
    pc, pi = built(shop, parts=[Part.LIBRARIES])
    (model,) = built(shop, parts=[Part.MODEL])
    out = shop.out
    assert merge(fleet, out, [pc, model]).archives == (pc, model)
    assert merge(fleet, out, [pi]).archives == (pc, pi, model)
    (out / pc.file).unlink()
    assert merge(fleet, out, []).archives == (pi, model)
    without_model = make_fleet(platforms=[PC, PI], libraries=list(fleet.libraries.values()))
    assert merge(without_model, out, []).archives == (pi,)


def test_a_package_for_any_platform_and_packages_for_each_replace_each_other(
    tmp_path: Path,
) -> None:
    """`Manifest.find` must never have two answers."""
    fleet = fleet_of(tmp_path, Install.IN_FUNCTION)
    apart = built(shop_of(tmp_path, fleet, native(tmp_path)), parts=[Part.FUNCTION])
    pure = everywhere(make_wheel(tmp_path))
    (tmp_path / "r.txt").write_text("tiny==1.0\n")
    (one,) = built(shop_of(tmp_path, fleet, pure), parts=[Part.FUNCTION])
    out = tmp_path / "out"
    merge(fleet, out, apart)
    assert merge(fleet, out, [one]).archives == (one,)
    assert merge(fleet, out, apart).archives == tuple(apart)


def test_compiled_files_are_for_the_platforms_python(tmp_path: Path) -> None:
    """They are in the archive; another interpreter builds it anew; without one a note says so."""
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.ML_RESOURCE), native(tmp_path))
    found = find_interpreter(replace(PC, python=f"3.{sys.version_info.minor}"))
    assert found is not None
    having = replace(shop, interpreters=lambda _: found)
    [compiled] = built(having, PC, parts=[Part.LIBRARIES])
    with zipfile.ZipFile(shop.out / compiled.file) as opened:
        assert f"__pycache__/tiny.{found.tag}.pyc" in opened.namelist()
    [plain] = built(replace(shop, interpreters=lambda _: None), PC, parts=[Part.LIBRARIES])
    assert plain.tree_sha256 != compiled.tree_sha256
    assert isinstance(shop.progress, Listener)
    assert any("no Python 3.11 on this machine" in said for said in shop.progress.said)
    shop.progress.said.clear()
    assert built(having, PC, parts=[Part.LIBRARIES]) == [compiled]
    assert [said for said in shop.progress.said if "unchanged" in said]


def test_a_stray_compiled_file_of_a_wheel_gives_way(tmp_path: Path) -> None:
    """numpy 2.0 brings one, of its builder's interpreter and with a time; it clashed with ours."""
    found = find_interpreter(replace(PC, python=f"3.{sys.version_info.minor}"))
    assert found is not None
    place = found.place("tiny.py")
    wheel = make_wheel(tmp_path, files={"tiny.py": "value = 1\n", place: b"stray"})
    shop = shop_of(tmp_path, fleet_of(tmp_path, Install.ML_RESOURCE), everywhere(wheel))
    having = replace(shop, interpreters=lambda _: found)
    [archive] = built(having, PC, parts=[Part.LIBRARIES])
    with zipfile.ZipFile(shop.out / archive.file) as opened:
        assert opened.namelist().count(place) == 1
        assert opened.read(place) != b"stray"
