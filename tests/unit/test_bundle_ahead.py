"""Reading ahead: same items, same errors, no thread left."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ggfleet.bundle.ahead import read_ahead


def counting(end: int, error: Exception | None = None) -> Iterator[int]:
    yield from range(end)
    if error is not None:
        raise error


def test_all_items_come_in_order() -> None:
    """More than fit into the queue, None among them."""
    with read_ahead([*range(100), None, *range(100)], depth=3) as items:
        assert list(items) == [*range(100), None, *range(100)]


def test_an_error_comes_where_its_item_would_have() -> None:
    """After everything before it."""
    with read_ahead(counting(5, OSError("disk")), depth=2) as items:
        assert [next(items) for _ in range(5)] == list(range(5))
        with pytest.raises(OSError, match="disk"):
            next(items)


def test_leaving_early_ends_the_thread() -> None:
    """A full queue holds nobody."""
    before = threading.active_count()
    with read_ahead(counting(10_000), depth=2) as items:
        assert next(items) == 0
    assert threading.active_count() == before
