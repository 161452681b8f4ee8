"""Scratch files: whole, or gone."""

from __future__ import annotations

import subprocess
import sys
import threading
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
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_file_of_a_living_writer_stays(tmp_path: Path) -> None:
    """However long it takes."""
    with scratch_file(tmp_path, "x") as scratch:
        sweep(tmp_path)
        assert scratch.path.exists()


def test_a_file_swept_before_it_was_locked_is_made_again(tmp_path: Path) -> None:
    """Somebody sweeps without a pause; whatever was opened is there to be settled."""
    ended = threading.Event()

    def sweep_on() -> None:
        while not ended.is_set():
            sweep(tmp_path)

    sweeper = threading.Thread(target=sweep_on)
    sweeper.start()
    try:
        for number in range(100):
            with scratch_file(tmp_path, "x") as scratch:
                scratch.settle(tmp_path / str(number))
    finally:
        ended.set()
        sweeper.join()
    assert len(list(tmp_path.iterdir())) == 100


def test_other_files_stay(tmp_path: Path) -> None:
    """Only scratch files are swept."""
    (tmp_path / "archive.zip").write_text("")
    sweep(tmp_path)
    assert (tmp_path / "archive.zip").exists()
