"""Scratch files: whole, or gone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from ggfleet.system.scratch import scratch_file, sweep

DIES = """
import os, pathlib, signal, sys
sys.path[:0] = %r
from ggfleet.system.scratch import scratch_file
with scratch_file(pathlib.Path(sys.argv[1]), "x"):
    os.kill(os.getpid(), signal.SIGKILL)
"""

LATER = time.time() + 3600


def test_a_settled_file_has_its_name_and_nothing_else_is_left(tmp_path: Path) -> None:
    """Readable for all, whatever mkstemp thinks."""
    with scratch_file(tmp_path / "new", "x") as scratch:
        scratch.stream.write(b"whole")
        scratch.settle(tmp_path / "new" / "done")
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["done"]
    assert (tmp_path / "new" / "done").read_bytes() == b"whole"
    assert (tmp_path / "new" / "done").stat().st_mode & 0o777 == 0o644


def test_an_exception_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C too."""
    with pytest.raises(KeyboardInterrupt), scratch_file(tmp_path, "x"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_killed_process_is_swept(tmp_path: Path) -> None:
    """It died without a chance to clean up."""
    subprocess.run([sys.executable, "-c", DIES % sys.path, tmp_path], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    sweep(tmp_path, now=LATER)
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_living_writer_stays(tmp_path: Path) -> None:
    """However old it is."""
    with scratch_file(tmp_path, "x") as scratch:
        sweep(tmp_path, now=LATER)
        assert scratch.path.exists()


def test_a_young_file_stays(tmp_path: Path) -> None:
    """Its writer may not have locked it yet."""
    (tmp_path / ".x.abc.part").write_text("")
    sweep(tmp_path)
    assert (tmp_path / ".x.abc.part").exists()


def test_other_files_stay(tmp_path: Path) -> None:
    """Only scratch files are swept."""
    (tmp_path / "archive.zip").write_text("")
    sweep(tmp_path, now=LATER)
    assert (tmp_path / "archive.zip").exists()
