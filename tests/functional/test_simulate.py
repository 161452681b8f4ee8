"""`ggfleet simulate`, as an owner calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from functional.pc_fleet import SPEC, write_pc_fleet
from unit.wheelmaker import make_wheel

LINKS = "egress_per_gb = 0\n[links.line]\nshare = 1\nmbit_s = 8\ndrop_mb = 0.05\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fleet of one core with a library of 50 kB, bundled."""
    folder = tmp_path_factory.mktemp("simulated")
    noise = bytes((n * n * 7919 + n // 251) % 251 for n in range(50_000))
    make_wheel(folder / "wheels", "ml", files={"ml/data": noise})
    write_pc_fleet(folder, "ml")
    (folder / "links.toml").write_text(LINKS)
    done = ggfleet("bundle", "--out", "out", "--cache", "cache", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_way_has_a_line(project: Path) -> None:
    """At 80 columns, and what is assumed or left out is said."""
    done = ggfleet("simulate", "--bundles", "out", "--cores", "1000", cwd=project)
    assert done.returncode == 0, done.stderr
    for way in (
        "os-pip, pip<25.1",
        "os-pip, pip>=25.2",
        "ml-resource, classic",
        "ml-resource, lite",
    ):
        assert sum(line.startswith(way) for line in done.stdout.splitlines()) == 1
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "ml for pc to 1,000 cores, 5 seeds" in done.stdout
    assert "are assumptions" in done.stdout
    assert "is not in it" in done.stdout


def test_json_holds_sizes_and_figures(project: Path) -> None:
    """Sizes are the archive's and the wheel's; a share that is never reached is null."""
    asked = ("simulate", "--bundles", "out", "--cores", "2000", "--links", "links.toml", "--json")
    done = ggfleet(*asked, cwd=project)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    ways = {(each["strategy"], each["program"]): each for each in told["ways"]}
    (wheel,) = (project / "wheels").glob("*.whl")
    (archive,) = (project / "out/libraries").glob("*.zip")
    assert ways["os-pip", "pip<25.1"]["bytes"] == wheel.stat().st_size
    assert ways["ml-resource", "lite"]["bytes"] == archive.stat().st_size
    assert ways["ml-resource", "classic"]["figures"]["updated"]["mean"] == 1
    one_try = ways["os-pip", "pip<25.1"]["figures"]
    assert 0.2 < one_try["updated"]["mean"] < 0.9
    assert one_try["nearly_all"]["mean"] is None
    assert json.loads(ggfleet(*asked, cwd=project).stdout) == told
    assert json.loads(ggfleet(*asked, "--seed", "99", cwd=project).stdout) != told


def test_a_deployment_of_the_spec_stops_it(project: Path) -> None:
    """Lite's seven tries at a link that drops every 5 kB: nearly all fail, and an abort spares."""
    links = project / "bad.toml"
    links.write_text(LINKS.replace("0.05", "0.005"))
    rollout = "{start: 100 per minute, factor: 1.5, after: 100 succeeded}"
    abort = "{failed: 20 %, after: 50 cores}"
    spec = project / "stopped.yml"
    spec.write_text(SPEC + f"deployment: {{rollout: {rollout}, abort: {abort}}}\n")
    done = ggfleet(
        "simulate", spec, "--bundles", "out", "--cores", "5000", "--links", links, cwd=project
    )
    assert done.returncode == 0, done.stderr
    assert "ml-resource, lite: stopped by the spec's abort" in done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--library", "mll"), "--library mll is no ml-resource library"),
        (("--platform", "pcs"), "--platform pcs is no platform"),
        (("--bundles", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_simulated_is_told(
    project: Path, options: tuple[str, str], said: str
) -> None:
    bundles = () if "--bundles" in options else ("--bundles", "out")
    done = ggfleet("simulate", *bundles, *options, cwd=project)
    assert done.returncode == 2
    assert said in done.stderr
    assert "fix:" in done.stderr
