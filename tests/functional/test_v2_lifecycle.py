"""Steps of components on the embedded V2 core: their surroundings, order, failures and ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from components_support import THING, Components, running, seen, shows
from ggfleet.errors import CoreError
from ggfleet.localcore import Restarted
from localcore_harness import alive_in_group, wait_for

pytest.importorskip("awsiot")


def test_a_component_gets_a_nucleus_environment_and_nothing_of_ours(tmp_path: Path) -> None:
    components = Components()
    step = {
        "Script": "env > part; mv part seen; exec sleep 600",
        "Setenv": {"OWN": "{configuration:/own}"},
    }
    components.component("c", {"run": step}, configuration={"own": "x y"})
    with running(components, tmp_path):
        found = dict(line.split("=", 1) for line in seen(tmp_path).splitlines())
    assert found["OWN"] == "x y"
    assert found["AWS_IOT_THING_NAME"] == THING
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["SVCUID"] == found["AWS_CONTAINER_AUTHORIZATION_TOKEN"]
    assert found["AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"].endswith("ipc.socket")
    assert found["PWD"] == str(tmp_path / "greengrass/work/c")
    assert "USERS_SECRET" not in found


def test_scripts_find_the_platforms_python_by_both_its_names(tmp_path: Path) -> None:
    components = Components()
    version = f"python3.{sys.version_info.minor}"
    components.component("c", shows(f"command -v python3; command -v {version}; {version} -V"))
    with running(components, tmp_path):
        found = seen(tmp_path)
    folder = tmp_path / "greengrass/bin"
    assert found.splitlines()[:2] == [f"{folder}/python3", f"{folder}/{version}"]
    assert found.splitlines()[2].startswith("Python 3.")


def test_steps_run_in_order_and_dependencies_first(tmp_path: Path) -> None:
    components = Components()
    note = "echo {} >> {{kernel:rootPath}}order"
    components.component("lib", {"startup": note.format("lib")}, root=False)
    components.component(
        "app",
        {"install": note.format("install"), "startup": note.format("startup")},
        dependencies={"lib": {}},
    )
    with running(components, tmp_path) as trial:
        assert (tmp_path / "greengrass/order").read_text().split() == ["lib", "install", "startup"]
        assert (trial.state("lib"), trial.state("app")) == ("RUNNING", "RUNNING")


def test_a_hard_dependency_that_has_ended_is_told(tmp_path: Path) -> None:
    """It has no trouble here; nucleus lite would stop the dependent."""
    components = Components()
    components.component("lib", {"run": "true"}, root=False)
    components.component(
        "app", {"install": "sleep 0.3", "run": "exec sleep 600"}, dependencies={"lib": {}}
    )
    with running(components, tmp_path) as trial:
        assert trial.state("app") == "RUNNING"
        assert "app: nucleus lite would stop it: lib has ended" in trial.lines


@pytest.mark.parametrize(
    ("steps", "problem"),
    [
        (
            {"install": "echo why >&2; exit 3", "run": "true"},
            "its step install ended with exit code 3",
        ),
        ({"startup": "echo why; exit 4"}, "its step startup ended with exit code 4"),
        (
            {"install": {"Script": "echo why; sleep 60", "Timeout": "0.2"}, "run": "true"},
            "longer than 0.2 s",
        ),
    ],
)
def test_three_failures_break_a_component_and_the_start(
    tmp_path: Path, steps: dict[str, Any], problem: str
) -> None:
    components = Components()
    components.component("c", steps)
    with pytest.raises(CoreError) as refusal, running(components, tmp_path):
        pass
    assert "c is BROKEN" in refusal.value.message
    assert problem in refusal.value.message
    assert refusal.value.message.count("why") == 3
    assert "logs/c.log" in refusal.value.fix


def test_a_component_that_ends_is_started_again_until_it_is_broken(tmp_path: Path) -> None:
    components = Components()
    components.component("c", {"run": "sleep 0.3; exit 5"})
    with running(components, tmp_path) as trial:
        wait_for(lambda: trial.state("c") == "BROKEN")
        ends = [e.reason for e in trial.events if isinstance(e, Restarted)]
    assert len(ends) == 3
    assert "its step run ended with exit code 5" in ends[0]


def test_what_startup_leaves_running_lives_until_the_core_stops(tmp_path: Path) -> None:
    components = Components()
    components.component("c", {"startup": "sleep 600 & echo $! > seen", "shutdown": "echo > bye"})
    with running(components, tmp_path):
        process = Path("/proc") / seen(tmp_path).strip()
        time.sleep(0.2)
        assert process.exists()
    wait_for(lambda: not process.exists() or "Z" in (process / "stat").read_text().split()[2])
    assert (tmp_path / "greengrass/work/c/bye").exists()


KILLED = """
import sys, time
from pathlib import Path
from components_support import Components, running
components = Components()
components.component("c", {"run": "echo $$ > seen; exec sleep 600"})
with running(components, Path(sys.argv[1])):
    time.sleep(600)
"""


def test_a_component_dies_with_a_core_that_is_killed_and_the_next_core_starts(
    tmp_path: Path,
) -> None:
    """`kill -9` leaves a socket and a lock file; neither is in the way."""
    core = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    first = int(seen(tmp_path))
    core.kill()
    core.wait()
    wait_for(lambda: not alive_in_group(first))
    (tmp_path / "greengrass/work/c/seen").unlink()
    components = Components()
    components.component("c", {"run": "echo $$ > seen; exec sleep 600"})
    with running(components, tmp_path) as trial:
        assert int(seen(tmp_path)) != first
        assert trial.state("c") == "RUNNING"


def test_a_component_killed_from_outside_is_started_again(tmp_path: Path) -> None:
    components = Components()
    components.component("c", {"run": "echo $$ > seen; exec sleep 600"})
    with running(components, tmp_path) as trial:
        first = int(seen(tmp_path))
        os.kill(first, 9)
        wait_for(lambda: int(seen(tmp_path)) != first and trial.state("c") == "RUNNING")
        assert any("killed by signal 9" in line for line in trial.lines)


def test_the_log_of_a_component_is_a_file(tmp_path: Path) -> None:
    components = Components()
    components.component("c", {"run": "echo said; echo wrong >&2"})
    with running(components, tmp_path) as trial:
        wait_for(lambda: "c: wrong" in trial.lines)
    text = (tmp_path / "greengrass/logs/c.log").read_text()
    assert "said" in text
    assert "wrong" in text
    assert json.loads((tmp_path / "greengrass/config/configuration.json").read_text()) == {"c": {}}
