"""`ggfleet bundle --delta-from`, as an owner uses it from one release to the next."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from functional.ggfleet_command import ggfleet
from functional.pc_fleet import write_key, write_pc_fleet, write_requirement
from unit.wheelmaker import make_wheel

WEIGHT = random.Random(3).randbytes(100_000)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fleet with one library, which has a release and then another."""
    wheels = tmp_path / "wheels"
    for version, mark in (("1.0", b"one"), ("1.1", b"two")):
        data = WEIGHT[:50_000] + mark + WEIGHT[50_000:]
        files: dict[str, str | bytes] = {"above/__init__.py": "", "above/data": data}
        make_wheel(wheels, "above", version, files=files)
    write_pc_fleet(tmp_path, "above==1.0")
    bundle(tmp_path, "1.0")
    shutil.copy(tmp_path / "out/manifest.json", tmp_path / "first.json")
    return tmp_path


def bundle(project: Path, version: str, *options: str) -> subprocess.CompletedProcess[str]:
    write_requirement(project, f"above=={version}")
    return ggfleet("bundle", "--out", "out", "--cache", "cache", *options, cwd=project)


def test_a_release_brings_a_delta_that_is_listed_signed_and_kept(project: Path) -> None:
    """The signature comes last; the next build keeps the delta, and pruning leaves it there."""
    write_key(project, ec.generate_private_key(ec.SECP256R1()))
    done = bundle(project, "1.1", "--delta-from", "first.json", "--sign", "key.pem", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    [delta] = told["deltas"]
    path = project / "out" / delta["file"]
    [library] = [each for each in told["archives"] if each["part"] == "libraries"]
    assert delta["tree_sha256"] == library["tree_sha256"]
    assert delta["size"] == path.stat().st_size < library["size"] / 10
    assert ggfleet("verify", "out", "--key", "public.pem", cwd=project).returncode == 0
    again = bundle(project, "1.1", "--prune", "--json")
    assert (json.loads(again.stdout)["deltas"], path.exists()) == ([delta], True)
    path.write_bytes(path.read_bytes()[:-1])
    refused = ggfleet("verify", "out", "--key", "public.pem", cwd=project)
    assert f"{delta['file']} has other bytes than the signed manifest says" in refused.stderr


def test_a_terminal_tells_the_delta(project: Path) -> None:
    done = bundle(project, "1.1", "--delta-from", "first.json")
    assert ".ggdelta, " in done.stdout


def test_an_old_archive_that_is_gone_is_told(project: Path) -> None:
    """The new archives are built nevertheless."""
    next((project / "out/libraries").glob("*.zip")).unlink()
    done = bundle(project, "1.1", "--delta-from", "first.json")
    assert done.returncode == 2
    assert "no delta can be made from it" in done.stderr
    assert list((project / "out/libraries").glob("*.zip"))
