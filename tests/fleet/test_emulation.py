"""The kernel's table of interpreters: a run adds its own entry and leaves the machine's alone."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet import emulation, requirements
from fleet.emulation import Emulation
from fleet.shell import run
from fleet.system import ARM64

pytestmark = pytest.mark.emulated

FOREIGN = "ggfleet-test-foreign"
HARMLESS = f":{FOREIGN}:E::ggfleet-test-no-such-extension::/bin/true:"


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Path]:
    """The kernel's table with an entry of somebody else's."""
    if not ARM64.is_emulated:
        pytest.skip("the machine is arm64 itself")
    lacking = requirements.missing(ARM64)
    if lacking:
        pytest.skip(f"registering an emulator needs {', '.join(lacking)}")
    folder = tmp_path / "machine"
    folder.mkdir()
    run(["mount", "-t", "binfmt_misc", "binfmt_misc", folder])
    try:
        (folder / "register").write_text(HARMLESS)
        yield folder
    finally:
        for entry in folder.glob(f"{FOREIGN}*"):
            entry.write_text("-1")
        run(["umount", folder])


def entries(table: Path) -> set[str]:
    """Return the entries that tests of this process, or the fixture, could have made."""
    own = (f"ggf{os.getpid()}-", FOREIGN)
    return {entry.name for entry in table.iterdir() if entry.name.startswith(own)}


def test_entry_is_there_for_as_long_as_the_run(table: Path, tmp_path: Path) -> None:
    """With the flags that sudo and containers need; then only the machine's are left."""
    made = Emulation(tmp_path / "own", f"ggf{os.getpid()}")
    try:
        assert entries(table) == {FOREIGN, f"ggf{os.getpid()}-arm64"}
        assert "flags: POCF" in (table / f"ggf{os.getpid()}-arm64").read_text()
    finally:
        made.close()
    assert entries(table) == {FOREIGN}
    assert not (tmp_path / "own").exists()


def test_entry_of_a_killed_run_is_swept(table: Path, tmp_path: Path) -> None:
    """One of a process that is no more goes, with its mount; one of a living run stays."""
    with subprocess.Popen(["true"]) as ended:
        pass
    Emulation(tmp_path / "left", f"ggf{ended.pid}")
    living = Emulation(tmp_path / "own", f"ggf{os.getpid()}")
    try:
        emulation.sweep(tmp_path / "left")
        names = {entry.name for entry in table.iterdir()}
        assert f"ggf{ended.pid}-arm64" not in names
        assert {FOREIGN, f"ggf{os.getpid()}-arm64"} <= names
        assert not (tmp_path / "left").is_mount()
    finally:
        living.close()
