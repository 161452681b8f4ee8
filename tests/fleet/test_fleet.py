"""The test hosts themselves: they end with the run that booted them, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fleet.fleet import MEMORY, Fleet, sweep
from fleet.shell import run

pytestmark = pytest.mark.fleet

BOOT_AND_WAIT = """
import sys, time
sys.path.insert(0, sys.argv[1])
from fleet.fleet import Fleet
Fleet().boot("left")
print("booted", flush=True)
time.sleep(600)
"""


def processes_in(namespace: str) -> list[str]:
    """Return the processes of a network namespace."""
    return run(["ip", "netns", "pids", namespace], check=False).split()


def test_killed_run_leaves_no_host_and_the_next_run_sweeps_the_rest(fleet: Fleet) -> None:
    """After SIGKILL the host ends by itself; sweeping removes namespaces and files."""
    argv = [sys.executable, "-c", BOOT_AND_WAIT, str(Path(__file__).parents[1])]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "booted\n"
        host = f"ggf{killed.pid}-left"
        assert processes_in(host)
        os.kill(killed.pid, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while processes_in(host) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_in(host) == []
    sweep()
    assert f"ggf{killed.pid}" not in run(["ip", "netns", "list"])
    assert not (MEMORY / f"ggf{killed.pid}").exists()
    assert fleet.folder.is_dir()  # of the run that lives


def test_hosts_set_no_kernel_settings_of_this_machine(fleet: Fleet) -> None:
    """What a host writes below /proc/sys stays its own."""
    setting = Path("/proc/sys/fs/protected_regular")
    before = setting.read_text()
    [host] = fleet.boot("settings")
    other = "0" if before.strip() != "0" else "1"
    host.root(f"echo {other} > {setting}")
    assert host.root(f"cat {setting}") == other
    assert setting.read_text() == before
