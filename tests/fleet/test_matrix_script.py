"""`make compare` as it is called: killed in the middle, called again; and drift of what is unpinned."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fleet import requirements
from fleet.fleet import Fleet, sweep
from fleet.rootfs import LOGIN
from fleet.small_matrix import small_spec
from ggfleet.compare.matrix.runs import Runs

pytestmark = pytest.mark.fleet

PROJECT = Path(__file__).parents[2]
PLAN = """\
spec = "fleet.yml"
messages = "messages.jsonl"
function = "fn"
platform = "pc"
answers = 2
libraries.first = {light = "1.0.0"}
libraries.patch = {light = "1.0.1"}
libraries.minor = {light = "1.1.0"}
links.fast = {mbit_s = 400}
[[sets]]
strategies = ["ml-resource-zip", "in-function"]
links = ["fast"]
"""


@pytest.fixture
def script(tmp_path: Path) -> list[str]:
    """The command on a plan with two lives of seven changes."""
    if lacking := requirements.missing():
        pytest.skip(f"booting test hosts needs {', '.join(lacking)}")
    small_spec(tmp_path)
    (tmp_path / "messages.jsonl").write_text('{"topic": "t", "payload": {"n": 1}}\n')
    (tmp_path / "plan.toml").write_text(PLAN)
    program = [sys.executable, str(PROJECT / "benchmarks/comparison.py")]
    return [*program, "--plan", str(tmp_path / "plan.toml"), "--out", str(tmp_path / "out"),
            "--cache", str(tmp_path / "cache")]  # fmt: skip


def environment() -> dict[str, str]:
    own = os.pathsep.join(str(PROJECT / name) for name in ("generator", "tests"))
    return {**os.environ, "PYTHONPATH": os.pathsep.join((own, os.environ.get("PYTHONPATH", "")))}


def test_a_killed_measurement_goes_on_where_it_was(script: list[str], tmp_path: Path) -> None:
    """What was measured stays as it is, byte by byte; the torn line is measured again."""
    path, before = tmp_path / "out/runs.jsonl", left_over()
    # Into a file: what the killed script has started may hold a pipe open until it is swept.
    said = tmp_path / "said"
    with said.open("w") as stream:
        running = subprocess.Popen(script, env=environment(), stdout=stream, stderr=stream)
    deadline = time.monotonic() + 300
    while not path.exists() or path.read_text().count("\n") < 3:
        assert time.monotonic() < deadline
        assert running.poll() is None, said.read_text()
        time.sleep(0.05)
    running.send_signal(signal.SIGKILL)
    running.wait()
    whole = path.read_bytes()[: path.read_bytes().rfind(b"\n") + 1]
    with path.open("ab") as stream:
        stream.write(b'{"cell": {"change"')
    again = subprocess.run(script, env=environment(), capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert path.read_bytes().startswith(whole)
    keys = [each.key for each in Runs(path).found]
    assert len(keys) == len(set(keys)) == 14
    drifted = json.loads((tmp_path / "out/drift.json").read_text())
    third = subprocess.run(script, env=environment(), capture_output=True, text=True, check=False)
    assert "0 cells" in third.stderr
    assert left_over() == before
    must_have_drifted(drifted)


def must_have_drifted(seen: dict[str, Any]) -> None:
    """The same command, an index that has moved in between: two hosts, two versions. A lock holds."""
    assert seen["unpinned"] == {"measured": {"light": "1.0.0"}, "beside": {"light": "1.1.0"}}
    assert seen["differ_unpinned"] == ["light"]
    assert seen["differ_pinned"] == []
    assert seen["pinned"]["measured"]["light"] == "1.0.0"


def test_a_device_of_ones_own_is_measured_over_ssh(fleet: Fleet, tmp_path: Path) -> None:
    """As a user who may sudo, over the link that there is; afterwards no part is left there."""
    spec = small_spec(tmp_path)
    (tmp_path / "messages.jsonl").write_text('{"topic": "t", "payload": {"n": 1}}\n')
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN.replace('links = ["fast"]', 'links = ["unshaped"]'))
    (host,) = fleet.boot("own-device")
    ssh = (
        f"IdentityFile={fleet.key}",
        f"UserKnownHostsFile={fleet.known_hosts}",
        "ControlPath=none",
    )
    done = subprocess.run(
        ["ip", "netns", "exec", fleet.network.name, sys.executable, "-m", "ggfleet", "measure", plan,
         "--on", f"{LOGIN}@{host.address}", "--out", tmp_path / "out", "--cache", tmp_path / "cache",
         *(word for option in ssh for word in ("--ssh-option", option))],
        env=environment(), cwd=spec.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = Runs(tmp_path / "out/runs.jsonl").found
    assert [each.message for each in found] == [""] * 14
    assert {each.host for each in found} == {host.address}
    for each in found:
        assert each.payload.fetched_bytes <= each.received_bytes
    assert host.root("ls /var/lib/ggfleet-comparison/devices") == ""


def left_over() -> list[str]:
    """The disks of runs that are no more, once what can be swept is."""
    sweep()
    said = subprocess.run(
        ["losetup", "--list", "--json"], capture_output=True, text=True, check=True
    )
    loops = json.loads(said.stdout or '{"loopdevices": []}')["loopdevices"]
    return [each["name"] for each in loops if "(deleted)" in each["back-file"]]
