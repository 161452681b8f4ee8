"""The embedded V2 core: configuration, what it refuses, messages in and out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components_support import Components, allow, client_folder, running, seen, shows
from ggfleet.errors import CoreError
from ggfleet.localcore import Dropped
from localcore_harness import wait_for
from localcore_support import zip_of

pytest.importorskip("awsiot")


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
