"""`ggfleet render --strict`: what a target cannot express is refused instead of told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from functional.ggfleet_command import ggfleet
from functional.v1_sample import load_sample, made_up_manifest
from ggfleet.cli.notes import told
from ggfleet.model import ADAPTER, Manifest, Part
from ggfleet.render import render
from golden.test_golden_group_v1 import CASES
from unit.factories import make_archive

HOSTS = """\
gateway:
  hosts:
    line-1: {greengrass_certificate_arn: "arn:aws:iot:eu-west-1:123456789012:cert/c1"}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The smallest golden case, whose group leaves nothing out, with an inventory for Ansible."""
    case = CASES / "smallest"
    (tmp_path / "bundles").mkdir()
    shutil.copy(case / "manifest.json", tmp_path / "bundles")
    shutil.copytree(CASES.parent / "common/function", tmp_path / "code")
    (tmp_path / "hosts.yml").write_text(HOSTS)
    text = (case / "fleet.yml").read_text().replace("../../common/function", "code")
    (tmp_path / "fleet.yml").write_text(text.replace("hosts.json", "hosts.yml"))
    return tmp_path / "fleet.yml"


def add(spec: Path, text: str) -> None:
    spec.write_text(f"{spec.read_text()}{text}\n")


def strict(spec: Path, *more: str) -> tuple[int, str, str]:
    folder = spec.parent
    done = ggfleet(
        *("render", spec, "--strict", "--bundles", folder / "bundles", "--out", folder / "out"),
        *more,
    )
    return done.returncode, done.stdout, done.stderr


def test_what_can_be_expressed_is_written(spec: Path) -> None:
    """The end of V1 is told, and is no matter of this spec."""
    code, out, _ = strict(spec)
    assert code == 0
    assert "AWS ended Greengrass V1" in out
    assert (spec.parent / "out/calls.json").is_file()


def test_stacks_that_lose_nothing_are_written(spec: Path) -> None:
    """What is said of every stack, such as of the bucket's own template, is no loss."""
    code, out, _ = strict(spec, "--target", "cloudformation")
    assert code == 0
    assert "aws.bucket" in out
    assert (spec.parent / "out/bucket.json").is_file()


def test_a_note_is_an_error_and_nothing_is_written(spec: Path) -> None:
    """The same exit code as any other refusal, with the table that says what it is about."""
    add(spec, "deployment: {on_failure: nothing}")
    code, out, err = strict(spec)
    assert (code, out) == (2, "")
    assert "error: group-v1 leaves out or changes 1 thing that the spec says" in err
    assert "deployment   is left out: V1 has no rollout, abort or failure settings" in err
    assert "fix: change the spec, or render without --strict" in err
    assert not (spec.parent / "out").exists()


def test_an_earlier_rendering_stays(spec: Path) -> None:
    strict(spec)
    before = (spec.parent / "out/calls.json").stat().st_ino
    add(spec, "deployment: {on_failure: nothing}")
    assert strict(spec)[0] == 2
    assert (spec.parent / "out/calls.json").stat().st_ino == before


def test_the_notes_come_as_json_too(spec: Path) -> None:
    """With every note, no document and no folder: nothing was written."""
    add(spec, "deployment: {on_failure: nothing}")
    code, out, err = strict(spec, "--json")
    told = json.loads(out)
    assert (code, told["out"], told["documents"]) == (2, None, [])
    assert [note["path"] for note in told["notes"]] == ["", "deployment"]
    assert "leaves out or changes 1 thing" in err


def test_without_it_the_same_is_told_and_written(spec: Path) -> None:
    add(spec, "deployment: {on_failure: nothing}")
    folder = spec.parent
    done = ggfleet(
        "render", spec, "--bundles", folder / "bundles", "--out", folder / "out", "--json"
    )
    told = json.loads(done.stdout)
    assert (done.returncode, told["out"]) == (0, str(folder / "out"))
    assert [note["path"] for note in told["notes"]] == ["", "deployment"]
    assert (folder / "out" / told["documents"][0]).is_file()


@pytest.mark.parametrize("target", ["recipes-v2", "deployment-v2", "cloudformation"])
def test_the_sample_loses_its_containers_and_time_limits_on_v2(target: str) -> None:
    """Which it asks for; all else that is noted loses nothing of it."""
    fleet = load_sample()
    adapters = [make_archive(Part.ADAPTER, ADAPTER, platform=name) for name in fleet.platforms]
    manifest = Manifest((*made_up_manifest(fleet).archives, *adapters))
    notes = render(fleet, manifest, target).notes
    lost = {note.path for note in told(notes)}
    assert lost == {
        "functions.digits-container.isolation",
        "functions.digits-edge.isolation",
        *(f"functions.{name}.timeout" for name in fleet.functions),
    }
    assert len(notes) > len(lost)
