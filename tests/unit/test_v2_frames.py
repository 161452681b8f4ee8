"""Frames of the V2 IPC: what is written is read, and nothing else is taken for a frame."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggfleet.localcore.v2.frames import MAX_FRAME, Frame, FrameError, Value, decode, encode

VALUES = st.one_of(
    st.booleans(),
    st.integers(-(2**31), 2**31 - 1),
    st.text(max_size=50),
    st.binary(max_size=50),
)
NAMES = st.text(min_size=1, max_size=40).filter(lambda t: len(t.encode()) < 256)


@given(st.dictionaries(NAMES, VALUES, max_size=6), st.binary(max_size=300))
def test_a_frame_survives_the_wire(headers: dict[str, Value], payload: bytes) -> None:
    assert decode(encode(Frame(headers, payload))) == Frame(headers, payload)


def test_a_known_frame_of_the_published_format() -> None:
    """An empty frame, from the format's description: 16 bytes, two checksums."""
    empty = bytes.fromhex("000000100000000005c248eb7d98c8ff")
    assert encode(Frame({})) == empty
    assert decode(empty) == Frame({})


def test_every_type_of_header_is_read() -> None:
    content = b"".join(
        b"\x01" + name + bytes([kind]) + value
        for name, kind, value in (
            (b"a", 2, b"\xff"),
            (b"b", 3, b"\x01\x00"),
            (b"c", 5, bytes(7) + b"\x05"),
            (b"d", 8, bytes(7) + b"\x09"),
            (b"e", 9, bytes(range(16))),
        )
    )
    read = decode(framed(content)).headers
    assert read == {"a": -1, "b": 256, "c": 5, "d": 9, "e": bytes(range(16))}


def framed(headers: bytes, payload: bytes = b"") -> bytes:
    """A frame with right checksums around whatever headers."""
    total = 16 + len(headers) + len(payload)
    prelude = total.to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    body = prelude + zlib.crc32(prelude).to_bytes(4, "big") + headers + payload
    return body + zlib.crc32(body).to_bytes(4, "big")


@pytest.mark.parametrize(
    "headers",
    [
        b"\x01",
        b"\x05ab",
        b"\x01a\x0a",
        b"\x01a\x07\x00\x09x",
        b"\x00\x00",
        b"\x01\xff\x00",
        b"\x01a\x04\x00",
    ],
    ids=["name", "cut name", "type", "cut text", "no name", "no UTF-8", "cut number"],
)
def test_damaged_headers_are_refused_though_the_checksums_are_right(headers: bytes) -> None:
    with pytest.raises(FrameError):
        decode(framed(headers))


def test_each_single_damaged_byte_is_noticed() -> None:
    good = encode(Frame({"operation": "x", "n": 1}, b"payload"))
    for at in range(len(good)):
        with pytest.raises(FrameError):
            decode(good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1 :])


def test_each_cut_is_noticed() -> None:
    good = encode(Frame({"operation": "x"}, b"payload"))
    for at in range(len(good)):
        with pytest.raises(FrameError):
            decode(good[:at])


def test_random_bytes_are_refused_and_nothing_else_is_raised() -> None:
    """5,000 pieces of noise, half of them with right checksums; seed 7."""
    source = random.Random(7)
    accepted = 0
    for n in range(5000):
        noise = source.randbytes(source.randrange(80))
        try:
            decode(framed(noise) if n % 2 else noise)
            accepted += 1
        except FrameError:
            pass
    assert accepted < 100  # headers of noise that happen to be well formed


def test_a_frame_that_is_too_long_is_not_written() -> None:
    with pytest.raises(FrameError):
        encode(Frame({}, bytes(MAX_FRAME)))
