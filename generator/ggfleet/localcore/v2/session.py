"""One IPC connection: the handshake with the component's token, then streams of messages."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any, Protocol

from ggfleet.localcore.v2.access import PREFIX
from ggfleet.localcore.v2.faults import InvalidArgumentsError, IpcError
from ggfleet.localcore.v2.frames import Frame, FrameError, Value, encode, read_frame

TYPE, FLAGS, STREAM, VERSION = ":message-type", ":message-flags", ":stream-id", ":version"
CONTENT, MODEL, OPERATION = ":content-type", "service-model-type", "operation"
JSON = "application/json"
PROTOCOL_VERSION = "0.1.0"
ACCEPTED, TERMINATE = 1, 2
HANDSHAKE_SECONDS = 5.0
"""Seconds in which a connection has to say whose it is."""

REFUSED_SECONDS = 1.0
"""Seconds that a client with a wrong token has to close by itself."""

MAX_UNREAD = 32 << 20
"""Bytes that may wait for a component that reads too slowly; then its connection is closed."""


class Kind(IntEnum):
    """What a frame is for: its message type."""

    MESSAGE = 0
    ERROR = 1
    PING = 2
    PING_RESPONSE = 3
    CONNECT = 4
    CONNECT_ACK = 5
    PROTOCOL_ERROR = 6
    INTERNAL_ERROR = 7


class Stream:
    """A request and what belongs to it. `name` is the operation's, without the prefix."""

    def __init__(self, session: Session, number: int, name: str) -> None:
        self.name = name
        self.component = session.component
        self._session = session
        self._number = number
        self._end: Callable[[], None] | None = None
        self._waiting: list[tuple[str, Mapping[str, Any]]] | None = []

    def keep(self, end: Callable[[], None]) -> None:
        """Stay open for events after the answer; `end` is called when the stream closes."""
        self._end = end

    def event(self, shape: str, content: Mapping[str, Any]) -> None:
        """Send an event; those that come before the answer wait for it."""
        if self._waiting is not None:
            self._waiting.append((shape, content))
            return
        self._session.write(Kind.MESSAGE, 0, self._number, shape, content)

    def answer(self, content: Mapping[str, Any]) -> bool:
        """Send the answer; whether the stream stays open."""
        flags = TERMINATE if self._end is None else 0
        shape = f"{self.name}Response"
        self._session.write(Kind.MESSAGE, flags, self._number, shape, content)
        waiting, self._waiting = self._waiting or [], None
        for event in waiting:
            self.event(*event)
        return self._end is not None

    def refuse(self, error: IpcError) -> None:
        """Send an error, which ends the stream."""
        content = error.content()
        self._session.write(Kind.ERROR, TERMINATE, self._number, error.name, content)
        self.close()

    def close(self) -> None:
        """Forget what the stream was kept open for."""
        if self._end is not None:
            self._end()
            self._end = None


class Operations(Protocol):
    """What a session asks of the rest of the nucleus."""

    def owner(self, token: str) -> str:
        """The component whose SVCUID this is; empty for nobody's."""

    def call(self, stream: Stream, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do a stream's operation and return its answer. Raises IpcError."""


class Session:
    """Serves one connection until it ends. Whatever is no frame ends it."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        operations: Operations,
        handshake: float = HANDSHAKE_SECONDS,
    ) -> None:
        self.component = ""
        self._reader = reader
        self._writer = writer
        self._operations = operations
        self._handshake = handshake
        self._streams: dict[int, Stream] = {}
        self._last = 0

    async def run(self) -> str:
        """Serve; returns why the connection was closed by us, or an empty string."""
        try:
            if not await asyncio.wait_for(self._connect(), self._handshake):
                # Closing at once would overtake the answer, and the client not learn the reason.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._reader.read(1), REFUSED_SECONDS)
                return "a connection with a token that is no component's"
            while frame := await read_frame(self._reader):
                self._take(frame)
                await self._writer.drain()
        except FrameError as error:
            return f"what {self.component or 'somebody'} sent is no message: {error}"
        except TimeoutError:
            return f"a connection that said nothing for {self._handshake:g} s"
        except ConnectionError:
            return ""
        finally:
            self._close()
        return ""

    async def _connect(self) -> bool:
        frame = await read_frame(self._reader)
        if frame is None:
            raise ConnectionResetError
        if frame.number(TYPE) != Kind.CONNECT or frame.text(VERSION) != PROTOCOL_VERSION:
            raise FrameError("a connection begins with CONNECT, version 0.1.0")
        token = _object(frame.payload).get("authToken")
        self.component = self._operations.owner(token) if isinstance(token, str) else ""
        flags = ACCEPTED if self.component else 0
        self.write(Kind.CONNECT_ACK, flags, 0, "", None)
        await self._writer.drain()
        return bool(self.component)

    def _take(self, frame: Frame) -> None:
        kind, number = frame.number(TYPE), frame.number(STREAM)
        if kind == Kind.PING:
            self.write(Kind.PING_RESPONSE, 0, 0, "", None, frame.payload)
        elif kind == Kind.MESSAGE and number in self._streams:
            if frame.number(FLAGS) & TERMINATE:
                self._streams.pop(number).close()
        elif kind == Kind.MESSAGE and frame.number(FLAGS) & TERMINATE:
            return  # the end of a stream that we have ended already
        elif kind == Kind.MESSAGE and number > self._last:
            self._last = number
            self._open(Stream(self, number, _operation(frame)), number, frame.payload)
        elif kind != Kind.PING_RESPONSE:
            raise FrameError(f"a message of type {kind} on stream {number} cannot be")

    def _open(self, stream: Stream, number: int, payload: bytes) -> None:
        try:
            answer = self._operations.call(stream, _object(payload))
        except FrameError as error:  # no JSON object, or it grows too long on its way on
            stream.refuse(InvalidArgumentsError(str(error)))
        except IpcError as error:
            stream.refuse(error)
        else:
            if stream.answer(answer):
                self._streams[number] = stream

    def write(
        self,
        kind: Kind,
        flags: int,
        stream: int,
        shape: str,
        content: Mapping[str, Any] | None,
        payload: bytes = b"",
    ) -> None:
        """Send a frame, without waiting; `content` is its JSON."""
        if self._writer.is_closing():
            return
        headers: dict[str, Value] = {TYPE: int(kind), FLAGS: flags, STREAM: stream}
        if content is not None:
            payload = json.dumps(content).encode()
            headers |= {CONTENT: JSON, MODEL: PREFIX + shape}
        self._writer.write(encode(Frame(headers, payload)))
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD:
            self._writer.transport.abort()

    def _close(self) -> None:
        for stream in self._streams.values():
            stream.close()
        self._streams = {}
        self._writer.close()


def same_token(one: str, other: str) -> bool:
    """Compare two tokens in a time that tells nothing of them."""
    return hmac.compare_digest(one.encode(), other.encode(errors="surrogatepass"))


def _operation(frame: Frame) -> str:
    name = frame.text(OPERATION)
    if not name.startswith(PREFIX):
        raise FrameError(f"{name or 'nothing'} is no operation")
    return name.removeprefix(PREFIX)


def _object(payload: bytes) -> dict[str, Any]:
    try:
        content = json.loads(payload) if payload else {}
    except (ValueError, RecursionError) as error:
        raise FrameError(f"the request is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise FrameError("the request is not a JSON object")
    return content
