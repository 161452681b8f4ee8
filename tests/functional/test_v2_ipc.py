"""The IPC on a unix socket, asked by the unmodified awsiotsdk."""

from __future__ import annotations

import datetime as dt
import queue
import random
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ggfleet.localcore.v2.broker import Realm
from ggfleet.localcore.v2.configuration import ConfigurationStore
from ipc_support import PATIENCE, Nucleus, binary, connect, ipc, local, model, serving
from localcore_harness import wait_for


@pytest.fixture
def nucleus(tmp_path: Path) -> Iterator[Nucleus]:
    with serving(tmp_path) as found:
        yield found


@pytest.fixture
def one(nucleus: Nucleus) -> Iterator[Any]:
    client = connect(nucleus, "one")
    yield client
    client.close().result(PATIENCE)


@pytest.fixture
def two(nucleus: Nucleus) -> Iterator[Any]:
    client = connect(nucleus, "two")
    yield client
    client.close().result(PATIENCE)


def cloud(client: Any, topic: str) -> queue.Queue[Any]:
    found: queue.Queue[Any] = queue.Queue()
    client.subscribe_to_iot_core(topic_name=topic, qos="1", on_stream_event=found.put)
    return found


def test_local_messages_reach_every_subscriber_of_a_fitting_filter(one: Any, two: Any) -> None:
    exact, tree, level = local(two, "near/a"), local(one, "near/#"), local(one, "near/+")
    two.publish_to_topic(topic="near/a", publish_message=binary(b"\x00\xff"))
    for inbox in (exact, tree, level):
        event = inbox.get(timeout=PATIENCE).binary_message
        assert (event.message, event.context.topic) == (b"\x00\xff", "near/a")
    message = model.PublishMessage(json_message=model.JsonMessage(message={"a": [1, None]}))
    two.publish_to_topic(topic="near/a/deep", publish_message=message)
    event = tree.get(timeout=PATIENCE).json_message
    assert (event.message, event.context.topic) == ({"a": [1, None]}, "near/a/deep")
    assert level.empty()
    assert exact.empty()


def test_ones_own_messages_come_as_the_receive_mode_says(one: Any) -> None:
    others = "RECEIVE_MESSAGES_FROM_OTHERS"
    inboxes = [
        local(one, "near/a"),
        local(one, "near/a", others),
        local(one, "near/+"),
        local(one, "near/+", "RECEIVE_ALL_MESSAGES"),
    ]
    one.publish_to_topic(topic="near/a", publish_message=binary(b""))
    inboxes[0].get(timeout=PATIENCE)
    inboxes[3].get(timeout=PATIENCE)
    assert inboxes[1].empty()
    assert inboxes[2].empty()


def test_messages_of_iot_core_go_out_and_come_in_by_filter(nucleus: Nucleus, one: Any) -> None:
    inbox, own = cloud(one, "cloud/+/in"), cloud(one, "out/#")
    one.publish_to_iot_core(topic_name="out/x", qos="0", payload=b"p")
    assert nucleus.to_cloud == [("one", "out/x", b"p")]
    assert own.get(timeout=PATIENCE).message.payload == b"p"
    publish = nucleus.operations.broker.publish
    assert nucleus.server.do(lambda: publish(Realm.IOT_CORE, "", "cloud/7/in", b"q")) == ("one",)
    event = inbox.get(timeout=PATIENCE).message
    assert (event.topic_name, event.payload) == ("cloud/7/in", b"q")
    assert nucleus.server.do(lambda: publish(Realm.IOT_CORE, "", "cloud/7/out", b"q")) == ()


def test_local_and_cloud_messages_never_meet(nucleus: Nucleus, one: Any) -> None:
    near = local(one, "near/#", "RECEIVE_ALL_MESSAGES")
    one.publish_to_iot_core(topic_name="out/x", qos="1", payload=b"")
    one.publish_to_topic(topic="near/end", publish_message=binary(b""))
    assert near.get(timeout=PATIENCE).binary_message.context.topic == "near/end"
    assert len(nucleus.to_cloud) == 1


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda c: c.publish_to_iot_core(topic_name="no", qos="1", payload=b""), "Unauthorized"),
        (lambda c: cloud(c, "cloud/#"), "Unauthorized"),
        (lambda c: local(c, "far"), "Unauthorized"),
        (lambda c: c.publish_to_topic(topic="far", publish_message=binary(b"")), "Unauthorized"),
        (lambda c: c.get_secret_value(secret_id="other"), "Unauthorized"),
        (lambda c: c.get_secret_value(secret_id="s"), "Service"),
        (lambda c: c.list_components(), "Service"),
        (lambda c: c.get_thing_shadow(thing_name="t", shadow_name=""), "Service"),
        (lambda c: c.get_configuration(key_path=["deep", "no"]), "ResourceNotFound"),
        (lambda c: c.get_configuration(component_name="three"), "ResourceNotFound"),
        (
            lambda c: c.publish_to_topic(topic="near/+", publish_message=binary(b"")),
            "InvalidArguments",
        ),
        (lambda c: local(c, "near/a#"), "InvalidArguments"),
        (lambda c: local(c, "near/a", "SOME"), "InvalidArguments"),
        (lambda c: c.publish_to_topic(topic="near/a"), "InvalidArguments"),
        (
            lambda c: c.publish_to_iot_core(topic_name="out/x", qos="2", payload=b""),
            "InvalidArguments",
        ),
        (
            lambda c: c.publish_to_iot_core(topic_name="out/x", qos="1", payload=bytes(131073)),
            "InvalidArguments",
        ),
        (lambda c: c.update_configuration(key_path=[]), "InvalidArguments"),
        (
            lambda c: c.update_configuration(value_to_merge={"accessControl": {}}),
            "InvalidArguments",
        ),
        (
            lambda c: c.update_configuration(key_path=["accessControl"], value_to_merge={}),
            "InvalidArguments",
        ),
        (lambda c: c.update_state(state="HAPPY"), "InvalidArguments"),
    ],
)
def test_a_refusal_has_the_shape_that_the_client_knows(
    one: Any, ask: Callable[[Any], object], error: str
) -> None:
    with pytest.raises(getattr(model, f"{error}Error")) as refusal:
        ask(one)
    assert refusal.value.message


def test_configuration_is_read_merged_and_told(nucleus: Nucleus, one: Any, two: Any) -> None:
    changes: queue.Queue[Any] = queue.Queue()
    two.subscribe_to_configuration_update(
        component_name="one", key_path=["deep"], on_stream_event=changes.put
    )
    now = dt.datetime.now(dt.UTC)
    one.update_configuration(key_path=["deep"], timestamp=now, value_to_merge={"m": [1]})
    event = changes.get(timeout=PATIENCE).configuration_update_event
    assert (event.component_name, event.key_path) == ("one", ["deep"])
    answer = two.get_configuration(component_name="one", key_path=["deep"])
    assert (answer.component_name, answer.value) == ("one", {"n": 1, "m": [1]})
    assert one.get_configuration(key_path=["word"]).value == {"word": "x"}
    assert set(one.get_configuration().value) == {"accessControl", "deep", "word"}
    one.update_configuration(key_path=["word"], value_to_merge="y")
    assert changes.empty()
    assert ConfigurationStore(nucleus.store._file).values["one"]["word"] == "y"


def test_a_state_is_passed_on(nucleus: Nucleus, one: Any) -> None:
    one.update_state(state="RUNNING")
    assert nucleus.reported == [("one", "RUNNING")]


def test_secrets_are_those_given_locally(tmp_path: Path) -> None:
    with serving(tmp_path, {"s": "hidden"}) as nucleus:
        client = connect(nucleus, "one")
        answer = client.get_secret_value(secret_id="s")
        assert answer.secret_value.secret_string == "hidden"
        assert answer.version_stage == ["AWSCURRENT"]
        with pytest.raises(model.ResourceNotFoundError):
            client.get_secret_value(secret_id="missing")
        client.close().result(PATIENCE)


def test_a_wrong_token_is_refused(nucleus: Nucleus) -> None:
    denied = pytest.importorskip("awsiot.eventstreamrpc").AccessDeniedError
    with pytest.raises(denied):
        ipc.connect(ipc_socket=str(nucleus.server.path), authtoken="wrong")
    wait_for(lambda: any("token that is no component's" in line for line in nucleus.lines))


def test_the_socket_is_its_owners_alone(nucleus: Nucleus) -> None:
    assert stat.S_IMODE(nucleus.server.path.stat().st_mode) == 0o600


def test_a_folder_too_deep_for_a_socket_gets_a_short_one(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with serving(deep) as nucleus:
        path = nucleus.server.path
        assert len(str(path)) <= 107
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        connect(nucleus, "one").close().result(PATIENCE)
    assert not path.parent.exists()


def test_a_message_of_four_megabytes_passes(one: Any, two: Any) -> None:
    inbox = local(one, "near/big")
    content = random.Random(1).randbytes(4 << 20)
    two.publish_to_topic(topic="near/big", publish_message=binary(content))
    assert inbox.get(timeout=PATIENCE).binary_message.message == content


def test_a_closed_stream_and_a_gone_client_lose_their_subscriptions(nucleus: Nucleus) -> None:
    client = connect(nucleus, "one")
    _, operation = client.subscribe_to_topic(topic="near/a", on_stream_event=print)
    local(client, "near/b")
    assert nucleus.subscriptions("one") == 2
    operation.close().result(PATIENCE)
    wait_for(lambda: nucleus.subscriptions("one") == 1)
    client.close().result(PATIENCE)
    wait_for(lambda: nucleus.subscriptions("one") == 0)
