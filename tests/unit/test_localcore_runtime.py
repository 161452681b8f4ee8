"""What runs in a function's process, taken by itself."""

from __future__ import annotations

import ast
import base64
import json
import sys
from pathlib import Path

import pytest

import ggfleet.runtime
from module_support import module_of

RUNTIME = Path(ggfleet.runtime.__file__).parent
FILES = sorted(RUNTIME.rglob("*.py"))
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:one:prod"


runtime = module_of(RUNTIME / "lambda_runtime.py")
ipc = module_of(RUNTIME / "modules/greengrass_ipc_python_sdk/ipc_client.py")
fields = module_of(RUNTIME / "modules/greengrass_common/function_arn_fields.py").FunctionArnFields


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_it_is_python_3_8_with_the_standard_library_alone(file: Path) -> None:
    """Devices have Pythons that ggfleet itself does not run on."""
    tree = ast.parse(file.read_text(), feature_version=(3, 8))
    names = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    own = {"greengrass_ipc_python_sdk.ipc_client", "lambda_runtime"}
    assert {name.split(".")[0] for name in names - own} <= sys.stdlib_module_names


def test_an_arn_is_taken_apart_and_put_together() -> None:
    found = fields(ARN)
    assert (found.name, found.qualifier, found.region) == ("one", "prod", "eu-west-1")
    assert fields.build_function_arn(found.unqualified_arn, found.qualifier) == ARN
    assert fields.build_function_arn(found.unqualified_arn, "") == ARN.removesuffix(":prod")
    assert fields("arn:aws:lambda:::function:GGSecretManager:1").qualifier == "1"


@pytest.mark.parametrize("arn", ["one", "arn:aws:iot:r:a:thing/x", ARN + ":more", "", "a:" * 7])
def test_what_is_no_functions_arn_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="is not the ARN"):
        fields(arn)


def test_a_context_is_decoded_with_its_subject() -> None:
    client = runtime.decode_context(base64.b64encode(b'{"custom": {"subject": "a/b"}}').decode())
    context = runtime.make_context(ARN, "id-1", client)
    assert context.client_context.custom["subject"] == "a/b"
    assert (context.aws_request_id, context.function_name, context.function_version) == (
        "id-1",
        "one",
        "prod",
    )
    assert runtime.make_context(ARN, "", runtime.decode_context("")).client_context.custom == {}


@pytest.mark.parametrize("encoded", ["!", "eyJ", base64.b64encode(b"[]").decode(), "bm8="])
def test_a_malformed_context_is_refused(encoded: str) -> None:
    with pytest.raises(ValueError, match="client context is not"):
        runtime.decode_context(encoded)


def test_messages_are_coded_as_the_function_says() -> None:
    assert runtime.decode_event(b'{"a": 1}', "json") == {"a": 1}
    assert runtime.decode_event(b"", "json") == {}
    assert runtime.decode_event(b"\xff", "binary") == b"\xff"
    assert runtime.encode_result({"a": None}, "json") == b'{"a": null}'
    assert runtime.encode_result(None, "binary") == b""
    with pytest.raises(json.JSONDecodeError):
        runtime.decode_event(b"{", "json")


def test_python_path_comes_before_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/mllibs:/more:/mllibs:")
    monkeypatch.setattr(sys, "path", ["/runtime", "/mllibs", "/more", "/usr/lib/python3"])
    runtime.set_path("/package")
    assert sys.path == ["/mllibs", "/more", "/package", runtime.MODULES, "/usr/lib/python3"]


def test_payloads_may_be_text_bytes_or_readable() -> None:
    class Readable:
        def read(self) -> str:
            return "é"

    assert ipc._to_bytes(Readable()) == ipc._to_bytes("é") == ipc._to_bytes("é".encode())
    with pytest.raises(ipc.IPCException, match="not dict"):
        ipc._to_bytes({})
