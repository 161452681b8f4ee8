"""Whole bundles: uv resolves, wheels come from a folder or an index, archives and manifest are written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from ggfleet.bundle import host_platform, read_manifest
from ggfleet.bundle.build import build
from ggfleet.bundle.resolve import resolve
from ggfleet.errors import BundleError
from ggfleet.model import Archive, Fleet, Install, Manifest, Part
from ggfleet.system.files import sha256
from unit.factories import make_fleet, make_function, make_library, make_model, make_platform
from unit.wheelmaker import PI as PI_TAG
from unit.wheelmaker import Listener, make_wheel

PC = make_platform("gateway")
PI = make_platform("pi", architecture="aarch64")
ORIN = make_platform("orin", architecture="aarch64", python="3.10", glibc="2.35")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A wheel folder with a native and a pure package, a function and a model."""
    wheels = tmp_path / "wheels"
    for arch in ("x86_64", "aarch64"):
        for minor in (10, 11):
            tag = f"cp3{minor}-cp3{minor}-manylinux_2_17_{arch}"
            make_wheel(wheels, "native", tag=tag, files={"native/core.so": f"{arch} {minor}"})
    make_wheel(wheels, "pure")
    (tmp_path / "native.txt").write_text("--no-index\n--find-links wheels\nnative==1.0\n")
    (tmp_path / "pure.txt").write_text("--no-index\n--find-links wheels\npure==1.0\n")
    for name in ("fn", "shared"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(f"name = {name!r}\n")
    (tmp_path / "saved_model").mkdir()
    (tmp_path / "saved_model" / "saved_model.pb").write_bytes(b"graph" * 1000)
    return tmp_path


def fleet_of(project: Path) -> Fleet:
    return make_fleet(
        platforms=[PC, PI, ORIN],
        libraries=[
            make_library("native", requirements=project / "native.txt"),
            make_library("pure", requirements=project / "pure.txt", install=Install.IN_FUNCTION),
        ],
        models=[make_model("digits", source=str(project / "saved_model"))],
        functions=[
            make_function(
                "fn", sources=(project / "fn", project / "shared"), libraries=("native", "pure")
            )
        ],
    )


def bundle(project: Path, out: str = "out", cache: str = "cache") -> tuple[Manifest, Listener]:
    listener = Listener()
    manifest = build(
        fleet_of(project),
        [PC, PI, ORIN],
        project / out,
        cache=project / cache,
        progress=listener,
    )
    return manifest, listener


def names_in(project: Path, archive: Archive | None) -> list[str]:
    assert archive is not None
    with zipfile.ZipFile(project / "out" / archive.file) as opened:
        return opened.namelist()


def test_a_fleet_is_bundled_for_machines_that_are_not_this_one(project: Path) -> None:
    """Each platform gets its own native code; the function is one package for all."""
    manifest, listener = bundle(project)
    assert read_manifest(project / "out" / "manifest.json") == manifest
    assert [(a.part, a.platform) for a in manifest.archives] == [
        ("functions", "any"),
        ("libraries", "gateway"),
        ("libraries", "orin"),
        ("libraries", "pi"),
        ("models", "any"),
    ]
    for platform, content in [
        ("gateway", b"x86_64 11"),
        ("pi", b"aarch64 11"),
        ("orin", b"aarch64 10"),
    ]:
        archive = manifest.find(Part.LIBRARIES, "native", platform)
        assert archive is not None
        with zipfile.ZipFile(project / "out" / archive.file) as opened:
            assert opened.read("native/core.so") == content
    function = manifest.find(Part.FUNCTION, "fn", "pi")
    assert names_in(project, function) == [
        "fn.py",
        "pure-1.0.dist-info/METADATA",
        "pure-1.0.dist-info/WHEEL",
        "pure.py",
        "shared.py",
    ]
    assert names_in(project, manifest.find(Part.MODEL, "digits", "pi")) == ["saved_model.pb"]
    assert listener.open == 0


def test_two_builds_give_the_same_bytes(project: Path) -> None:
    """Other folders, another cache, another umask, later times."""
    bundle(project)
    before = os.umask(0o077)
    try:
        for path in project.glob("fn/*"):
            os.utime(path, (0, 0))
        bundle(project, "out2", "cache2")
    finally:
        os.umask(before)
    one, two = project / "out", project / "out2"
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(two) for path in two.rglob("*") if path.is_file())
    assert len(files) == 14  # the manifest, a model, 4 archives with bill and contents each
    for file in files:
        assert (one / file).read_bytes() == (two / file).read_bytes(), file
        assert (two / file).stat().st_mode & 0o777 == 0o644


def test_an_unchanged_fleet_is_neither_resolved_nor_written(project: Path) -> None:
    """Under a second, and no file is touched."""
    first, _ = bundle(project)
    states = {p: p.stat().st_mtime_ns for p in (project / "out").rglob("*") if p.is_file()}
    start = time.perf_counter()
    second, listener = bundle(project)
    seconds = time.perf_counter() - start
    assert second == first
    assert states == {p: p.stat().st_mtime_ns for p in (project / "out").rglob("*") if p.is_file()}
    assert listener.steps == []
    assert listener.counted == []
    assert len(listener.said) == 7
    assert seconds < 1


def test_a_lost_cache_costs_time_and_nothing_else(project: Path) -> None:
    """The same content keeps its name; the archives there stay as they are."""
    first, _ = bundle(project)
    shutil.rmtree(project / "cache")
    states = {p: p.stat().st_mtime_ns for p in (project / "out").rglob("*.zip")}
    second, listener = bundle(project)
    assert second == first
    assert states == {p: p.stat().st_mtime_ns for p in (project / "out").rglob("*.zip")}
    assert sum("same content, kept" in line for line in listener.said) == 7


def test_a_changed_function_changes_its_archive_alone(project: Path) -> None:
    """The libraries, hundreds of megabytes in life, keep their names."""
    first, _ = bundle(project)
    (project / "fn" / "fn.py").write_text("name = 'better'\n")
    second, _ = bundle(project)
    changed = set(first.archives) ^ set(second.archives)
    assert {(a.part, a.name) for a in changed} == {(Part.FUNCTION, "fn")}


def test_the_manifest_says_what_the_files_are(project: Path) -> None:
    """Sizes, counts and digests are the files' own."""
    manifest, _ = bundle(project)
    for archive in manifest.archives:
        path = project / "out" / archive.file
        with zipfile.ZipFile(path) as opened:
            assert len(opened.infolist()) == archive.files
            assert sum(info.file_size for info in opened.infolist()) == archive.unpacked_size
        assert (sha256(path), path.stat().st_size) == (archive.sha256, archive.size)


def test_a_package_that_no_wheel_fits_is_explained(project: Path) -> None:
    """uv's own words, the platform, and the way out."""
    make_wheel(project / "wheels", "newer", tag="cp311-cp311-manylinux_2_39_aarch64")
    (project / "native.txt").write_text("--no-index\n--find-links wheels\nnewer\n")
    with pytest.raises(BundleError, match="newer") as caught:
        resolve([project / "native.txt"], PI, cache=project / "cache")
    assert "no set of wheels for platform pi" in caught.value.message
    assert "--find-links" in caught.value.fix


def test_a_wrong_hash_in_the_requirements_stops_the_build(project: Path) -> None:
    """uv lets it pass when it compiles."""
    file = project / "native.txt"
    file.write_text(f"{file.read_text().strip()} --hash=sha256:{'0' * 64}\n")
    with pytest.raises(BundleError, match="hash that the requirements file allows"):
        bundle(project)
    assert not (project / "out" / "manifest.json").exists()


def test_environment_markers_are_the_targets(project: Path) -> None:
    """pip would ask the machine that builds."""
    file = project / "marked.txt"
    file.write_text(
        "--no-index\n--find-links wheels\n"
        'native; platform_machine == "aarch64"\n'
        'pure; python_version < "3.11" and sys_platform == "linux"\n'
    )

    def found(platform: object) -> list[str]:
        wheels = resolve([file], platform, cache=project / "cache")  # type: ignore[arg-type]
        return [wheel.name for wheel in wheels]

    assert (found(PC), found(PI), found(ORIN)) == ([], ["native"], ["native", "pure"])


def test_a_wheel_named_by_path_is_bundled(project: Path) -> None:
    """Relative to the requirements file, whatever folder the command runs in."""
    tag = PI_TAG
    (project / "native.txt").write_text(f"./wheels/native-1.0-{tag}.whl\n")
    (wheel,) = resolve([project / "native.txt"], PI, cache=project / "cache")
    assert (wheel.name, wheel.filename) == ("native", f"native-1.0-{tag}.whl")
    assert wheel.sha256 == sha256(project / "wheels" / wheel.filename)


KILLED = """
import pathlib, sys
sys.path[:0] = {path!r}
import functional.test_bundle as t
t.bundle(pathlib.Path(sys.argv[1]))
"""


def test_killed_at_any_moment_the_next_build_is_right(project: Path) -> None:
    """SIGKILL after growing delays: every archive that has its name is whole."""
    (project / "saved_model" / "weights").write_bytes(os.urandom(40_000_000))
    expected, _ = bundle(project, "out2", "cache2")
    code = KILLED.format(path=sys.path)
    for delay in (0.3, 0.5, 0.7, 0.9, 1.1, 1.4):
        started = subprocess.Popen([sys.executable, "-c", code, project], stderr=subprocess.DEVNULL)
        time.sleep(delay)
        started.kill()
        started.wait()
        for path in (project / "out").rglob("*.zip"):
            with zipfile.ZipFile(path) as opened:
                assert opened.testzip() is None
    assert bundle(project)[0] == expected


ELF_MACHINE = {"x86_64": 62, "aarch64": 183}
"""e_machine of the ELF header, 16 bits from byte 18 (System V ABI)."""


def test_real_wheels_are_the_targets_and_run_on_this_machine(tmp_path: Path) -> None:
    """MarkupSafe from the index: a small package with a native module, which this Python imports."""
    host = host_platform()
    file = tmp_path / "r.txt"
    file.write_text("MarkupSafe==3.0.2\n")
    fleet = make_fleet(
        platforms=[host, PC, PI, ORIN], libraries=[make_library("safe", requirements=file)]
    )
    manifest = build(
        fleet,
        list(fleet.platforms.values()),
        tmp_path / "out",
        cache=tmp_path / "cache",
        progress=Listener(),
    )
    for platform in fleet.platforms.values():
        archive = manifest.find(Part.LIBRARIES, "safe", platform.name)
        assert archive is not None
        with zipfile.ZipFile(tmp_path / "out" / archive.file) as opened:
            opened.extractall(tmp_path / platform.name)
        (module,) = (tmp_path / platform.name).rglob("*.so")
        assert f"cpython-{platform.python.replace('.', '')}-{platform.architecture}" in module.name
        machine = int.from_bytes(module.read_bytes()[18:20], "little")
        assert machine == ELF_MACHINE[platform.architecture]
    code = "import sys; sys.path.insert(0, sys.argv[1]); import markupsafe._speedups as m; print(m)"
    said = subprocess.run(
        [sys.executable, "-I", "-c", code, tmp_path / host.name],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(tmp_path / host.name) in said


def test_a_32_bit_pi_gets_its_wheels_and_not_what_its_system_provides(tmp_path: Path) -> None:
    """uv resolves for all platforms; numpy is pinned to the system's version and left out."""
    wheels = tmp_path / "wheels"
    needs = "Requires-Dist: numpy<2\nRequires-Dist: elsewhere; platform_machine == 'x86_64'\n"
    make_wheel(wheels, "native", tag="cp311-cp311-linux_armv7l", metadata=needs)
    make_wheel(wheels, "native", tag="cp311-cp311-manylinux_2_17_aarch64", metadata=needs)
    make_wheel(wheels, "elsewhere")
    for version in ("1.24.2", "1.26.4", "2.4.0"):
        make_wheel(wheels, "numpy", version, tag="cp311-cp311-manylinux_2_17_aarch64")
    file = tmp_path / "r.txt"
    file.write_text("--no-index\n--find-links wheels\nnative\n")
    bare = make_platform("pi32", architecture="armv7l")
    with pytest.raises(BundleError, match=r"numpy 1\.26\.4 has no wheel for platform pi32"):
        resolve([file], bare, cache=tmp_path / "cache")
    system = make_platform("pi32", architecture="armv7l", provides=(("numpy", "1.24.2"),))
    (found,) = resolve([file], system, cache=tmp_path / "cache")
    assert found.filename == "native-1.0-cp311-cp311-linux_armv7l.whl"
    newer = make_platform("pi32", architecture="armv7l", provides=(("numpy", "2.4.0"),))
    with pytest.raises(BundleError, match="unsatisfiable"):
        resolve([file], newer, cache=tmp_path / "cache")
