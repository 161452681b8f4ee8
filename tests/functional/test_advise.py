"""`ggfleet calibrate` and `ggfleet advise`, as an owner calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from ggfleet.compare.matrix.cells import to_line
from unit.measured_matrix import observations
from unit.wheelmaker import make_wheel

SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-greengrass}
platforms: {pc: {architecture: x86_64, python: "3.11", glibc: "2.36"}}
cores: {inventory: hosts.yml, groups: {pcs: pc}}
components: {prefix: com.example}
libraries:
  ml: {requirements: ml.txt, install: ml-resource, destination: /ml, updates: 2 per year}
  small: {requirements: small.txt, install: in-function}
models:
  digits: {source: model, version: 1.0.0, destination: /models/digits}
functions:
  fn: {source: fn, handler: fn.handler, memory: 64 MiB, libraries: [ml, small], models: [digits]}
"""
LINKS = """\
egress_per_gb = 0.09
[links.line]
share = 1
mbit_s = 8
round_trip_ms = 60
loss = 0.001
radio_watts = 1
[costs]
device_hour = 0.5
[device]
write_mb_s = 10
processors = 0.5
"""
ASKED = ("advise", "--bundles", "out", "--model", "model.json")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundled fleet, and a model of a made-up matrix."""
    folder = tmp_path_factory.mktemp("advised")
    noise = bytes((n * n * 7919 + n // 251) % 251 for n in range(400_000))
    for name, size in (("ml", 400_000), ("small", 30_000)):
        make_wheel(folder / "wheels", name, files={f"{name}/data": noise[:size]})
        (folder / f"{name}.txt").write_text(f"--no-index\n--find-links wheels\n{name}\n")
    for name, text in (("fn/fn.py", "def handler(event, context): ...\n"), ("model/m", "1" * 999)):
        (folder / name).parent.mkdir()
        (folder / name).write_text(text)
    (folder / "fleet.yml").write_text(SPEC)
    (folder / "hosts.yml").write_text("pcs:\n  hosts:\n    pc-1: {}\n    pc-2: {}\n")
    (folder / "links.toml").write_text(LINKS)
    lines = [to_line(each) for each in observations()]
    (folder / "runs.jsonl").write_text("".join(f"{line}\n" for line in lines))
    done = ggfleet("bundle", "--out", "out", "--cache", "cache", cwd=folder)
    assert done.returncode == 0, done.stderr
    done = ggfleet("calibrate", "runs.jsonl", "--out", "model.json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_part_is_advised_on(project: Path) -> None:
    """At 80 columns; what is assumed is said."""
    done = ggfleet(*ASKED, cwd=project)
    assert done.returncode == 0, done.stderr
    told = done.stdout
    assert "line on pc, Greengrass V2, 2 cores" in told
    for part in ("library ml: ", "library small: ", "model digits: ", "function fn: "):
        assert sum(line.startswith(part) for line in told.splitlines()) == 1
    assert "2 a year\n" in told
    assert "1 a month*" in told
    assert "* is assumed" in told
    assert "prices are assumptions" in told
    assert "ended Greengrass V1" not in told
    assert max(map(len, told.splitlines())) <= 80


def test_what_differs_for_v1_is_told(project: Path) -> None:
    told = ggfleet(*ASKED, "--generation", "v1", cwd=project).stdout
    assert "not image: Greengrass V1 has no images" in told
    assert "AWS ended Greengrass V1 on 2026-10-07" in told


def test_json_holds_every_figure(project: Path) -> None:
    """Sizes are those of the archives; inputs change what is told, and are told themselves."""
    done = ggfleet(*ASKED, "--json", "--links", "links.toml", cwd=project)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    parts = {(each["kind"], each["name"]): each for each in told["parts"]}
    (archive,) = (project / "out/libraries").glob("*.zip")
    library = parts["libraries", "ml"]
    assert library["size"]["fetched_bytes"] == archive.stat().st_size
    assert library["updates_a_year"] == 2
    assert library["updates_from"] == "spec"
    figures = {each["name"]: each["a_year"] for each in library["options"]}
    assert figures["image"] is None
    assert figures["ml-resource"]["bytes"] > 2.3 * archive.stat().st_size
    assert figures["ml-resource"]["dollars"] == pytest.approx(
        sum(figures["ml-resource"]["paid"].values())
    )
    assert told["world"]["links"][0]["round_trip_ms"] == 60
    assert told["world"]["device"] == {"write_mb_s": 10, "processors": 0.5}
    (wheel,) = (project / "wheels").glob("small*.whl")
    assert parts["libraries", "small"]["size"]["fetched_bytes"] == wheel.stat().st_size
    assert (
        json.loads(ggfleet(*ASKED, "--json", "--links", "links.toml", cwd=project).stdout) == told
    )
    often = (*ASKED, "--json", "--links", "links.toml", "--updates", "ml=1 per week")
    (more,) = (
        each["a_year"]["bytes"]
        for each in json.loads(ggfleet(*often, cwd=project).stdout)["parts"][0]["options"]
        if each["name"] == "ml-resource"
    )
    assert more > 20 * figures["ml-resource"]["bytes"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--platform", "pcs"), "--platform pcs is no platform"),
        (("--updates", "ml=soon"), "write a number per day"),
        (("--updates", "nobody=1 per year"), "no part has this name"),
        (("--model", "fleet.yml"), "is no model"),
        (("--bundles", "nowhere"), "run `ggfleet bundle --platform pc`"),
        (("--links", "fleet.yml"), "is no TOML"),
    ],
)
def test_what_cannot_be_advised_on_is_told(
    project: Path, arguments: tuple[str, str], said: str
) -> None:
    done = ggfleet(*ASKED, *arguments, cwd=project)
    assert done.returncode == 2
    assert said in done.stderr
    assert "fix:" in done.stderr


def test_a_model_is_judged_by_what_it_never_saw(project: Path) -> None:
    """In a table for people; the same seed gives the same figures."""
    done = ggfleet("calibrate", "runs.jsonl", "--judge", cwd=project)
    assert done.returncode == 0, done.stderr
    for line in ("25 % held out", "each once, in 5 folds", "each link held out whole"):
        assert line in done.stdout
    assert "single runs differ from their median" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    judged = ("calibrate", "runs.jsonl", "--judge", "--json")
    told = json.loads(ggfleet(*judged, cwd=project).stdout)
    held = told["judged"]["25 % held out"]
    assert 0 < held["error_of_bytes"] < 0.01
    assert 0 < held["error_of_seconds"] < 0.05
    assert held["choices"]["seconds"]["questions"] == 10
    assert held["fitted_on"] + held["held_out"] == told["model"]["origin"]["cells"] == 160
    assert json.loads(ggfleet(*judged, cwd=project).stdout) == told
    assert json.loads(ggfleet(*judged, "--seed", "2", cwd=project).stdout) != told


@pytest.mark.parametrize(
    ("text", "said"),
    [("{}\n", "runs:1: this is no observation"), ("", "nothing to fit")],
)
def test_what_is_no_matrix_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "runs").write_text(text)
    done = ggfleet("calibrate", "runs", "--out", "model.json", cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "model.json").exists()
