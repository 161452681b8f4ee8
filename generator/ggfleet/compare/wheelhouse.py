"""A folder of wheels over HTTP, as an index that `pip --find-links` reads."""

from __future__ import annotations

import functools
import http.server
from collections.abc import Iterable
from pathlib import Path

from ggfleet.compare.served import Served


class Wheelhouse(Served):
    """Serves wheels under their file names while the `with` block lasts.

    `wheels` are (file name, path) pairs; they are linked into `folder`, not copied.
    """

    def __init__(self, wheels: Iterable[tuple[str, Path]], folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, path in wheels:
            link = folder / name
            if not link.is_symlink():
                link.symlink_to(path.resolve())
        handler = functools.partial(_Quiet, directory=str(folder))
        super().__init__(http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    # pip opens a connection for each wheel unless it may keep one, as an index on the net lets it.
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: what is fetched is counted elsewhere."""
