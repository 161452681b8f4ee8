"""Templates from the command line: the same bytes each time, of the generation that is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.cloudformation_judges import FLEET, lint_problems
from functional.ggfleet_command import ggfleet
from functional.small_fleet import small_fleet
from functional.test_render_v2 import bundled, v2_fleet
from functional.test_render_v2 import render as render_command
from functional.v1_sample import digest, load_sample, made_up_manifest
from ggfleet.model import ADAPTER, Manifest, Part
from ggfleet.render import Generation, render
from ggfleet.system.documents import MARK
from unit.factories import make_archive

V2 = "v2/fleet.json"


def test_the_same_bytes_whatever_the_order_of_archives() -> None:
    """Of both generations."""
    fleet = load_sample()
    adapters = [
        make_archive(Part.ADAPTER, ADAPTER, platform=p.name) for p in fleet.used_platforms()
    ]
    archives = (*made_up_manifest(fleet).archives, *adapters)
    first, second = (
        digest(render(fleet, Manifest(order), "cloudformation", generations=[*Generation]))
        for order in (archives, archives[::-1])
    )
    assert first == second


@pytest.mark.parametrize("seed", ["1", "4711"])
def test_another_process_renders_the_same_bytes(tmp_path: Path, seed: str) -> None:
    """And what it writes is what cfn-lint has judged."""
    spec = small_fleet(tmp_path)
    done = ggfleet("bundle", spec, "--out", tmp_path / "bundles")
    assert done.returncode == 0, done.stderr
    files = [
        command_files(spec, tmp_path / f"out-{hashed}", PYTHONHASHSEED=hashed)
        for hashed in ("0", seed)
    ]
    assert files[0] == files[1]
    assert set(files[0]) == {MARK, "bucket.json", FLEET}
    assert lint_problems(json.loads(files[0][FLEET])) == []


def command_files(spec: Path, out: Path, **env: str) -> dict[str, str]:
    done = ggfleet(
        "render", spec, "--target", "cloudformation", "--bundles", spec.parent / "bundles",
        "--out", out, **env,  # type: ignore[arg-type]
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "deployment" in done.stdout
    return {p.relative_to(out).as_posix(): p.read_text() for p in out.rglob("*.json")}


def test_the_spec_says_the_generation(tmp_path: Path) -> None:
    """A fleet with components gets stacks of V2 alone, though its certificates are not known."""
    spec = bundled(tmp_path)
    hosts = tmp_path / "hosts.yml"
    hosts.write_text("pcs:\n  hosts:\n    pc-1: {}\n")
    assert written(spec, "one") == {MARK, "bucket.json", V2, "v2/cores.json"}
    assert written(spec, "two", "--generation", "v2") == written(spec, "one")
    done = ggfleet("render", spec, "--target", "cloudformation", "--generation", "v1",
                   "--out", tmp_path / "three", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 2
    assert "certificate" in done.stderr
    assert not (tmp_path / "three").exists()


def test_both_generations_from_one_command(tmp_path: Path) -> None:
    """Their notes say which one they are of; one bucket serves both."""
    spec = bundled(tmp_path)
    both = ("--generation", "v1", "--generation", "v2")
    assert written(spec, "out", *both) == {MARK, "bucket.json", FLEET, V2, "v2/cores.json"}
    done = ggfleet("render", spec, "--target", "cloudformation", *both, "--json",
                   "--out", tmp_path / "out", cwd=tmp_path)  # fmt: skip
    told = {note["message"].split(":")[0] for note in json.loads(done.stdout)["notes"]}
    assert told == {"V1", "V2"}
    for path in ("bucket.json", FLEET, V2, "v2/cores.json"):
        assert lint_problems(json.loads((tmp_path / "out" / path).read_text())) == [], path


def written(spec: Path, out: str, *more: str) -> set[str]:
    folder = render_command(spec, "cloudformation", out, *more)
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*.json")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--target", "cloudformation", "--platform", "pc"], "or write --generation v1"),
        (["--target", "group-v1", "--generation", "v1"], "group-v1 is of one generation"),
        (["--target", "cloudformation", "--generation", "v3"], "'v3' is not one of"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: list[str], words: str) -> None:
    spec = v2_fleet(tmp_path, "zip")
    done = ggfleet("render", spec, *arguments, "--out", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
