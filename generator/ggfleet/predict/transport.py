"""How long a link takes for some bytes: rate, loss, round trips and the start of TCP."""

from __future__ import annotations

import math

from ggfleet.compare.matrix.cells import Link

SEGMENT = 1448
"""Bytes of data in a packet of 1500 bytes, with TCP's timestamps."""
FIRST_WINDOW = 10 * SEGMENT
"""What is sent before the first acknowledgement (RFC 6928)."""
LARGEST_WINDOW = 6_291_456
"""Bytes that Linux lets be under way at most (`net.ipv4.tcp_rmem`)."""
MATHIS = math.sqrt(3 / 2)
"""Mathis, Semke, Mahdavi and Ott 1997: rate <= SEGMENT / round trip * MATHIS / sqrt(loss)."""


def throughput(link: Link, streams: float = 1.0) -> float:
    """Bytes a second over `streams` connections at once; infinite where nothing bounds it."""
    round_trip = link.round_trip_ms / 1000
    bounds = [link.mbit_s * 1e6 / 8] if link.mbit_s else []
    if round_trip:
        bounds.append(streams * LARGEST_WINDOW / round_trip)
        if link.loss:
            bounds.append(streams * SEGMENT / round_trip * MATHIS / math.sqrt(link.loss))
    return min(bounds, default=math.inf)


def link_seconds(size: float, link: Link, streams: float = 1.0) -> float:
    """Seconds that `size` bytes take: at the link's throughput, and slower while TCP starts.

    The window, taken to grow steadily, doubles with each round trip until the link is full; a fluid
    form of it, so that a faster link is never slower.
    """
    rate, round_trip = throughput(link, streams), link.round_trip_ms / 1000
    if math.isinf(rate):
        return 0.0
    first, full = FIRST_WINDOW * streams, rate * round_trip
    growing = min(size, max(full - first, 0.0) / math.log(2))
    started = round_trip * math.log2(1 + growing * math.log(2) / first)
    return started + (size - growing) / rate
