"""From the spec to V2 documents on the command line: bundle, render, render again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from functional.small_fleet import small_fleet
from unit.wheelmaker import make_wheel


def v2_fleet(folder: Path, layout: str) -> Path:
    """The small fleet with an adapter of one file, and a library in the given layout."""
    spec = small_fleet(folder)
    make_wheel(folder / "wheels", "tinyipc", files={"tinyipc.py": "value = 1\n"})
    (folder / "ipc.txt").write_text("--no-index\n--find-links wheels\ntinyipc==1.0\n")
    (folder / "adapter").mkdir()
    (folder / "adapter/component_runtime.py").write_text("import tinyipc\n")
    text = spec.read_text().replace("/mllibs}", f"/mllibs, layout: {layout}}}")
    # the V1 SDK would come from an index
    text = text.replace("  sdk: {requirements: sdk.txt, install: in-function}\n", "")
    text = text.replace("[tinylib, sdk]", "[tinylib]")
    spec.write_text(text + "components: {adapter: adapter, adapter_requirements: ipc.txt}\n")
    return spec


def bundled(folder: Path, layout: str = "self-unpack") -> Path:
    spec = v2_fleet(folder, layout)
    done = ggfleet("bundle", spec, "--cache", folder / "cache", cwd=folder)
    assert done.returncode == 0, done.stderr
    return spec


def render(spec: Path, target: str, out: str, *more: str | Path) -> Path:
    folder = spec.parent / out
    done = ggfleet("render", spec, "--target", target, "--out", folder, *more, cwd=spec.parent)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("layout", ["zip", "self-unpack", "image"])
def test_every_layout_goes_from_the_spec_to_a_recipe(tmp_path: Path, layout: str) -> None:
    """The artifact that a recipe names is a file that was built."""
    if layout == "image" and not shutil.which("mksquashfs"):
        pytest.skip("needs mksquashfs (package squashfs-tools)")
    out = render(bundled(tmp_path, layout), "recipes-v2", "out")
    (path,) = (out / "recipes").glob("small.library.tinylib-*.json")
    (artifact,) = json.loads(path.read_text())["Manifests"][0]["Artifacts"]
    file = artifact["Uri"].removeprefix("s3://small-greengrass/ggfleet/small/")
    assert (tmp_path / "build/bundles" / file).is_file()
    assert file.endswith(".squashfs" if layout == "image" else ".zip")
    assert (artifact["Unarchive"] == "ZIP") is (layout == "zip")


def test_a_local_deployment_names_files_that_are_there(tmp_path: Path) -> None:
    """For both nuclei: artifacts to copy, and recipes of exactly the versions that argv names."""
    out = render(bundled(tmp_path), "deployment-v2", "out")
    for nucleus, option in (("classic", "--merge"), ("lite", "--add-component")):
        plan = json.loads((out / "local" / nucleus / "pc.json").read_text())
        for each in plan["artifacts"]:
            assert (tmp_path / "build/bundles" / each["archive"]).is_file()
        argv = plan["argv"]
        wanted = [argv[i + 1] for i, word in enumerate(argv) if word == option]
        recipes = {p.name for p in (out / "local" / nucleus / "recipes").iterdir()}
        assert {f"{each.replace('=', '-')}.json" for each in wanted} == recipes


def test_an_earlier_rendering_spares_resets(tmp_path: Path) -> None:
    """Nothing changed, so nothing is reset; the rendering is replaced by its successor."""
    spec = bundled(tmp_path)
    first = render(spec, "deployment-v2", "first")
    text = (first / "deployments/pc.json").read_text()
    assert '"reset"' in text
    second = render(spec, "deployment-v2", "second", "--previous", first)
    assert (second / "deployments/pc.json").read_text() == text.replace(
        text[text.index(',\n      "configurationUpdate"') : text.index("\n    }\n  },")], ""
    )


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    spec = bundled(tmp_path)
    common = ("render", spec, "--out", tmp_path / "out")
    for more, words in (
        (("--target", "recipes-v2", "--platform", "pc"), "rendered for all platforms"),
        (("--target", "deployment-v2", "--previous", tmp_path), "is no rendering"),
        (
            ("--target", "group-v1", "--previous", render(spec, "deployment-v2", "first")),
            "is not compared",
        ),
    ):
        done = ggfleet(*common, *more, cwd=tmp_path)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
