"""The core's localhost HTTP protocol, version 2016-11-01: how functions get work and publish.

Each process of a function has a token of its own; it may take work of its own function alone.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message as Headers
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

from ggfleet.localcore.events import Message
from ggfleet.localcore.router import PublishError, Router
from ggfleet.localcore.work import (
    Invocation,
    QueueFullError,
    Result,
    Results,
    Worker,
    WorkQueue,
)

ROUTER = "arn:aws:lambda:::function:GGRouter"
SHADOW = "arn:aws:lambda:::function:GGShadowService"
SECRETS = "arn:aws:lambda:::function:GGSecretManager:1"
NO_SECRETS = {"Status": 404, "Message": "the embedded core has no secrets"}
HEALTH = "/2016-11-01/health/workers"
CREDENTIALS = "/2016-11-01/credentialprovider/"
NO_CREDENTIALS = "the embedded core has no group role, hence no AWS credentials"
PATH = re.compile(r"/2016-11-01/functions/(?P<arn>[^/]+)(?:/(?P<rest>work|initialized))?")
MAX_BODY = 6 << 20
"""Bytes of a direct call's payload that Lambda takes."""


class RefusedError(Exception):
    """A request that is answered with an HTTP error status."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Reply:
    """An answer that is no error."""

    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK


@dataclass(frozen=True)
class Request:
    """What came: `arn` is the function in the path, `worker` who asks."""

    arn: str
    worker: Worker
    body: bytes
    headers: Headers

    @property
    def invocation_id(self) -> str:
        """The invocation a result belongs to."""
        return self.headers.get("X-Amz-InvocationId", "")

    def custom(self) -> Mapping[str, str]:
        """The `custom` part of the client context. Raises RefusedError where there is none."""
        try:
            encoded = self.headers.get("X-Amz-Client-Context", "")
            content = json.loads(base64.b64decode(encoded, validate=True))["custom"]
        except (ValueError, KeyError, TypeError) as error:
            message = "the client context is not base64 of JSON with the key custom"
            raise RefusedError(HTTPStatus.BAD_REQUEST, message) from error
        if not isinstance(content, dict):
            raise RefusedError(HTTPStatus.BAD_REQUEST, "custom is not a JSON object")
        return content


class Daemon:
    """Answers functions' requests on 127.0.0.1, at a port that the system chooses."""

    def __init__(self, queues: Mapping[str, WorkQueue], router: Router) -> None:
        self._queues = queues
        self._router = router
        self._results = Results()
        self._lock = threading.Lock()
        self._workers: dict[str, Worker] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False  # stop() need not wait for a peer that sends nothing
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="daemon"
        )
        self._thread.start()

    @property
    def port(self) -> int:
        """GG_DAEMON_PORT."""
        return int(self._server.server_address[1])

    def admit(self, worker: Worker) -> None:
        """Let a process in; its predecessor's token is worth nothing any more."""
        with self._lock:
            kept = {t: w for t, w in self._workers.items() if w.queue is not worker.queue}
            self._workers = {**kept, worker.token: worker}

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def health(self) -> list[dict[str, object]]:
        """The processes and what they do, in the form of a V1 core's health endpoint."""
        return [
            {
                "FuncArn": worker.queue.arn,
                "WorkerId": worker.id,
                "ProcessId": str(worker.pid),
                "WorkerState": worker.state,
            }
            for worker in list(self._workers.values())
        ]

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Reply:
        """Answer one request. Raises RefusedError."""
        if path == HEALTH:
            return Reply(json.dumps(self.health()).encode())
        if path.startswith(CREDENTIALS):
            raise RefusedError(HTTPStatus.NOT_FOUND, NO_CREDENTIALS)
        worker = self._workers.get(headers.get("Authorization", ""))
        if worker is None or worker.closed:
            raise RefusedError(HTTPStatus.FORBIDDEN, "the authorization token is not known")
        found = PATH.fullmatch(path)
        operation = self._operation(method, found["rest"] or "") if found else None
        if found is None or operation is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"{method} {path} is not in the protocol")
        return operation(Request(unquote(found["arn"]), worker, body, headers))

    def _operation(self, method: str, rest: str) -> Callable[[Request], Reply] | None:
        return {
            ("POST", ""): self._invoke,
            ("GET", ""): self._result,
            ("GET", "work"): self._next_work,
            ("POST", "work"): self._take_result,
            ("PUT", "initialized"): self._initialized,
        }.get((method, rest))

    def _invoke(self, request: Request) -> Reply:
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind not in ("Event", "RequestResponse"):
            raise RefusedError(HTTPStatus.BAD_REQUEST, f"{kind} is not an invocation type")
        context = request.headers.get("X-Amz-Client-Context", "")
        invocation = Invocation(request.arn, request.body, context)
        if request.arn in (ROUTER, SHADOW, SECRETS):
            invocation.finish(Result(self._system(request)))
        else:
            self._enqueue(invocation)
        if kind == "RequestResponse":
            self._results.keep(invocation)
        headers = {"X-Amz-InvocationId": invocation.id}
        return Reply(headers=headers, status=HTTPStatus.ACCEPTED)

    def _enqueue(self, invocation: Invocation) -> None:
        if invocation.arn not in self._queues:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"{invocation.arn} is not in this group")
        try:
            self._queues[invocation.arn].put(invocation)
        except QueueFullError as error:
            message = f"the queue of {invocation.arn} is full"
            raise RefusedError(HTTPStatus.TOO_MANY_REQUESTS, message) from error

    def _system(self, request: Request) -> bytes:
        if request.arn == SECRETS:
            return json.dumps(NO_SECRETS).encode()
        custom = request.custom()
        topic = custom.get("subject", "")
        if request.arn == SHADOW:
            return self._router.ask_shadow(topic, request.body)
        source = custom.get("source", "")
        if source != request.worker.queue.arn:
            raise RefusedError(HTTPStatus.FORBIDDEN, f"{source} is not who asks")
        try:
            all_or_error = custom.get("queueFullPolicy") == "AllOrError"
            message = Message(source, topic, request.body)
            self._router.publish(message, all_or_error=all_or_error)
        except PublishError as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, str(error)) from error
        return b""

    def _result(self, request: Request) -> Reply:
        invocation = self._results.take(request.arn, request.invocation_id)
        if invocation is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "there is no result for that invocation")
        result = invocation.wait()
        headers = {"X-Amz-InvocationId": invocation.id}
        if result.error:
            headers["X-Amz-Function-Error"] = result.error
        return Reply(result.payload, headers)

    def _next_work(self, request: Request) -> Reply:
        invocation = _own(request).queue.take(request.worker)
        if invocation is None:
            raise RefusedError(HTTPStatus.GONE, "this process has been ended")
        headers = {
            "X-Amz-InvocationId": invocation.id,
            "X-Amz-Client-Context": invocation.context,
        }
        return Reply(invocation.payload, headers)

    def _take_result(self, request: Request) -> Reply:
        result = Result(request.body, request.headers.get("X-Amz-Function-Error", ""))
        worker = _own(request)
        if not worker.queue.give(worker, request.invocation_id, result):
            raise RefusedError(HTTPStatus.NOT_FOUND, "this process does not work on that")
        return Reply()

    def _initialized(self, request: Request) -> Reply:
        try:
            content = json.loads(request.body)
            success, response = bool(content["Success"]), str(content.get("Response", ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RefusedError(HTTPStatus.BAD_REQUEST, "Success is missing") from error
        _own(request).initialized(success, response)
        return Reply()


def _own(request: Request) -> Worker:
    if request.arn != request.worker.queue.arn:
        raise RefusedError(HTTPStatus.FORBIDDEN, f"the token is not of {request.arn}")
    return request.worker


def _handler(daemon: Daemon) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one segment: else each answer waits for a delayed ACK
        disable_nagle_algorithm = True

        def handle(self) -> None:
            # A killed process resets its connection; its supervisor tells of it.
            with contextlib.suppress(ConnectionError):
                super().handle()

        def _serve(self) -> None:
            try:
                reply = daemon.answer(self.command, self.path, self.headers, self._body())
            except RefusedError as error:
                text = {"Content-Type": "text/plain; charset=utf-8"}
                reply = Reply(str(error).encode(), text, error.status)
            self._send(reply)

        do_GET = do_POST = do_PUT = _serve  # noqa: N815 - http.server's names

        def _body(self) -> bytes:
            size = self.headers.get("Content-Length", "0")
            if not size.isdigit() or int(size) > MAX_BODY:
                self.close_connection = True
                message = f"a body has at most {MAX_BODY} bytes"
                raise RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message)
            return self.rfile.read(int(size))

        def _send(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
            """Say nothing: functions have their own logs."""

    return Handler
