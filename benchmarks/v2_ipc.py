"""Measures the embedded V2 core: operations of the IPC, and a V1 function on V2 and on V1.

    PYTHONPATH=generator:tests python benchmarks/v2_ipc.py

Prints a Markdown table: median, 95th percentile and worst of the given number of calls, in ms.
"""

from __future__ import annotations

import json
import queue
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from awsiot.greengrasscoreipc import connect
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage

from components_support import Components, allow, client_links, function_component, running
from ggfleet.localcore.v2.access import Authority, read_policies
from ggfleet.localcore.v2.configuration import ConfigurationStore
from ggfleet.localcore.v2.operations import NucleusOperations
from ggfleet.localcore.v2.server import IpcServer
from localcore_harness import ECHO, echo_group, sdk
from localcore_harness import running as running_v1
from localcore_support import package

CALLS = 2000
FEW = 100


def row(what: str, call: Callable[[], object], times: int = CALLS) -> None:
    """Measure a call and print its row; the first ten are left out."""
    found = []
    for _ in range(times + 10):
        begin = time.perf_counter()
        call()
        found.append((time.perf_counter() - begin) * 1000)
    found = sorted(found[10:])
    median, most = found[times // 2], found[int(times * 0.95)]
    print(f"| {what} | {times} | {median:.2f} | {most:.2f} | {found[-1]:.2f} |")


def operations(folder: Path) -> None:
    """The IPC's operations, asked by the unmodified client in this very process."""
    values = {"accessControl": allow("c", ["#"], ["*"]), "a": {"b": 1}}
    store = ConfigurationStore(folder / "configuration.json")
    store.replace({"c": values})
    authority = Authority({"c": read_policies("c", values)})
    server = IpcServer(
        folder,
        NucleusOperations({"c": "t"}, authority, store, to_cloud=lambda *_: None),
        lambda line: print(line, file=sys.stderr),
    )
    server.start()
    raw = connect(ipc_socket=str(server.path), authtoken="t")
    client = GreengrassCoreIPCClientV2(client=raw, executor=None)
    inbox: queue.Queue[object] = queue.Queue()
    client.subscribe_to_topic(topic="in", on_stream_event=inbox.put)

    def publish(topic: str, size: int) -> Callable[[], object]:
        message = PublishMessage(binary_message=BinaryMessage(message=bytes(size)))
        return lambda: client.publish_to_topic(topic=topic, publish_message=message)

    def there_and_back(size: int) -> Callable[[], object]:
        send = publish("in", size)
        return lambda: (send(), inbox.get(timeout=60))

    row("PublishToTopic, 100 bytes", publish("out", 100))
    row("PublishToTopic and the event back, 100 bytes", there_and_back(100))
    row("the same, 128 KiB", there_and_back(128 << 10), FEW)
    row("the same, 4 MiB", there_and_back(4 << 20), FEW)
    row(
        "PublishToIoTCore, 100 bytes",
        lambda: client.publish_to_iot_core(topic_name="out", qos="1", payload=bytes(100)),
    )
    row("GetConfiguration", lambda: client.get_configuration(key_path=["a"]))
    row(
        "UpdateConfiguration (written to the disk)",
        lambda: client.update_configuration(key_path=["a"], value_to_merge={"b": 2}),
        FEW,
    )
    client.close().result(60)
    server.stop()


def echo_on_v2(folder: Path) -> None:
    """A V1 function on V2: a message in until its answer is out."""
    components = Components()
    function_component(
        components,
        "echo",
        package(ECHO, sdk()),
        client_links(folder / "client"),
        settings={
            "subscribe": [{"from": "iot-core", "topic": "in/+"}],
            "publish": [{"to": "iot-core", "topic": "out/#"}],
        },
        access=allow("echo", ["in/+", "out/#"]),
    )
    with running(components, folder, start=False) as trial:
        begin = time.perf_counter()
        trial.core.start()
        print(f"echo on V2 is ready after {time.perf_counter() - begin:.2f} s", file=sys.stderr)
        row("a function's answer, V2 and adapter", lambda: trial.ask("in/1", {"n": 1}))
        flood("V2", trial.core.send, lambda: trial.core.next_answer(60))


def echo_on_v1(folder: Path) -> None:
    """The same function on the embedded V1 core."""
    with running_v1(echo_group(), folder, start=False) as run:
        begin = time.perf_counter()
        run.core.start()
        print(f"echo on V1 is ready after {time.perf_counter() - begin:.2f} s", file=sys.stderr)

        def ask() -> None:
            run.core.send("in/1", b'{"n": 1}')
            answer = run.core.next_answer(60)
            assert answer is not None
            json.loads(answer.payload)

        row("a function's answer, V1", ask)
        flood("V1", run.core.send, lambda: run.core.next_answer(60))


def flood(name: str, send: Callable[[str, bytes], None], answer: Callable[[], object]) -> None:
    """How many messages a second pass when none waits for the one before."""
    begin = time.perf_counter()
    for _ in range(1000):
        send("in/1", b'{"n": 1}')
    for _ in range(1000):
        assert answer() is not None
    print(f"{name}: {1000 / (time.perf_counter() - begin):.0f} messages a second", file=sys.stderr)


def main() -> None:
    """Measure everything."""
    print("| | calls | median ms | 95 % ms | worst ms |\n|---|---|---|---|---|")
    for measure in (operations, echo_on_v2, echo_on_v1):
        with tempfile.TemporaryDirectory() as name:
            measure(Path(name))


if __name__ == "__main__":
    main()
