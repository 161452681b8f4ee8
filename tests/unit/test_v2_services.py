"""Secrets and shadows as a V1 function asks for them, given by what a V2 nucleus has."""

from __future__ import annotations

import json
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ggfleet.runtime import HERE
from module_support import module_of

ipc = module_of(HERE / "component_modules/greengrass_ipc_python_sdk/ipc_client.py")


@pytest.fixture(name="adapter")
def load_adapter(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The adapter's program; it imports the function's runtime from beside itself."""
    monkeypatch.syspath_prepend(HERE)
    return module_of(HERE / "component_runtime.py")


class NucleusClient:
    """Answers as awsiotsdk's client does, and keeps what it was asked."""

    def __init__(self, **values: Any) -> None:
        self.values = values
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def get_secret_value(self, **request: Any) -> Any:
        self.asked.append(("secret", request))
        value = SimpleNamespace(secret_string=None, secret_binary=None)
        vars(value).update(self.values)
        return SimpleNamespace(
            secret_id="arn:s", version_id="v1", version_stage=["AWSCURRENT"], secret_value=value
        )

    def get_thing_shadow(self, **request: Any) -> Any:
        self.asked.append(("get", request))
        return SimpleNamespace(payload=b'{"state": {}}')

    def update_thing_shadow(self, **request: Any) -> Any:
        self.asked.append(("update", request))
        return SimpleNamespace(payload=None)


def link_to(adapter: ModuleType, client: NucleusClient) -> Any:
    link = adapter.Link.__new__(adapter.Link)
    link.client = client
    return link


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"secret_string": ""}, {"SecretString": ""}),
        ({"secret_binary": b"\x00\x01"}, {"SecretBinary": "AAE="}),
    ],
)
def test_a_secret_has_the_keys_of_v1(
    adapter: ModuleType, value: dict[str, Any], expected: dict[str, str]
) -> None:
    """Text or binary, whichever the nucleus has."""
    client = NucleusClient(**value)
    found = json.loads(link_to(adapter, client).secret("s", "AWSPREVIOUS"))
    assert client.asked == [("secret", {"secret_id": "s", "version_stage": "AWSPREVIOUS"})]
    assert found == {
        "ARN": "arn:s",
        "Name": "s",
        "VersionId": "v1",
        "VersionStages": ["AWSCURRENT"],
        "CreatedDate": 0,
        **expected,
    }


def test_a_shadow_is_the_classic_one(adapter: ModuleType) -> None:
    """V1's SDK knows no named ones; only an update has a payload."""
    client = NucleusClient()
    link = link_to(adapter, client)
    assert link.shadow("get", "pc", b"ignored") == b'{"state": {}}'
    assert link.shadow("update", "pc", b"{}") == b"{}"
    assert client.asked == [
        ("get", {"thing_name": "pc", "shadow_name": ""}),
        ("update", {"thing_name": "pc", "shadow_name": "", "payload": b"{}"}),
    ]


class ResourceNotFoundError(Exception):
    """Named as awsiotsdk's own."""


class Refusing:
    """A link whose nucleus refuses everything."""

    def secret(self, name: str, stage: str | None) -> bytes:
        raise ResourceNotFoundError(f"{name} {stage}")

    def shadow(self, verb: str, thing: str, payload: bytes) -> bytes:
        raise PermissionError(f"{verb} {thing} {payload!r}")


def nucleus_with(link: Any) -> Any:
    nucleus = ipc.Nucleus(lambda _: link, lambda _: True, [], [], lambda _a, _b: True)
    nucleus._link = link
    return nucleus


def test_a_refusal_is_an_answer_with_v1s_keys() -> None:
    nucleus = nucleus_with(Refusing())
    assert json.loads(nucleus.secret(b'{"SecretId": "s"}')) == {
        "Status": 404,
        "Message": "s: ResourceNotFoundError('s None')",
    }
    found = json.loads(nucleus.shadow("$aws/things/pc/shadow/get", b""))
    assert (found["code"], set(found)) == (500, {"code", "message"})


def test_an_answer_is_handed_out_once() -> None:
    """Each call has an id of its own, as on a V1 core."""

    class Giving:
        def secret(self, name: str, stage: str | None) -> bytes:
            return f"{name} {stage}".encode()

    ipc.NUCLEUS = nucleus_with(Giving())  # type: ignore[attr-defined]
    client = ipc.IPCClient()
    first = client.post_work(ipc.SECRETS, b'{"SecretId": "a"}', b"")
    second = client.post_work(ipc.SECRETS, b'{"SecretId": "b", "VersionStage": "x"}', b"")
    assert client.get_work_result(ipc.SECRETS, second) == (b"b x", "")
    assert client.get_work_result(ipc.SECRETS, first) == (b"a None", "")
    with pytest.raises(ipc.IPCException, match="has no result"):
        client.get_work_result(ipc.SECRETS, first)
