"""Read while somebody else compresses: two processors, both busy."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

DEPTH = 16
"""Items that wait at most; with pieces of a megabyte that bounds the memory."""


class _End:
    """The source is exhausted, or failed with `error`."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error


@contextlib.contextmanager
def read_ahead(source: Iterable[Item], depth: int = DEPTH) -> Iterator[Iterator[Item]]:
    """Iterate over `source` in a thread of its own, which ends with the block.

    What the source raises is raised where its item would have come. Only that thread touches the
    source.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(depth)
    stop = threading.Event()
    thread = threading.Thread(target=_fill, args=(source, waiting, stop), daemon=True)
    thread.start()
    try:
        yield _drain(waiting)
    finally:
        stop.set()
        with contextlib.suppress(queue.Empty):
            while True:  # a full queue would hold the thread
                waiting.get_nowait()
        thread.join()


def _fill(source: Iterable[Item], waiting: queue.Queue[Item | _End], stop: threading.Event) -> None:
    try:
        for item in source:
            waiting.put(item)
            if stop.is_set():
                return
        waiting.put(_End())
    except BaseException as error:  # noqa: BLE001 - it is raised again by the one who asked
        waiting.put(_End(error))


def _drain(waiting: queue.Queue[Item | _End]) -> Iterator[Item]:
    while not isinstance(item := waiting.get(), _End):
        yield item
    if item.error is not None:
        raise item.error
