"""Templates from the command line: the same bytes each time, of the generation that is meant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from functional.cloudformation_judges import FLEET, lint_problems
from functional.ggfleet_command import ggfleet
from functional.small_fleet import small_fleet
from functional.v1_sample import digest, load_sample, made_up_manifest
from ggfleet.model import Manifest
from ggfleet.render import render
from ggfleet.system.documents import MARK


def test_the_same_bytes_whatever_the_order_of_archives() -> None:
    fleet = load_sample()
    manifest = made_up_manifest(fleet)
    turned = Manifest(tuple(reversed(manifest.archives)))
    first, second = (digest(render(fleet, m, "cloudformation")) for m in (manifest, turned))
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
