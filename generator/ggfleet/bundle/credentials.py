"""Names and passwords for package indexes: from the environment as uv has them, or ~/.netrc.

They go to the scheme, host and port that they were given for and to no other, not even after a
redirect; they are in no lock, no log and no archive.
"""

from __future__ import annotations

import base64
import netrc
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from ggfleet.errors import BundleError
from ggfleet.model import Index

PORTS = {"https": 443, "http": 80}
ADDRESSES = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL")
"""uv's variables for addresses of indexes, which may hold credentials."""
SECRET = re.compile(r"UV_INDEX_.+_(USERNAME|PASSWORD)")


class Credentials:
    """What to tell which server."""

    def __init__(self, indexes: Iterable[Index], environ: Mapping[str, str] = os.environ) -> None:
        self._known = dict([*_of_addresses(environ), *_of_names(indexes, environ)])
        self._netrc = _netrc(environ)

    def header(self, url: str) -> str:
        """The value of `Authorization` for a URL; empty where nothing is known."""
        parts = urlsplit(url)
        pair = self._known.get(_origin(parts)) or self._of_netrc(parts.hostname or "")
        if pair is None:
            return ""
        return f"Basic {base64.b64encode(':'.join(pair).encode()).decode()}"

    def _of_netrc(self, host: str) -> tuple[str, str] | None:
        # not `authenticators`: an entry for all hosts is no leave to tell it to all
        found = self._netrc.hosts.get(host) if self._netrc else None
        return (found[0], found[2] or "") if found else None


def _origin(parts: SplitResult) -> tuple[str, str, int]:
    return parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)


_Pairs = Iterator[tuple[tuple[str, str, int], tuple[str, str]]]


def _of_addresses(environ: Mapping[str, str]) -> _Pairs:
    for name in ADDRESSES:
        for word in environ.get(name, "").split():
            parts = urlsplit(word.partition("=")[2] if re.match(r"[\w-]+=", word) else word)
            if parts.username:
                yield _origin(parts), (unquote(parts.username), unquote(parts.password or ""))


def _of_names(indexes: Iterable[Index], environ: Mapping[str, str]) -> _Pairs:
    for index in indexes:
        user = environ.get(index.variable("USERNAME"))
        if user is not None:
            password = environ.get(index.variable("PASSWORD"), "")
            yield _origin(urlsplit(index.url)), (user, password)


def _netrc(environ: Mapping[str, str]) -> netrc.netrc | None:
    path = Path(environ.get("NETRC") or Path.home() / ".netrc")
    try:
        return netrc.netrc(path)
    except FileNotFoundError:
        return None
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        raise BundleError(f"{path} cannot be read: {error}", fix="correct or remove it") from error
