"""Event-stream frames: the bytes of a message on an IPC connection.

A frame is a prelude of 12 bytes (length of the whole, length of the headers, CRC-32 of these 8),
the headers, the payload, and a CRC-32 of all before it; numbers are big-endian. A header is the
length of its name in a byte, the name, a byte for the type of its value, the value.
"""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PRELUDE = struct.Struct(">II")
NUMBER = struct.Struct(">I")
SHORT = struct.Struct(">H")
OVERHEAD = PRELUDE.size + 2 * NUMBER.size
MAX_FRAME = 16 << 20
"""Bytes of a whole frame; the published format allows no more."""

MAX_HEADERS = 128 << 10
TRUE, FALSE, INT32, BYTES, STRING = 0, 1, 4, 6, 7
FIXED = {2: struct.Struct(">b"), 3: struct.Struct(">h"), INT32: struct.Struct(">i")}
FIXED |= {5: struct.Struct(">q"), 8: struct.Struct(">q"), 9: struct.Struct("16s")}
"""Values of a fixed size by type: byte, int16, int32, int64, timestamp in ms, UUID."""

Value = bool | int | str | bytes


class FrameError(ValueError):
    """Bytes that are no frame. Nothing that follows on the connection can be trusted."""


@dataclass(frozen=True)
class Frame:
    """Headers by name, and a payload. Numbers are written as int32."""

    headers: Mapping[str, Value]
    payload: bytes = b""

    def number(self, name: str) -> int:
        """A header that has to be a number; raises FrameError."""
        value = self.headers.get(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise FrameError(f"the header {name} is missing or no number")
        return value

    def text(self, name: str) -> str:
        """A header's text, empty where it is missing or something else."""
        value = self.headers.get(name)
        return value if isinstance(value, str) else ""


def encode(frame: Frame) -> bytes:
    """The bytes of a frame; one that is too long raises FrameError."""
    headers = b"".join(_header(name, value) for name, value in frame.headers.items())
    total = OVERHEAD + len(headers) + len(frame.payload)
    if total > MAX_FRAME or len(headers) > MAX_HEADERS:
        raise FrameError(f"a frame of {total} bytes is too long")
    prelude = PRELUDE.pack(total, len(headers))
    body = prelude + NUMBER.pack(zlib.crc32(prelude)) + headers + frame.payload
    return body + NUMBER.pack(zlib.crc32(body))


def _header(name: str, value: Value) -> bytes:
    label = name.encode()
    return bytes([len(label)]) + label + _value(value)


def _value(value: Value) -> bytes:
    if isinstance(value, bool):
        return bytes([TRUE if value else FALSE])
    if isinstance(value, int):
        return bytes([INT32]) + FIXED[INT32].pack(value)
    content = value.encode() if isinstance(value, str) else value
    kind = STRING if isinstance(value, str) else BYTES
    return bytes([kind]) + SHORT.pack(len(content)) + content


def lengths(prelude: bytes) -> tuple[int, int]:
    """The whole frame's and the headers' length from the first 12 bytes. Raises FrameError."""
    total, headers = PRELUDE.unpack_from(prelude)
    if zlib.crc32(prelude[: PRELUDE.size]) != NUMBER.unpack_from(prelude, PRELUDE.size)[0]:
        raise FrameError("the checksum of the prelude is wrong")
    if not OVERHEAD + headers <= total <= MAX_FRAME or headers > MAX_HEADERS:
        raise FrameError(f"lengths of {total} and {headers} bytes cannot be")
    return total, headers


def decode(content: bytes) -> Frame:
    """Read one whole frame. Raises FrameError for everything that is none."""
    if len(content) < OVERHEAD:
        raise FrameError("the frame is cut off")
    start = PRELUDE.size + NUMBER.size
    total, size = lengths(content[:start])
    if total != len(content):
        raise FrameError(f"{total} bytes were promised, {len(content)} came")
    if zlib.crc32(content[:-4]) != NUMBER.unpack_from(content, total - 4)[0]:
        raise FrameError("the checksum of the frame is wrong")
    headers = dict(_headers(content[start : start + size]))
    return Frame(headers, content[start + size : -4])


def _headers(content: bytes) -> Iterator[tuple[str, Value]]:
    at = 0
    try:
        while at < len(content):
            end = at + 1 + content[at]
            name, kind = content[at + 1 : end].decode(), content[end]
            value, at = _read(kind, content, end + 1)
            if not name or at > len(content):
                raise FrameError("a header is cut off")
            yield name, value
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise FrameError(f"the headers are damaged: {error}") from error


def _read(kind: int, content: bytes, at: int) -> tuple[Value, int]:
    """A value, and where the next header begins."""
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if kind in FIXED:
        fixed = FIXED[kind]
        return fixed.unpack_from(content, at)[0], at + fixed.size
    if kind not in (BYTES, STRING):
        raise FrameError(f"there is no header type {kind}")
    begin = at + SHORT.size
    end = begin + SHORT.unpack_from(content, at)[0]
    text = content[begin:end]
    return (text.decode() if kind == STRING else text), end


async def read_frame(stream: asyncio.StreamReader) -> Frame | None:
    """The next frame of a connection; None where it ends. Raises FrameError."""
    start = PRELUDE.size + NUMBER.size
    try:
        prelude = await stream.readexactly(start)
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise FrameError("the connection ended within a frame") from error
        return None
    total, _ = lengths(prelude)
    try:
        return decode(prelude + await stream.readexactly(total - start))
    except asyncio.IncompleteReadError as error:
        raise FrameError("the connection ended within a frame") from error
