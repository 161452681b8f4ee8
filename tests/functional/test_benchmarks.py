"""The benchmarks measure what they say: every command or way, of something that works."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

from functional.ggfleet_command import ROOT
from functional.simple_index import serving
from ggfleet.render import TARGETS
from unit.wheelmaker import PI, make_wheel

SCALE = ROOT / "benchmarks/scale.py"
UPDATES = ROOT / "benchmarks/updates.py"


def test_every_command_is_measured_for_every_size() -> None:
    """A command that fails ends the benchmark; memory and CPU seconds are a Python's at least."""
    done = subprocess.run(
        [sys.executable, SCALE, "--cores", "1,5", "--runs", "1", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    commands = {row["command"] for row in rows}
    assert {f"render {target}" for target in TARGETS} < commands
    assert {(row["command"], row["cores"]) for row in rows} == {
        (command, cores) for command in commands for cores in (1, 5)
    }
    for row in rows:
        assert row["cost"]["memory"] > 10e6
        assert row["cost"]["wall"] > 0.01
        assert row["cost"]["cpu"] > 0.01


def test_updates_count_what_has_another_name_afterwards(tmp_path: Path) -> None:
    """Whole archives move with every package, layers with their own, and the model alone."""
    for name, version in (("numpy_lite", "1.0"), ("numpy_lite", "2.0"), ("six", "1")):
        files: dict[str, str | bytes] = {
            f"{name}.py": f"V = '{version}'",
            f"{name}.bin": random.Random(1).randbytes(9000),
        }
        make_wheel(tmp_path / "wheels", name, version, files=files)
    (tmp_path / "weights").write_text("first")
    links = [f"--line={line}" for line in ("--no-index", f"--find-links {tmp_path / 'wheels'}")]
    base = [f"--base={each}" for each in ("numpy-lite==1.0", "six==1")]
    options = [*links, *base, "--move=numpy-lite==2.0", f"--model={tmp_path / 'weights'}"]
    done = subprocess.run(
        [sys.executable, UPDATES, *options, "--cache", tmp_path / "cache", "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {(row["way"], row["moved"]): row for row in json.loads(done.stdout)}
    moved = {key: row["archives"] for key, row in rows.items()}
    model = "the model alone"
    assert moved == {
        ("one archive", "numpy-lite==2.0"): ["ml"],
        ("one archive, deltas", "numpy-lite==2.0"): ["ml"],
        ("layers by size", "numpy-lite==2.0"): ["ml-small"],
        ("layers by name", "numpy-lite==2.0"): ["ml-numeric"],
        ("one archive", model): ["model"],
        ("one archive, deltas", model): ["model"],
        ("layers by size", model): ["model"],
        ("layers by name", model): ["model"],
    }
    named, whole = (rows[way, "numpy-lite==2.0"] for way in ("layers by name", "one archive"))
    assert 0 < named["fetched"] < whole["fetched"]
    assert 0 < rows["one archive, deltas", "numpy-lite==2.0"]["fetched"] < named["fetched"] / 2


BUNDLE = ROOT / "benchmarks/bundle.py"


def test_every_way_of_bundling_is_measured(tmp_path: Path) -> None:
    """Cold and warm, from one index; what comes of each is what is in its wheels."""
    code = {"native/core.py": "value = 1\n" * 1000}
    make_wheel(tmp_path / "wheels", "native", tag=PI, metadata="Requires-Dist: pure\n", files=code)
    make_wheel(tmp_path / "wheels", "pure")
    (tmp_path / "r.txt").write_text("native\n")
    given = ("--requirements", tmp_path / "r.txt", "--cache", tmp_path / "cache")
    with serving(tmp_path / "wheels") as index:
        done = subprocess.run(
            [sys.executable, BUNDLE, *given, "--work", tmp_path, "--json"],
            capture_output=True, text=True, check=False,
            env={**os.environ, "UV_DEFAULT_INDEX": index.url},
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = {(row["way"], row["state"]): row for row in json.loads(done.stdout)["rows"]}
    assert len(rows) == 3 * 2 + 4 * 3
    for row in rows.values():
        assert row["wall"] > 0
        assert row["disk"] >= row["sizes"]["archive"] > 500
    ours, theirs = (
        rows[way, "cold"]["sizes"] for way in ("ggfleet bundle", "pip install --target, tar czf")
    )
    # Compiled files more, records of the installer less
    assert ours["files"] == 2 + 2 + 2 * 2
    assert theirs["unpacked"] > len(code["native/core.py"])
    assert not list(tmp_path.glob("bench-*"))
