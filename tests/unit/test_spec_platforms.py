"""Several platforms in one spec: presets, and values that differ by platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.bundle.tags import check_supported
from ggfleet.model import Access, Fleet, LocalDevice, LocalVolume, Severity
from ggfleet.spec import Checked, json_schema
from ggfleet.spec.presets import PRESETS
from unit.spoilt_specs import SPEC
from unit.test_spec_schema import complaints
from unit.test_spec_v1 import check_wide

PI = '  pi: {architecture: aarch64, python: 3.10, glibc: "2.36"}\n'
BOARDS = """\
  pi: {preset: pi4-64, python: 3.10}
  orin: {preset: jetson-orin, hardware: {camera: [/dev/video1]}}
"""
TWO = SPEC.replace(PI, BOARDS).replace("device: /dev/video0", "device: camera")


def read(folder: Path, text: str) -> Fleet:
    fleet = check_wide(folder, text).fleet
    assert fleet is not None
    assert complaints(text) == []
    return fleet


def told(checked: Checked) -> list[tuple[str, str, str]]:
    assert checked.fleet is None
    errors = [p for p in checked.problems if p.severity is Severity.ERROR]
    return [(p.path, p.message, p.fix) for p in errors]


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_a_whole_platform(tmp_path: Path, name: str) -> None:
    """With nothing else said; the schema offers it, and the bundler takes it."""
    fleet = read(tmp_path, SPEC.replace(PI, f"  pi: {{preset: {name}}}\n"))
    platform, preset = fleet.platforms["pi"], PRESETS[name]
    assert (platform.architecture, platform.python) == (preset.architecture, preset.python)
    assert platform.find("camera") is not None
    assert platform.find("gpu") is not None
    assert all(each.doubt and each.paths for each in platform.hardware), "an unmarked guess"
    assert name in json_schema()["$defs"]["Platform"]["properties"]["preset"]["enum"]
    check_supported(platform)


def test_a_key_goes_before_the_preset(tmp_path: Path) -> None:
    fleet = read(tmp_path, TWO)
    pi, orin = fleet.platforms["pi"], fleet.platforms["orin"]
    assert (pi.python, pi.glibc, pi.gpu) == ("3.10", "2.36", "")
    assert (orin.python, orin.gpu) == ("3.10", "jetson")
    camera = orin.find("camera")
    assert camera is not None
    assert (camera.paths, camera.doubt) == (("/dev/video1",), "")


def test_hardware_is_what_each_platform_calls_it(tmp_path: Path) -> None:
    """One node keeps the resource's name; folders of a device are volumes, read alone."""
    text = TWO.replace("camera: {device: camera}", "camera: {device: camera}\n  gpu: {device: gpu}")
    text = text.replace("{camera: rw,", "{camera: rw, gpu: rw,")
    fleet = read(tmp_path, text)
    pi, orin = fleet.on("pi"), fleet.on("orin")
    assert pi.resources["camera"] == LocalDevice("camera", "/dev/video0")
    assert orin.resources["camera"] == LocalDevice("camera", "/dev/video1")
    assert [name for name in orin.resources if name.startswith("gpu")] == [
        "gpu:nvhost-ctrl", "gpu:nvhost-gpu", "gpu:nvhost-ctrl-gpu", "gpu:nvhost-dbg-gpu",
        "gpu:nvhost-prof-gpu", "gpu:nvmap", "gpu:nvhost-as-gpu", "gpu:nvhost-vic",
        "gpu:usr-lib-aarch64-linux-gnu-tegra",
    ]  # fmt: skip
    folder = orin.resources["gpu:usr-lib-aarch64-linux-gnu-tegra"]
    assert isinstance(folder, LocalVolume)
    assert folder.source == folder.destination == "/usr/lib/aarch64-linux-gnu/tegra"
    access = orin.functions["classify"].resources
    assert access["gpu:nvmap"] is Access.WRITE
    assert access[folder.name] is Access.READ
    assert pi.functions["classify"].resources["gpu"] is Access.WRITE


def test_what_a_platform_has_not_goes_from_functions(tmp_path: Path) -> None:
    text = TWO.replace("hardware: {camera: [/dev/video1]}", "hardware: {camera: []}")
    orin = read(tmp_path, text).on("orin")
    assert list(orin.resources) == ["frames"]
    assert list(orin.functions["classify"].resources) == ["frames"]


def test_values_differ_by_platform(tmp_path: Path) -> None:
    """`other` stands for platforms that are not named; the rest of a part is the same."""
    (tmp_path / "orin.txt").write_text("")
    text = TWO.replace("requirements: libraries.txt",
                       "requirements: {orin: orin.txt, other: libraries.txt}")  # fmt: skip
    text = text.replace("source: digits", "source: {pi: digits, orin: s3://b/digits.zip}")
    text = text.replace("volume: /srv/frames", "volume: {pi: /srv/frames, orin: /data}")
    fleet = read(tmp_path, text)
    pi, orin = fleet.on("pi"), fleet.on("orin")
    assert pi.libraries["numpy"].requirements == tmp_path / "libraries.txt"
    assert orin.libraries["numpy"].requirements == tmp_path / "orin.txt"
    assert (pi.models["digits"].is_local, orin.models["digits"].is_local) == (True, False)
    assert orin.resources["frames"] == LocalVolume("frames", "/data", "/frames")
    assert orin.models["digits"].destination == "/models/digits"


def test_every_variant_is_looked_for(tmp_path: Path) -> None:
    text = TWO.replace("requirements: libraries.txt",
                       "requirements: {orin: orin.txt, other: libraries.txt}")  # fmt: skip
    found = told(check_wide(tmp_path, text))
    assert [(path, message) for path, message, _ in found] == [
        ("libraries.numpy.requirements", "orin.txt is not a file")
    ]


SOURCE = "models.digits.source"
CASES = {
    "unknown preset": ("preset: pi4-64", "preset: pi4_64", "platforms.pi.preset",
                       "cannot be 'pi4_64'", "did you mean pi4-64?"),
    "half a platform": (", glibc: \"2.36\"}", "}", "platforms.pi.glibc", "is missing", "add `glibc:`"),
    "unknown platform": ("source: digits", "source: {pie: digits, other: digits}", f"{SOURCE}.pie",
                         "names the platform pie", "did you mean pi?"),
    "a platform without": ("source: digits", "source: {pi: digits}", SOURCE,
                           "has nothing for the platform orin", "`other:` for all not named"),
    "no platform": ("source: digits", "source: {}", SOURCE, "is empty", "one for each platform"),
    "a list for a text": ("source: digits", "source: {pi: [digits], other: digits}", f"{SOURCE}.pi",
                          "is a list", "single value"),
    "unknown hardware": ("device: camera", "device: camra", "resources.camera.device",
                         "names camra, which the platform", "did you mean camera?"),
    "no path": ("[/dev/video1]", "[dev/video1]", "platforms.orin.hardware.camera",
                "cannot be 'dev/video1'", "/dev/video0"),
    "a word for a list": ("[/dev/video1]", "/dev/video1", "platforms.orin.hardware.camera",
                          "is not a list", "[...]"),
}  # fmt: skip


@pytest.mark.parametrize(("right", "wrong", "path", "message", "fix"), CASES.values(), ids=CASES)
def test_a_mistake_is_told(
    tmp_path: Path, right: str, wrong: str, path: str, message: str, fix: str
) -> None:
    text = SPEC if right not in TWO else TWO
    assert right in text
    found = told(check_wide(tmp_path, text.replace(right, wrong, 1)))
    assert any(p == path and message in m and fix in f for p, m, f in found), found


def test_what_the_system_provides_is_normalised(tmp_path: Path) -> None:
    """As an index calls a package, whatever way it is written."""
    provides = 'provides: {NumPy: "1.24.2", opencv_python: 4.6.0.post1}'
    fleet = read(tmp_path, SPEC.replace(PI, f"  pi: {{preset: pi4-32, {provides}}}\n"))
    assert fleet.platforms["pi"].provides == (("numpy", "1.24.2"), ("opencv-python", "4.6.0.post1"))


@pytest.mark.parametrize(
    ("provides", "path", "said"),
    [
        ('{numpy: "1:1.24.2-1+deb12u1"}', "provides.numpy", "is no version of a package"),
        ('{"python3 numpy": "1.24"}', "provides.python3 numpy", "is no name of a package"),
        ('{numpy: "1.24", NumPy: "1.25"}', "provides.NumPy", "names numpy twice"),
    ],
)
def test_what_no_system_provides_is_told(
    tmp_path: Path, provides: str, path: str, said: str
) -> None:
    text = SPEC.replace(PI, f"  pi: {{preset: pi4-32, provides: {provides}}}\n")
    ((at, message, fix),) = told(check_wide(tmp_path, text))
    assert at == f"platforms.pi.{path}"
    assert said in message
    assert fix
