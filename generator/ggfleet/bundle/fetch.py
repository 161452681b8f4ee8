"""Wheels on this disk, by their SHA-256: each is fetched once, whatever asks for it.

A file enters the cache under its name only when its hash is right, and is checked again before use:
a disk may rot, and a build must not.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from ggfleet.bundle.credentials import Credentials
from ggfleet.bundle.resolve import Wheel
from ggfleet.errors import BundleError
from ggfleet.model import Index
from ggfleet.system.files import CHUNK, sha256
from ggfleet.system.progress import Progress
from ggfleet.system.scratch import scratch_file

ATTEMPTS = 5
FIRST_PAUSE = 0.5
"""Seconds before the second attempt; each further pause is twice as long."""
TIMEOUT = 60.0
AT_ONCE = 4
WORTH_ANOTHER_TRY = (408, 425, 429, 500, 502, 503, 504)
OF_THIS_MACHINE = (
    errno.ENOENT,
    errno.EACCES,
    errno.EISDIR,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
)
TRY_AGAIN = "try again; wheels that are here already are not fetched twice"
AGENT = "ggfleet"

Opener = Callable[[str], BinaryIO]
"""A URL to its bytes; raises what `urllib.request.urlopen` raises."""


def open_url(url: str, authorization: str = "") -> BinaryIO:
    """Open a URL with the machine's certificates and proxies (SSL_CERT_FILE, HTTPS_PROXY, ...)."""
    request = urllib.request.Request(url, headers={"User-Agent": AGENT})  # noqa: S310
    if authorization:
        request.add_unredirected_header("Authorization", authorization)
    stream: BinaryIO = urllib.request.urlopen(request, timeout=TIMEOUT)  # noqa: S310
    return stream


def authorised(indexes: Iterable[Index]) -> Opener:
    """Open URLs with the credentials that there are for their servers."""
    known = Credentials(indexes)
    return lambda url: open_url(url, known.header(url))


class WheelCache:
    """A folder of wheels named by their SHA-256."""

    def __init__(
        self,
        folder: Path,
        progress: Progress,
        *,
        opener: Opener = open_url,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._progress = progress
        self._opener = opener
        self._sleep = sleep
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def path(self, wheel: Wheel) -> Path:
        """Where a wheel is or would be."""
        return self._folder / f"{wheel.sha256}.whl"

    def fetch(self, wheels: Sequence[Wheel]) -> None:
        """Make all of them present and right, several at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            present = list(pool.map(self._is_right, wheels))
            # the biggest first: it decides when all are there
            missing = sorted(
                (wheel for wheel, right in zip(wheels, present, strict=True) if not right),
                key=lambda wheel: -wheel.size,
            )
            if missing:
                self._fetch_all(pool, missing)

    def _is_right(self, wheel: Wheel) -> bool:
        path = self.path(wheel)
        if not path.exists():
            return False
        if sha256(path) == wheel.sha256:
            return True
        self._tell(f"the cached {wheel.filename} is damaged; fetching it again")
        return False

    def _fetch_all(self, pool: ThreadPoolExecutor, wheels: Sequence[Wheel]) -> None:
        count = f"{len(wheels)} wheel{'s' if len(wheels) != 1 else ''}"
        self._progress.start(f"fetching {count}", sum(wheel.size for wheel in wheels))
        waiting = [pool.submit(self._fetch_one, wheel) for wheel in wheels]
        try:
            for done in waiting:
                done.result()
        except BaseException:
            self._stop.set()
            pool.shutdown(cancel_futures=True)
            raise
        finally:
            self._progress.finish()

    def _fetch_one(self, wheel: Wheel) -> None:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._download(wheel)
            except (OSError, http.client.HTTPException) as error:
                if attempt == ATTEMPTS or not _is_passing(error):
                    raise BundleError(
                        f"{wheel.filename} cannot be fetched from {wheel.url}: {error}",
                        fix="make room, then run again" if _is_full(error) else TRY_AGAIN,
                    ) from error
                self._tell(f"{wheel.filename}: {error}; trying again")
                self._sleep(FIRST_PAUSE * 2 ** (attempt - 1))
        raise AssertionError("the last attempt returns or raises")

    def _download(self, wheel: Wheel) -> None:
        digest = hashlib.sha256()
        with (
            self._opener(wheel.url) as source,
            scratch_file(self._folder, wheel.sha256[:16]) as scratch,
        ):
            while (chunk := source.read(CHUNK)) and not self._stop.is_set():
                digest.update(chunk)
                scratch.stream.write(chunk)
                self._advance(len(chunk))
            if self._stop.is_set():
                return
            _check(wheel, digest.hexdigest(), scratch.stream.tell(), source)
            scratch.settle(self.path(wheel))

    def _advance(self, count: int) -> None:
        with self._lock:
            self._progress.advance(count)

    def _tell(self, text: str) -> None:
        with self._lock:
            self._progress.say(text)


def _check(wheel: Wheel, digest: str, size: int, source: BinaryIO) -> None:
    if digest == wheel.sha256:
        return
    headers = getattr(source, "headers", None) or {}
    promised = int(headers.get("Content-Length") or size)
    if size < promised:
        # http.client reports an early end only to those who read everything at once
        raise http.client.IncompleteRead(b"", promised - size)
    raise BundleError(
        f"{wheel.filename} from {wheel.url} is not what it should be: sha256:{digest} instead of "
        f"sha256:{wheel.sha256}",
        fix="whoever serves it has changed it; do not use it before you know why",
    )


def _is_full(error: Exception) -> bool:
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def _is_passing(error: Exception) -> bool:
    """Whether trying again may help."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in WORTH_ANOTHER_TRY
    reason = getattr(error, "reason", error)
    return getattr(reason, "errno", None) not in OF_THIS_MACHINE
