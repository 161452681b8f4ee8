"""A function's side of the core's localhost HTTP protocol, version 2016-11-01.

Written from the description of the protocol. Python 3.8 and the standard library only: it runs in
the function's process.
"""

from __future__ import annotations

import json
import os
import threading
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any, NamedTuple
from urllib.parse import quote

VERSION = "2016-11-01"
HEADER_ID = "X-Amz-InvocationId"
HEADER_CONTEXT = "X-Amz-Client-Context"
HEADER_TYPE = "X-Amz-Invocation-Type"
HEADER_ERROR = "X-Amz-Function-Error"
DEFAULT_PORT = 8000
OK = range(200, 300)


class IPCException(Exception):
    """The core refused a request, or cannot be reached."""


class WorkItem(NamedTuple):
    """A message for this function; `client_context` is base64, `payload` as it came."""

    invocation_id: str
    payload: bytes
    client_context: str


class WorkResult(NamedTuple):
    """What a called function answered; `func_err` is empty, `Handled` or `Unhandled`."""

    payload: bytes
    func_err: str


class IPCClient:
    """Speaks to the core. Each thread keeps one connection open."""

    def __init__(self, endpoint: str = "localhost", port: int | None = None) -> None:
        # The core listens on IPv4; "localhost" may name ::1 first, which costs a failed attempt.
        self._host = "127.0.0.1" if endpoint == "localhost" else endpoint
        self._port = port or int(os.environ.get("GG_DAEMON_PORT", str(DEFAULT_PORT)))
        self._token = os.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
        self._local = threading.local()

    def post_work(
        self,
        function_arn: str,
        input_bytes: object,
        client_context: bytes | str,
        invocation_type: str = "RequestResponse",
    ) -> str:
        """Invoke a function; returns the invocation's id."""
        context = client_context.decode() if isinstance(client_context, bytes) else client_context
        headers = {HEADER_CONTEXT: context, HEADER_TYPE: invocation_type}
        response, _ = self._call("POST", _path(function_arn), _to_bytes(input_bytes), headers)
        return str(response.getheader(HEADER_ID, ""))

    def get_work_result(self, function_arn: str, invocation_id: str) -> WorkResult:
        """Wait for the result of an invocation."""
        response, body = self._call("GET", _path(function_arn), None, {HEADER_ID: invocation_id})
        return WorkResult(body, response.getheader(HEADER_ERROR, ""))

    def get_work(self, function_arn: str) -> WorkItem:
        """Wait for the next message for this function."""
        response, body = self._call("GET", _path(function_arn, "work"), None, {})
        return WorkItem(
            str(response.getheader(HEADER_ID, "")), body, response.getheader(HEADER_CONTEXT, "")
        )

    def post_work_result(self, function_arn: str, invocation_id: str, result: bytes) -> None:
        """Hand back what the handler returned."""
        self._call("POST", _path(function_arn, "work"), result, {HEADER_ID: invocation_id})

    def post_handler_err(
        self, function_arn: str, invocation_id: str, error: dict[str, Any], kind: str = "Handled"
    ) -> None:
        """Hand back that the handler failed."""
        headers = {HEADER_ID: invocation_id, HEADER_ERROR: kind}
        self._call("POST", _path(function_arn, "work"), json.dumps(error).encode(), headers)

    def put_initialized(self, function_arn: str, success: bool, response: str = "") -> None:
        """Tell that the function's module is loaded, or why it is not."""
        body = json.dumps({"Success": success, "Response": response}).encode()
        self._call("PUT", _path(function_arn, "initialized"), body, {})

    def _call(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[HTTPResponse, bytes]:
        headers["Authorization"] = self._token
        try:
            connection = self._connection()
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self._local.connection = None
            raise IPCException(f"the core does not answer: {error!r}") from error
        if response.status not in OK:
            said = content.decode(errors="replace")
            raise IPCException(f"the core answered {response.status}: {said}")
        return response, content

    def _connection(self) -> HTTPConnection:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = HTTPConnection(self._host, self._port)
        return connection


def _path(function_arn: str, rest: str = "") -> str:
    path = f"/{VERSION}/functions/{quote(function_arn, safe=':')}"
    return f"{path}/{rest}" if rest else path


def _to_bytes(payload: object) -> bytes:
    """Bytes, text, or something with read(), as greengrasssdk takes payloads."""
    if hasattr(payload, "read"):
        payload = payload.read()
    if isinstance(payload, str):
        return payload.encode()
    if isinstance(payload, (bytes, bytearray)):
        return bytes(payload)
    raise IPCException(f"a payload is bytes or text, not {type(payload).__name__}")
