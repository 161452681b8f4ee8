"""What Greengrass V1 accepts as the subject of a subscription (developer guide, config-lambda)."""

from __future__ import annotations

from collections.abc import Iterator

MAX_BYTES = 256
MAX_SLASHES = 7


def topic_faults(topic: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a topic filter, each with its fix. An empty one was reported before."""
    levels = topic.split("/")
    if len(topic.encode()) > MAX_BYTES:
        yield f"is longer than {MAX_BYTES} bytes", "shorten it"
    if topic.count("/") > MAX_SLASHES:
        yield f"has more than {MAX_SLASHES} slashes", "use fewer levels"
    if "#" in "/".join(levels[:-1]) or (levels[-1] != "#" and "#" in levels[-1]):
        yield "has # elsewhere than as its last level", "write it like digits/#"
    if any("+" in level and level != "+" for level in levels):
        yield "has + as part of a level", "+ stands for one whole level: digits/+/result"
    if levels.count("+") > 1:
        yield "has more than one +", "V1 takes one + in a filter; write two subscriptions"
