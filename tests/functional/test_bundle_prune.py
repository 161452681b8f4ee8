"""`ggfleet bundle --prune`: superseded archives go, and nothing else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from ggfleet.bundle import contents
from ggfleet.bundle.build import build
from ggfleet.bundle.prune import building, prune
from ggfleet.bundle.supply import sbom
from ggfleet.errors import BundleError, GgfleetError
from ggfleet.model import Manifest
from unit.factories import make_fleet, make_function, make_model, make_platform
from unit.wheelmaker import Listener

PC = make_platform("gateway")
DIGITS = "0123456789abcdef"
ENDINGS = (sbom.ENDING, contents.ENDING)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A function and a model, bundled once."""
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn/fn.py").write_text("version = 1\n")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/weights").write_bytes(b"w" * 10_000)
    bundle(tmp_path)
    return tmp_path


def bundle(project: Path) -> Manifest:
    fleet = make_fleet(
        platforms=[PC],
        models=[make_model("m", source=str(project / "m"))],
        functions=[make_function("fn", sources=(project / "fn",), models=("m",))],
    )
    out, cache = project / "out", project / "cache"
    return build(fleet, [PC], out, cache=cache, progress=Listener())


def change(project: Path, version: int) -> None:
    (project / "fn/fn.py").write_text(f"version = {version}\n")


def files(project: Path) -> set[str]:
    out = project / "out"
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    beside = {file for file in found if file.endswith(ENDINGS)}
    archives = {file for file in found if file.startswith("functions/")} - beside
    # they come and go with the archive
    assert beside == {f"{file}{ending}" for file in archives for ending in ENDINGS}
    return found - beside


def test_what_is_superseded_goes_and_is_told(project: Path) -> None:
    """Two old versions of the function; its current one, the model and the manifest stay."""
    before = files(project)
    for version in (2, 3):
        change(project, version)
        bundle(project)
    manifest = bundle(project)
    listed = {archive.file for archive in manifest.archives}
    old = files(project) - listed - {"manifest.json"}
    sizes = {file: (project / "out" / file).stat().st_size for file in old}
    assert len(old) == 2
    assert {each.file: each.size for each in prune(project / "out")} == sizes
    assert files(project) == listed | {"manifest.json"}
    assert len(before & files(project)) == 2  # the model, and the manifest
    assert prune(project / "out") == ()


def test_what_comes_back_is_built_again(project: Path) -> None:
    first = files(project)
    change(project, 2)
    bundle(project)
    prune(project / "out")
    change(project, 1)
    bundle(project)
    assert first <= files(project)


def test_a_part_that_the_spec_has_no_more_is_superseded(project: Path) -> None:
    fleet = make_fleet(platforms=[PC], functions=[make_function("fn", sources=(project / "fn",))])
    build(fleet, [PC], project / "out", cache=project / "cache", progress=Listener())
    [removed] = prune(project / "out")
    assert removed.file.startswith("models/m-any-")


@pytest.mark.parametrize(
    "foreign",
    [
        "notes.txt",
        f"fn-gateway-{DIGITS}.zip",  # beside the parts' folders
        "functions/fn.zip",
        f"functions/fn-gateway-{DIGITS}.tar.xz",
        f"functions/fn-gateway-{DIGITS}.zip.bak",
        f"functions/fn-{DIGITS}.zip",
        f"functions/fn-gateway-{DIGITS[1:]}.zip",
        f"functions/fn-gateway-{DIGITS.upper()}.zip",
        f"functions/old/fn-gateway-{DIGITS}.zip",
        f"others/fn-gateway-{DIGITS}.zip",
        "models/.packing.x.part",
    ],
)
def test_files_of_others_stay(project: Path, foreign: str) -> None:
    path = project / "out" / foreign
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    assert prune(project / "out") == ()
    assert path.read_text() == "mine"


def test_links_and_folders_stay(project: Path) -> None:
    """Whatever their names: a build makes neither."""
    functions = project / "out/functions"
    (project / "kept").write_text("mine")
    (functions / f"fn-gateway-{DIGITS}.zip").symlink_to(project / "kept")
    (functions / f"other-gateway-{DIGITS}.zip").mkdir()
    assert prune(project / "out") == ()
    assert (functions / f"fn-gateway-{DIGITS}.zip").is_symlink()
    assert (functions / f"other-gateway-{DIGITS}.zip").is_dir()


def test_nothing_goes_while_something_is_built(project: Path) -> None:
    """A build has archives that no manifest lists before its end; other builds need not wait."""
    change(project, 2)
    bundle(project)
    before = files(project)
    with building(project / "out"):
        with pytest.raises(GgfleetError, match="another ggfleet uses") as caught:
            prune(project / "out")
        assert "when its build has ended" in caught.value.fix
        bundle(project)
    assert files(project) == before
    assert len(prune(project / "out")) == 1


@pytest.mark.parametrize("manifest", [None, "{", '{"version": 1, "archives": [{}]}'])
def test_without_a_manifest_nothing_goes(project: Path, manifest: str | None) -> None:
    """It would take every archive for superseded."""
    path = project / "out/manifest.json"
    path.unlink() if manifest is None else path.write_text(manifest)
    before = files(project)
    with pytest.raises(BundleError, match=r"manifest\.json"):
        prune(project / "out")
    assert files(project) == before


SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-greengrass}
platforms: {pc: {architecture: x86_64, python: "3.8", glibc: "2.31"}}
cores: {inventory: hosts.yml, groups: {pcs: pc}}
functions:
  fn: {source: fn, handler: fn.handler, memory: 64 MiB}
"""


def test_the_command_removes_only_when_asked(project: Path) -> None:
    (project / "fleet.yml").write_text(SPEC)
    (project / "hosts.yml").write_text("pcs:\n  hosts:\n    pc-1: {}\n")
    command = ("bundle", "--out", "archives", "--cache", "cache")
    for version in (1, 2, 3):
        change(project, version)
        assert ggfleet(*command, cwd=project).returncode == 0
    assert len([*(project / "archives/functions").glob("*.zip")]) == 3
    done = ggfleet(*command, "--prune", cwd=project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("removed functions/fn-any-") == 2
    assert "2 superseded archives removed, " in done.stdout
    change(project, 4)
    told = json.loads(ggfleet(*command, "--prune", "--json", cwd=project).stdout)
    assert [set(each) for each in told["removed"]] == [{"file", "size"}]
    assert len([*(project / "archives/functions").iterdir()]) == 3  # archive, bill and contents
    assert "removed" not in json.loads(ggfleet(*command, "--json", cwd=project).stdout)
