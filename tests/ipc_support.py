"""An IPC server with two components, the unmodified client, and a client that sends anything.

Skips whoever imports it where awsiotsdk is not installed.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from components_support import allow
from ggfleet.localcore.v2.access import SECRETS, Authority, read_policies
from ggfleet.localcore.v2.configuration import ConfigurationStore
from ggfleet.localcore.v2.frames import Frame, Value, decode, encode
from ggfleet.localcore.v2.operations import NucleusOperations
from ggfleet.localcore.v2.server import IpcServer
from ggfleet.localcore.v2.session import Kind

ipc = pytest.importorskip("awsiot.greengrasscoreipc")
from awsiot.greengrasscoreipc import model  # noqa: E402
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2  # noqa: E402

TOKENS = {"one": "token-of-one", "two": "token-of-two"}
PATIENCE = 10


@dataclass
class Nucleus:
    server: IpcServer
    operations: NucleusOperations
    store: ConfigurationStore
    to_cloud: list[tuple[str, str, bytes]] = field(default_factory=list)
    reported: list[tuple[str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def subscriptions(self, component: str) -> int:
        return self.server.do(lambda: self.operations.broker.count(component))


def configuration() -> dict[str, Any]:
    one = allow("one", ["cloud/+/in", "out/#"], ["near/*", "near/#", "near/+"])
    one[SECRETS] = {"one:secrets:1": {"operations": ["*"], "resources": ["s", "missing"]}}
    two = allow("two", local=["near/*"])
    return {
        "one": {"accessControl": one, "deep": {"n": 1}, "word": "x"},
        "two": {"accessControl": two},
    }


@contextlib.contextmanager
def serving(
    folder: Path, secrets: dict[str, str] | None = None, handshake: float = 5
) -> Iterator[Nucleus]:
    store = ConfigurationStore(folder / "configuration.json")
    store.replace(configuration())
    policies = {name: read_policies(name, values) for name, values in store.values.items()}
    to_cloud: list[tuple[str, str, bytes]] = []
    reported: list[tuple[str, str]] = []
    lines: list[str] = []
    operations = NucleusOperations(
        TOKENS,
        Authority(policies),
        store,
        to_cloud=lambda *message: to_cloud.append(message),
        reported=lambda *state: reported.append(state),
        secrets=secrets,
        log=lines.append,
    )
    server = IpcServer(folder, operations, lines.append, handshake=handshake)
    server.start()
    try:
        yield Nucleus(server, operations, store, to_cloud, reported, lines)
    finally:
        server.stop()


def connect(nucleus: Nucleus, component: str) -> GreengrassCoreIPCClientV2:
    raw = ipc.connect(ipc_socket=str(nucleus.server.path), authtoken=TOKENS[component])
    return GreengrassCoreIPCClientV2(client=raw, executor=None)


def binary(content: bytes) -> model.PublishMessage:
    return model.PublishMessage(binary_message=model.BinaryMessage(message=content))


def local(
    client: GreengrassCoreIPCClientV2, topic: str, mode: str | None = None
) -> queue.Queue[Any]:
    found: queue.Queue[Any] = queue.Queue()
    client.subscribe_to_topic(topic=topic, receive_mode=mode, on_stream_event=found.put)
    return found


class Raw:
    """A connection that sends what a client would not."""

    def __init__(self, nucleus: Nucleus) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(nucleus.server.path))

    def connect(self, component: str) -> Frame:
        headers: dict[str, Value] = {":message-type": int(Kind.CONNECT), ":message-flags": 0}
        self.send(
            {**headers, ":stream-id": 0, ":version": "0.1.0"}, {"authToken": TOKENS[component]}
        )
        return self.receive()

    def send(self, headers: dict[str, Value], content: object) -> None:
        self.socket.sendall(encode(Frame(headers, json.dumps(content).encode())))

    def receive(self) -> Frame:
        prelude = self.socket.recv(12, socket.MSG_WAITALL)
        rest = self.socket.recv(int.from_bytes(prelude[:4], "big") - 12, socket.MSG_WAITALL)
        return decode(prelude + rest)

    def ended(self) -> bool:
        """Whether the server closes; what it sends before is passed over."""
        with contextlib.suppress(ConnectionResetError):
            while self.socket.recv(65536):
                pass
        return True

    def close(self) -> None:
        self.socket.close()


MESSAGE: dict[str, Value] = {":message-type": 0, ":message-flags": 0, ":stream-id": 1}
