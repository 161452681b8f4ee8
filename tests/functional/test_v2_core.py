"""The embedded V2 core and its components: artifacts, lifecycle, configuration."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from components_support import THING, Components, allow, client_folder, running
from ggfleet.cloud import ObjectStore, create_bucket, local_s3_client
from ggfleet.errors import CoreError
from ggfleet.localcore import Dropped, Restarted, S3Endpoint
from ggfleet.system.progress import Silent
from ggfleet.workbench import ComponentTrial, running_components
from localcore_harness import PYTHON, alive_in_group, wait_for
from localcore_support import BUCKET, REGION, zip_of

pytest.importorskip("awsiot")


def digest(content: bytes) -> dict[str, str]:
    return {
        "Digest": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "Algorithm": "SHA-256",
    }


def shows(variables: str) -> dict[str, str]:
    """A lifecycle that writes some of its variables to its work folder, then stays."""
    return {"run": f"({variables}) > part; mv part seen; exec sleep 600"}


def seen(folder: Path, name: str = "c") -> str:
    file = folder / "greengrass/work" / name / "seen"
    return str(wait_for(lambda: file.exists() and file.read_text()))


def test_artifacts_lie_where_a_nucleus_has_them(tmp_path: Path) -> None:
    components = Components()
    archive = zip_of({"deep/file": "from the zip"})
    components.component(
        "c",
        shows('cat "{artifacts:decompressedPath}libs/deep/file" "{artifacts:path}plain.txt"'),
        artifacts=[
            components.artifact("libs.zip", archive, **digest(archive)),
            components.artifact("plain.txt", b" and a file", **digest(b" and a file")),
        ],
    )
    with running(components, tmp_path) as trial:
        assert seen(tmp_path) == "from the zip and a file"
        root = trial.core.layout.root
        assert (root / "packages/artifacts-unarchived/c/1.0.0/libs/deep/file").exists()
        assert (root / "packages/artifacts/c/1.0.0/plain.txt").exists()


def test_artifacts_come_from_an_s3_endpoint_by_the_recipes_digest(tmp_path: Path) -> None:
    """The endpoint has what an uploader wrote who records no SHA-256: the recipe tells it."""
    components = Components()
    archive = zip_of({"file": "by way of S3"})
    artifact = components.artifact("libs.zip", archive, **digest(archive))
    components.component(
        "c", shows('cat "{artifacts:decompressedPath}/libs/file"'), artifacts=[artifact]
    )
    trial = ComponentTrial(
        components.write(tmp_path / "out"), THING, tmp_path / "greengrass", REGION, PYTHON
    )
    with S3Endpoint(tmp_path / "s3.log") as endpoint:
        client = local_s3_client(REGION, endpoint.endpoint_url)
        create_bucket(client, BUCKET, REGION)
        client.put_object(Bucket=BUCKET, Key="ggfleet/libs.zip", Body=archive)
        store = ObjectStore(client)
        for fetched in (True, False):
            lines: list[str] = []
            with running_components(trial, store, Silent(), lines.append):
                assert seen(tmp_path) == "by way of S3"
            size = len(archive) if fetched else 0
            assert any(f"{size} bytes fetched" in line for line in lines)


def test_what_has_not_changed_is_not_fetched_again_and_what_is_unused_goes(tmp_path: Path) -> None:
    components = Components()
    libs = components.artifact("libs.zip", zip_of({"a": "1"}))
    components.component(
        "c", artifacts=[libs, components.artifact("model-1.zip", zip_of({"m": "1"}))]
    )
    with running(components, tmp_path, start=False):
        assert len(components.store.fetched) == 2
    components.recipes.clear()
    second = components.artifact("model-2.zip", zip_of({"m": "2"}))
    components.component("c", version="1.0.1", artifacts=[libs, second])
    with running(components, tmp_path, start=False) as trial:
        assert components.store.fetched[2:] == [second["Uri"]]
        assert len(list(trial.core.layout.resources.iterdir())) == 2


def test_an_artifact_that_is_not_the_recipes_is_refused_and_the_old_stays(tmp_path: Path) -> None:
    components = Components()
    components.component("c", artifacts=[components.artifact("a.zip", zip_of({"a": "1"}))])
    with running(components, tmp_path, start=False) as trial:
        before = trial.core.layout.in_force.read_text()
    other = components.artifact("b.zip", zip_of({"a": "2"}), **digest(b"something else"))
    components.recipes.clear()
    components.component("c", artifacts=[other])
    another = pytest.raises(CoreError, match="another file than the one deployed")
    with another, running(components, tmp_path, start=False):
        pass
    assert (tmp_path / "greengrass/packages/in-force.json").read_text() == before
    components.store.lies[other["Uri"]] = None  # its writer recorded no digest
    wrong = pytest.raises(CoreError, match="checksum is wrong")
    with wrong, running(components, tmp_path, start=False):
        pass


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


def test_configuration_outlasts_deployments_until_it_is_reset(tmp_path: Path) -> None:
    components = Components()
    steps = shows('echo "{configuration:/a} {configuration:/b}"')
    components.component("c", steps, configuration={"a": "default", "b": "default"})
    components.deployed["c"]["configurationUpdate"] = {"merge": '{"a": "merged"}'}
    with running(components, tmp_path):
        assert seen(tmp_path).split() == ["merged", "default"]
    components.component("c", steps, configuration={"a": "new", "b": "new"})
    (tmp_path / "greengrass/work/c/seen").unlink()
    with running(components, tmp_path):
        assert seen(tmp_path).split() == ["merged", "default"]
    components.deployed["c"]["configurationUpdate"] = {"reset": ["/b"]}
    (tmp_path / "greengrass/work/c/seen").unlink()
    with running(components, tmp_path):
        assert seen(tmp_path).split() == ["merged", "new"]


@pytest.mark.parametrize(
    ("script", "configuration", "problem"),
    [
        ("echo ${HOME}", {}, "no recipe variable"),
        ("echo {configuration:/no}", {}, "names nothing"),
        (
            "true",
            {"accessControl": {"s": {"c:1": {"operations": ["*"], "resources": ["?"]}}}},
            "malformed",
        ),
    ],
)
def test_what_cannot_run_changes_nothing(
    tmp_path: Path, script: str, configuration: dict[str, Any], problem: str
) -> None:
    components = Components()
    artifact = components.artifact("a.zip", zip_of({"a": "1"}))
    components.component("c", {"run": script}, artifacts=[artifact], configuration=configuration)
    with pytest.raises(CoreError, match=problem), running(components, tmp_path):
        pass
    assert components.store.fetched == []
    assert not (tmp_path / "greengrass/config").exists()


def test_a_policy_id_of_two_components_is_refused(tmp_path: Path) -> None:
    components = Components()
    for name in ("a", "b"):
        components.component(name, configuration={"accessControl": allow("same", ["x"])})
    shared = pytest.raises(CoreError, match="same:mqttproxy:1 is a policy of a and of b")
    with shared, running(components, tmp_path):
        pass


def test_two_cores_do_not_share_a_folder(tmp_path: Path) -> None:
    components = Components()
    components.component("c")
    in_use = pytest.raises(CoreError, match="another core uses")
    first = running(components, tmp_path, start=False)
    with first, in_use, running(components, tmp_path, start=False):
        pass


def test_start_without_deployment_says_so(tmp_path: Path) -> None:
    components = Components()
    components.component("c", artifacts=[components.artifact("a.zip", zip_of({"a": "1"}))])
    with running(components, tmp_path, start=False) as trial:
        trial.core.layout.in_force.unlink()
        with pytest.raises(CoreError, match="is not in force"):
            trial.core.start()


def test_messages_that_nobody_takes_or_that_cannot_be_are_told(tmp_path: Path) -> None:
    components = Components()
    components.component("c")
    with running(components, tmp_path) as trial:
        trial.core.send("no/body", b"x")
        assert trial.core.dropped == 1
        assert isinstance(trial.events[0], Dropped)
        for topic, payload in (("a/+", b""), ("a", bytes(131073))):
            with pytest.raises(CoreError, match="cannot be sent"):
                trial.core.send(topic, payload)
        assert trial.core.pending == 0
        assert trial.core.next_answer(0.01) is None


PLAIN = """
import sys, time
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
client = GreengrassCoreIPCClientV2()

def on_message(event):
    client.publish_to_iot_core(topic_name="out", qos="1", payload=event.message.payload.upper())

client.subscribe_to_iot_core(topic_name="in", qos="1", on_stream_event=on_message)
if "ready" in sys.argv:
    client.update_state(state="RUNNING")
while True:
    time.sleep(1)
"""


def plain(folder: Path, step: str, tail: str) -> Components:
    """A component that somebody wrote for V2 themselves, without the adapter."""
    components = Components()
    (folder / "plain.py").write_text(PLAIN)
    script = f"PYTHONPATH={client_folder()} python3 {folder / 'plain.py'} {tail}"
    components.component(
        "c", {step: script}, configuration={"accessControl": allow("c", ["in", "out"])}
    )
    return components


def test_a_component_without_the_adapter_answers_too(tmp_path: Path) -> None:
    with running(plain(tmp_path, "run", ""), tmp_path) as trial:
        trial.core.send("in", b"hello")
        assert trial.core.pending == 1
        answer = trial.core.next_answer(5)
        assert answer is not None
        assert (answer.source, answer.topic, answer.payload) == ("c", "out", b"HELLO")
        wait_for(lambda: trial.core.pending == 0)


def test_startup_is_over_when_the_component_reports_running(tmp_path: Path) -> None:
    with running(plain(tmp_path, "startup", "ready"), tmp_path) as trial:
        assert trial.state("c") == "RUNNING"
        trial.core.send("in", b"x")
        assert trial.core.next_answer(5) is not None


def test_a_component_that_may_subscribe_and_does_not_is_not_ready(tmp_path: Path) -> None:
    components = Components()
    components.component("c", configuration={"accessControl": allow("c", ["in"])})
    with running(components, tmp_path, start=False) as trial:
        with pytest.raises(CoreError, match="not ready in time"):
            trial.core.start(timeout=0.5)
        assert trial.core.health() == []


def test_the_log_of_a_component_is_a_file(tmp_path: Path) -> None:
    components = Components()
    components.component("c", {"run": "echo said; echo wrong >&2"})
    with running(components, tmp_path) as trial:
        wait_for(lambda: "c: wrong" in trial.lines)
    text = (tmp_path / "greengrass/logs/c.log").read_text()
    assert "said" in text
    assert "wrong" in text
    assert json.loads((tmp_path / "greengrass/config/configuration.json").read_text()) == {"c": {}}
