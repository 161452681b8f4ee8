"""The wheel cache: right files only, whatever the network does."""

from __future__ import annotations

import errno
import io
import urllib.error
from collections.abc import Callable
from dataclasses import replace
from email.message import Message
from pathlib import Path
from typing import BinaryIO

import pytest

from ggfleet.bundle.fetch import ATTEMPTS, WheelCache, open_url
from ggfleet.bundle.resolve import Wheel
from ggfleet.errors import BundleError
from unit.wheelmaker import Listener, make_wheel


class Answer(io.BytesIO):
    """An HTTP answer that promises a length."""

    def __init__(self, data: bytes, promised: int) -> None:
        super().__init__(data)
        self.headers = {"Content-Length": str(promised)}


class Server:
    """Answers from a list, the last one for ever."""

    def __init__(self, *answers: Callable[[], BinaryIO]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, _url: str) -> BinaryIO:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]()


def failing(error: Exception) -> Callable[[], BinaryIO]:
    def answer() -> BinaryIO:
        raise error

    return answer


def http(code: int) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("https://example.org/w", code, "no", Message(), io.BytesIO())


@pytest.fixture
def wheel(tmp_path: Path) -> Wheel:
    return make_wheel(tmp_path / "index")


@pytest.fixture
def data(tmp_path: Path, wheel: Wheel) -> bytes:
    return (tmp_path / "index" / wheel.filename).read_bytes()


def cache_of(tmp_path: Path, server: Callable[[str], BinaryIO], pauses: list[float]) -> WheelCache:
    return WheelCache(tmp_path / "cache", Listener(), opener=server, sleep=pauses.append)


def test_a_wheel_is_fetched_once(tmp_path: Path, wheel: Wheel, data: bytes) -> None:
    """The second build asks nobody."""
    server = Server(lambda: Answer(data, len(data)))
    cache = cache_of(tmp_path, server, [])
    cache.fetch([wheel])
    cache.fetch([wheel])
    assert server.asked == 1
    assert cache.path(wheel).read_bytes() == data


def test_file_urls_work(tmp_path: Path, wheel: Wheel, data: bytes) -> None:
    """A wheel folder is an index like any other."""
    cache = cache_of(tmp_path, open_url, [])
    cache.fetch([wheel])
    assert cache.path(wheel).read_bytes() == data


def test_a_damaged_cached_wheel_is_fetched_again(tmp_path: Path, wheel: Wheel, data: bytes) -> None:
    """A disk may rot; the user is told."""
    listener = Listener()
    cache = WheelCache(tmp_path / "cache", listener, opener=lambda _: Answer(data, len(data)))
    cache.fetch([wheel])
    cache.path(wheel).write_bytes(data[:-1] + b"!")
    cache.fetch([wheel])
    assert cache.path(wheel).read_bytes() == data
    assert listener.said == [f"the cached {wheel.filename} is damaged; fetching it again"]


def test_wrong_bytes_never_enter_the_cache(tmp_path: Path, wheel: Wheel, data: bytes) -> None:
    """Complete but different is no accident: no second try, and nothing is left behind."""
    server = Server(lambda: Answer(b"x" * len(data), len(data)))
    cache = cache_of(tmp_path, server, [])
    with pytest.raises(BundleError, match="is not what it should be"):
        cache.fetch([wheel])
    assert server.asked == 1
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_early_end_is_tried_again(tmp_path: Path, wheel: Wheel, data: bytes) -> None:
    """A cut connection looks like the end of the file."""
    server = Server(lambda: Answer(data[:50], len(data)), lambda: Answer(data, len(data)))
    pauses: list[float] = []
    cache_of(tmp_path, server, pauses).fetch([wheel])
    assert (server.asked, pauses) == (2, [0.5])


def test_network_errors_are_tried_again_with_growing_pauses(tmp_path: Path, wheel: Wheel) -> None:
    """And then the wheel and its address are named."""
    server = Server(failing(urllib.error.URLError(TimeoutError("slow"))))
    pauses: list[float] = []
    with pytest.raises(BundleError, match=f"{wheel.filename} cannot be fetched"):
        cache_of(tmp_path, server, pauses).fetch([wheel])
    assert server.asked == ATTEMPTS
    assert pauses == [0.5, 1.0, 2.0, 4.0]


@pytest.mark.parametrize(("code", "asked"), [(503, ATTEMPTS), (429, ATTEMPTS), (404, 1), (403, 1)])
def test_only_passing_http_errors_are_tried_again(
    tmp_path: Path, wheel: Wheel, code: int, asked: int
) -> None:
    """A missing file stays missing."""
    server = Server(failing(http(code)))
    with pytest.raises(BundleError, match=str(code)):
        cache_of(tmp_path, server, []).fetch([wheel])
    assert server.asked == asked


def test_a_full_disk_is_not_tried_again(tmp_path: Path, wheel: Wheel) -> None:
    """Waiting makes no room."""
    server = Server(failing(OSError(errno.ENOSPC, "No space left on device")))
    with pytest.raises(BundleError, match="No space left") as caught:
        cache_of(tmp_path, server, []).fetch([wheel])
    assert "make room" in caught.value.fix
    assert server.asked == 1


def test_a_missing_local_wheel_is_named_at_once(tmp_path: Path, wheel: Wheel) -> None:
    """A wheel folder that moved."""
    pauses: list[float] = []
    gone = replace(wheel, url=(tmp_path / "gone.whl").as_uri())
    with pytest.raises(BundleError, match=r"gone\.whl"):
        cache_of(tmp_path, open_url, pauses).fetch([gone])
    assert pauses == []


def test_one_failure_ends_the_task(tmp_path: Path, wheel: Wheel) -> None:
    """The counted task is closed even then."""
    listener = Listener()
    cache = WheelCache(tmp_path / "cache", listener, opener=Server(failing(http(404))))
    with pytest.raises(BundleError):
        cache.fetch([wheel])
    assert listener.open == 0
