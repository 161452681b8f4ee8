"""Unmodified V1 functions as native V2 components: adapter, unmodified awsiotsdk, embedded core."""

from __future__ import annotations

import base64
import functools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from components_support import (
    THING,
    Components,
    Trial,
    allow,
    client_folder,
    client_links,
    function_component,
    running,
)
from functional.digits_sample import ROOT, installed, samples, trained_model
from ggfleet.errors import CoreError
from ggfleet.localcore import Failed
from ggfleet.localcore.v2.access import SECRETS
from ggfleet.localcore.v2.broker import Realm
from ggfleet.system.progress import Silent
from ggfleet.workbench import ComponentTrial, Message, running_components
from localcore_harness import ECHO, PYTHON, sdk, wait_for
from localcore_support import package, zip_of

pytest.importorskip("awsiot")

SEE = base64.b64encode(b'{"do": "see"}').decode()
BOTH = {
    "subscribe": [{"from": "iot-core", "topic": "in/+"}, {"from": "local", "topic": "near/#"}],
    "publish": [{"to": "iot-core", "topic": "out/#"}, {"to": "local", "topic": "near/#"}],
}
ACT = '''
"""Does what the event says; everything goes through the unmodified SDK."""
import json, os, sys, time
import greengrasssdk
iot = greengrasssdk.client("iot-data")

def see(event):
    import marker
    prefix = os.environ["AWS_GG_RESOURCE_PREFIX"]
    with open(os.path.join(prefix, "models/one/weights")) as stream:
        weights = stream.read()
    return {"marker": marker.__file__, "weights": weights, "prefix": prefix,
            "secret": "USERS_SECRET" in os.environ, "mode": os.environ["MODE"]}

def pass_on(event):
    iot.publish(topic="near/1", payload=json.dumps({"do": "see"}))

def nowhere(event):
    iot.publish(topic="no/route", payload="x")

def forbidden(event):
    iot.publish(topic="out/forbidden/deep", payload="x")

def invoke(event):
    greengrasssdk.client("lambda").invoke(FunctionName="arn:aws:lambda:r:1:function:f:1", Payload=b"{}")

def secret(event):
    found = greengrasssdk.client("secretsmanager").get_secret_value(SecretId=event["id"])
    return {**found, "CreatedDate": str(found["CreatedDate"].year)}

def shadow(event):
    return iot.get_thing_shadow(thingName="pc")["payload"].decode()

def fail(event):
    raise KeyError("no such digit")

def crash(event):
    os._exit(7)

def function_handler(event, context):
    try:
        result = globals()[event["do"]](event)
    except Exception as error:
        if event.get("raise"):
            raise
        result = {"error": "{}: {}".format(type(error).__name__, error)}
    subject = context.client_context.custom["subject"]
    iot.publish(topic="out/act", payload=json.dumps({"result": result, "topic": subject}))
'''


def echo(folder: Path, **settings: Any) -> Components:
    components = Components()
    function_component(
        components,
        "com.example.echo",
        package(ECHO, sdk()),
        client_links(folder / "client"),
        settings={**BOTH, **settings},
        access=allow("com.example.echo", ["in/+", "out/#"], ["near/*", "near/#"]),
    )
    return components


def act(folder: Path) -> Components:
    components = Components()
    for name, files in (("libs", {"deep/marker.py": ""}), ("model", {"weights": "w"})):
        components.component(
            f"com.example.{name}",
            artifacts=[components.artifact(f"{name}.zip", zip_of(files))],
            root=False,
        )
    function_component(
        components,
        "com.example.act",
        package(ACT, sdk()),
        client_links(folder / "client"),
        path="/mllibs/deep:",
        settings={
            **BOTH,
            "resources": {
                "/mllibs": "com.example.libs/1.0.0/libs",
                "/models/one": "com.example.model/1.0.0/model",
            },
            "environment": {"MODE": "fast"},
        },
        access={
            **allow("com.example.act", ["in/+", "out/+"], ["near/*", "near/#"]),
            SECRETS: {"com.example.act:secrets": {"operations": ["*"], "resources": ["s", "gone"]}},
        },
        dependencies={
            "com.example.libs": {"VersionRequirement": ">=1.0.0 <2.0.0"},
            "com.example.model": {"VersionRequirement": "1.0.0", "DependencyType": "SOFT"},
        },
    )
    return components


@pytest.fixture(scope="module")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("act")
    with running(act(folder), folder, secrets_by_id={"s": "hidden"}) as trial:
        yield trial


def test_a_message_comes_in_and_the_answer_goes_out(tmp_path: Path) -> None:
    with running(echo(tmp_path), tmp_path) as trial:
        assert trial.ask("in/1", {"n": 1}) == {"event": {"n": 1}, "subject": "in/1"}


def other_python(version: str) -> Path:
    """Another Python of this machine that can load the awsiotsdk that is installed for ours."""
    found = shutil.which(f"python{version}")
    path = f"import sys; sys.path.insert(0, {str(client_folder())!r})"
    see = f"{path}; import awscrt; print(sys.executable)"
    done = subprocess.run(
        [found or "false", "-c", see], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"there is no Python {version} with awscrt here")
    return Path(done.stdout.strip())


@pytest.mark.parametrize("version", ["3.8", "3.10", "3.13"])
def test_devices_have_other_pythons(tmp_path: Path, version: str) -> None:
    """3.8 was the last of V1; a device may have a newer one than we run on."""
    with running(echo(tmp_path), tmp_path, python=other_python(version)) as trial:
        assert trial.ask("in/1", {"n": 1}) == {"event": {"n": 1}, "subject": "in/1"}


def test_messages_keep_their_order_and_pending_tells_when_all_are_handled(tmp_path: Path) -> None:
    with running(echo(tmp_path), tmp_path) as trial:
        for n in range(500):
            trial.core.send("in/1", json.dumps(n).encode())
        wait_for(lambda: trial.core.pending == 0)
        answers = [trial.core.next_answer(1) for _ in range(500)]
        assert [json.loads(a.payload)["event"] for a in answers if a] == list(range(500))


def test_resources_are_found_below_the_prefix_and_through_pythonpath(acting: Trial) -> None:
    seen = acting.ask("in/1", {"do": "see"})["result"]
    assert seen["weights"] == "w"
    assert seen["marker"] == f"{seen['prefix']}/mllibs/deep/marker.py"
    assert seen["prefix"] == f"{acting.core.layout.root}/work/com.example.act/resources"
    assert seen["mode"] == "fast"
    assert not seen["secret"]


def test_a_local_message_of_another_component_reaches_the_function(acting: Trial) -> None:
    server, operations = acting.core._server, acting.core._operations
    assert server is not None
    assert operations is not None
    for kind, message in (("jsonMessage", {"do": "see"}), ("binaryMessage", SEE)):
        content = {kind: {"message": message}}
        publish = functools.partial(operations.broker.publish, Realm.LOCAL, "b", "near/x", content)
        server.do(publish)
        answer = acting.core.next_answer(10)
        assert answer is not None
        assert json.loads(answer.payload)["topic"] == "near/x"


def test_what_it_publishes_locally_does_not_come_back_through_a_wildcard(acting: Trial) -> None:
    acting.ask("in/1", {"do": "pass_on"})
    assert acting.core.next_answer(0.3) is None
    assert acting.core.pending == 0


def test_a_topic_without_a_route_is_dropped_and_told(acting: Trial) -> None:
    assert acting.ask("in/1", {"do": "nowhere"})["result"] is None
    assert any("dropped: no route is for no/route" in line for line in acting.lines)


def test_what_access_control_forbids_is_an_error_of_the_publish(acting: Trial) -> None:
    assert "UnauthorizedError" in acting.ask("in/1", {"do": "forbidden"})["result"]["error"]


def test_calling_another_function_says_that_it_cannot(acting: Trial) -> None:
    error = acting.ask("in/1", {"do": "invoke"})["result"]["error"]
    assert "cannot call arn:aws:lambda:r:1:function:f:1" in error


def test_the_sdk_of_v1_reads_a_secret(acting: Trial) -> None:
    """As it does on a V1 core; the nucleus tells no date."""
    found = acting.ask("in/1", {"do": "secret", "id": "s"})["result"]
    assert (found["SecretString"], found["Name"]) == ("hidden", "s")
    assert (found["VersionStages"], found["CreatedDate"]) == (["AWSCURRENT"], "1970")


@pytest.mark.parametrize(("secret", "code"), [("gone", 404), ("forbidden", 401)])
def test_a_secret_that_is_not_given_is_v1s_error(acting: Trial, secret: str, code: int) -> None:
    error = acting.ask("in/1", {"do": "secret", "id": secret})["result"]["error"]
    assert error.startswith(
        f"SecretsManagerError: Request for secret value returned error code {code}"
    )


def test_a_shadow_that_nobody_keeps_is_v1s_error(acting: Trial) -> None:
    """The embedded core has no shadow manager; the SDK sees what a core without it would say."""
    error = acting.ask("in/1", {"do": "shadow"})["result"]["error"]
    assert error.startswith("ShadowError: Request for shadow state returned error code 500")


def test_a_failing_handler_is_told_and_the_next_message_is_answered(acting: Trial) -> None:
    acting.core.send("in/1", b'{"do": "fail", "raise": true}')
    acting.core.send("in/1", b"no json")
    first, second = wait_for(
        lambda: (f := [e for e in acting.events if isinstance(e, Failed)])[1:] and f
    )
    assert (first.topic, first.reason) == ("in/1", "KeyError: 'no such digit'")
    assert "JSONDecodeError" in second.reason
    assert acting.ask("in/1", {"do": "see"})["result"]["weights"] == "w"


def test_a_function_that_dies_is_started_again_and_what_it_had_has_failed(tmp_path: Path) -> None:
    with running(act(tmp_path), tmp_path) as trial:
        trial.core.send("in/1", b'{"do": "crash"}')
        failed = wait_for(lambda: next((e for e in trial.events if isinstance(e, Failed)), None))
        assert "1 messages were not handled" in failed.reason
        assert "exit code 7" in failed.reason
        wait_for(lambda: trial.core._settled("com.example.act"))
        assert trial.ask("in/1", {"do": "see"})["result"]["weights"] == "w"


def test_the_adapter_reconnects_and_subscribes_again(tmp_path: Path) -> None:
    """The nucleus goes and comes back at the same socket, with the same token."""
    with running(echo(tmp_path), tmp_path) as trial:
        server, operations = trial.core._server, trial.core._operations
        assert server is not None
        assert operations is not None
        server.stop()
        again = type(server)(trial.core.layout.root, operations, trial.lines.append)
        again.start()
        trial.core._server = again
        wait_for(lambda: again.do(lambda: operations.broker.count("com.example.echo")) == 2)
        assert trial.ask("in/1", 1)["event"] == 1


def sample_package() -> dict[str, str | bytes]:
    folders = [ROOT / "lambda/digits_edge", ROOT / "lambda/digits_shared"]
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for folder in folders
        for file in folder.rglob("*.py")
    }


def test_the_samples_function_answers_with_the_digit(tmp_path: Path) -> None:
    """lambda/digits_edge/function.py and the code beside it as they are, with the trained model.

    LiteRT comes by PYTHONPATH, as from a library component: in the package it would be 120 MB.
    """
    components = Components()
    model = {"digits.tflite": (trained_model() / "digits.tflite").read_bytes()}
    components.component(
        "com.example.model",
        artifacts=[components.artifact("model.zip", zip_of(model))],
        root=False,
    )
    function_component(
        components,
        "com.example.digits-edge",
        zip_of(sample_package()),
        client_links(tmp_path / "client"),
        settings={
            "subscribe": [{"from": "iot-core", "topic": "digits/request"}],
            "publish": [{"to": "iot-core", "topic": "digits/#"}],
            "resources": {"/models/digits-edge": "com.example.model/1.0.0/model"},
            "environment": {
                "MODEL": "/models/digits-edge",
                "RESULT_TOPIC": "digits/result",
                "ERROR_TOPIC": "digits/error",
            },
        },
        access=allow(
            "com.example.digits-edge", ["digits/request", "digits/result", "digits/error"]
        ),
        path=f"{installed('edge-runtime')}:{installed('greengrass-sdk')}:",
        dependencies={"com.example.model": {"VersionRequirement": "1.0.0"}},
    )
    with running(components, tmp_path) as trial:
        right = 0
        for sample in samples()[:20]:
            answer = trial.ask(sample["topic"], sample["payload"])
            assert answer["id"] == sample["payload"]["id"]
            assert answer["function"] == "digits-edge"
            right += answer["digit"] == sample["label"]
        assert right >= 18
        error = trial.ask("digits/request", {"id": "m", "image": 1})
        assert error["error"].startswith("image is the number 1")


def test_a_talk_by_way_of_the_workbench(tmp_path: Path) -> None:
    """As `ggfleet run` would: documents, an object store, messages in, answers out, failures."""
    components = echo(tmp_path)
    trial = ComponentTrial(
        components.write(tmp_path / "out"), THING, tmp_path / "core", "eu-west-1", PYTHON
    )
    sent = [Message(f"in/{n % 3}", str(n).encode()) for n in range(600)]
    answers: list[Message] = []
    with running_components(trial, components.store, Silent(), lambda _: None) as core:
        talk = core.talk(
            [*sent, Message("in/x", b"no json"), Message("nobody", b"1")], answers.append
        )
    assert (talk.sent, talk.answered, talk.dropped, talk.failed) == (602, 600, 1, 1)
    assert [json.loads(answer.payload)["event"] for answer in answers] == list(range(600))


def test_a_function_that_cannot_be_loaded_breaks_its_component_with_the_reason(
    tmp_path: Path,
) -> None:
    components = echo(tmp_path, handler="function.missing")
    with pytest.raises(CoreError) as refusal, running(components, tmp_path):
        pass
    assert "com.example.echo is BROKEN" in refusal.value.message
    assert "has no attribute 'missing'" in refusal.value.message


def test_a_topic_that_the_policies_do_not_allow_breaks_the_component(tmp_path: Path) -> None:
    components = echo(tmp_path, subscribe=[{"from": "iot-core", "topic": "other"}])
    refused = pytest.raises(CoreError, match="the nucleus refuses: UnauthorizedError")
    with refused, running(components, tmp_path):
        pass


def test_a_missing_artifact_breaks_the_component(tmp_path: Path) -> None:
    components = echo(tmp_path, resources={"/models/one": "com.example.model/1.0.0/model"})
    missing = pytest.raises(CoreError, match="/models/one: there is no")
    with missing, running(components, tmp_path):
        pass


def test_binary_encoding_hands_over_bytes(tmp_path: Path) -> None:
    components = Components()
    code = """
import greengrasssdk
client = greengrasssdk.client("iot-data")

def function_handler(event, context):
    client.publish(topic="out/x", payload=event[::-1])
"""
    function_component(
        components,
        "com.example.bytes",
        package(code, sdk()),
        client_links(tmp_path / "client"),
        settings={**BOTH, "encoding": "binary"},
        access=allow("com.example.bytes", ["in/+", "out/#"], ["near/#"]),
    )
    with running(components, tmp_path) as trial:
        trial.core.send("in/1", b"\x01\xff\x02")
        answer = trial.core.next_answer(10)
        assert answer is not None
        assert answer.payload == b"\x02\xff\x01"
