"""What the V1 API would say to documents: botocore's model of it, and calls with boto3."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import Shape
from botocore.validate import ParamValidator

from functional.v1_rules import Documents, Tree
from ggfleet.model import Document, Rendering
from ggfleet.system.files import document_bytes

REFERENCE = re.compile(r"\$\{([^:}]+):(\w+)\}")
NATIVE_RUNTIME = "arn:aws:greengrass:::runtime/function/executable"
NATIVE_FIELDS = ("CreateFunction.Runtime", "UpdateFunctionConfiguration.Runtime")
_SESSION = botocore.session.Session()


def documents_of(rendering: Rendering) -> Tree:
    """Documents by path, through JSON, as whoever reads the files gets them."""
    return {each.path: _parsed(each) for each in rendering.documents}


def _parsed(document: Document) -> Any:
    text = document_bytes(document)
    return [json.loads(line) for line in text.splitlines()] if document.lines else json.loads(text)


def shape_problems(service: str, operation: str, body: object) -> list[str]:
    """What botocore's model has against a request body: keys, types, lengths, enumerations."""
    shape = _SESSION.get_service_model(service).operation_model(operation).input_shape
    report = ParamValidator().validate(body, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return found + list(_wrong_words(shape, body, operation))


def _wrong_words(shape: Shape, value: Any, at: str) -> Iterator[str]:
    """ParamValidator looks at no enumeration and no pattern."""
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, member in shape.members.items():
            if name in value:
                yield from _wrong_words(member, value[name], f"{at}.{name}")
    elif shape.type_name == "map" and isinstance(value, dict):
        for key, item in value.items():
            yield from _wrong_words(shape.key, key, f"{at} key")
            yield from _wrong_words(shape.value, item, f"{at}.{key}")
    elif shape.type_name == "list" and isinstance(value, list):
        for index, item in enumerate(value):
            yield from _wrong_words(shape.member, item, f"{at}[{index}]")
    elif value == NATIVE_RUNTIME and at in NATIVE_FIELDS:
        return  # Lambda took it while Greengrass V1 lived; botocore's model never listed it
    elif shape.type_name == "string":
        yield from _wrong_word(shape, str(value), at)


def _wrong_word(shape: Shape, value: str, at: str) -> Iterator[str]:
    enum = getattr(shape, "enum", None)
    if enum and value not in enum:
        yield f"{at}: {value!r} is none of {enum}"
    pattern = shape.metadata.get("pattern")
    fits = not pattern or "${" in value or re.fullmatch(pattern, value)
    if not fits:
        yield f"{at}: {value!r} does not fit {pattern}"


def all_shape_problems(documents: Documents) -> list[str]:
    """Of every body that calls.json names, and of every CreateFunction, called with or not."""
    calls = [(c["service"], c["operation"], c["body"]) for c in documents["calls.json"]]
    bodies = [path for path in documents if "/lambda/" in path]
    calls += [("lambda", "CreateFunction", path) for path in bodies]
    return [p for s, o, path in calls for p in shape_problems(s, o, documents[path])]


class Caller:
    """Makes the calls of calls.json with boto3, as docs/group-v1.md describes.

    `unknown` are operations that the endpoint lacks: they are not made, and pointers to their
    answers are left out of later bodies. `answers` are by the path of the body.
    """

    def __init__(self, client: Callable[[str], Any], unknown: frozenset[str]) -> None:
        self._client = client
        self._unknown = unknown
        self.sent: dict[str, Any] = {}
        self.answers: dict[str, Tree] = {}

    def run(self, documents: Documents) -> None:
        for call in documents["calls.json"]:
            if "upload" in call:
                self._upload(documents[call["body"]]["InputFileUri"], documents[call["upload"]])
            if call["operation"] not in self._unknown:
                self._call(call, documents[call["body"]])

    def _call(self, call: Tree, body: Tree) -> None:
        client = self._client(call["service"])
        sent = self.resolved(body)
        assert "${" not in json.dumps(sent), f"unresolved: {sent}"
        self.sent[call["body"]] = sent
        self.answers[call["body"]] = getattr(client, xform_name(call["operation"]))(**sent)
        if "wait" in call:
            waiter = client.get_waiter(call["wait"])
            waiter.wait(FunctionName=body["FunctionName"], WaiterConfig={"Delay": 0})

    def _upload(self, uri: str, lines: list[Tree]) -> None:
        """Put JSON Lines where the body says, with the ids that AWS assigned."""
        text = "".join(f"{json.dumps(line)}\n" for line in self.resolved(lines))
        assert "${" not in text
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        self._client("s3").put_object(Bucket=bucket, Key=key, Body=text.encode())

    def resolved(self, value: Any) -> Any:
        if isinstance(value, dict):
            resolved = {key: self.resolved(item) for key, item in value.items()}
            return {key: item for key, item in resolved.items() if item is not MISSING}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            return value
        answer = self.answers.get(found[1])
        return MISSING if answer is None else answer[found[2]]


MISSING = object()
