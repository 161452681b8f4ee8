"""Topics of subscriptions, each by itself."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.filters import has_wildcard, misplaced_hash, misplaced_plus
from ggfleet.spec.rules.registry import ALL, V1, Finding, rule

MAX_BYTES = 256
MAX_SLASHES = 7
SHADOWS = "$aws/things/"


def _example(topic: str) -> str:
    return f'subscriptions:\n  - {{from: cloud, topic: "{topic}", to: classify}}\n'


def _topics(fleet: Fleet) -> Iterator[tuple[str, str]]:
    """(path, topic); an empty topic was told when the spec was read."""
    for index, subscription in enumerate(fleet.subscriptions):
        yield f"subscriptions[{index}].topic", subscription.topic


@rule(
    "topic-length",
    Severity.ERROR,
    reason="AWS IoT Core takes topics of at most 256 bytes of UTF-8.",
    source=pages.QUOTAS,
    fix="Shorten it.",
    example=_example("digits/" + "request-" * 32),
)
def topics_fit(fleet: Fleet) -> Iterator[Finding]:
    """A topic has at most 256 bytes."""
    for path, topic in _topics(fleet):
        if len(topic.encode()) > MAX_BYTES:
            yield path, f"is longer than {MAX_BYTES} bytes", "shorten it"


@rule(
    "topic-levels",
    Severity.ERROR,
    reason="AWS IoT Core takes topics with at most seven slashes.",
    source=pages.QUOTAS,
    fix="Use fewer levels.",
    example=_example("plant/hall/line/cell/camera/digits/request/1/2"),
)
def topics_are_shallow(fleet: Fleet) -> Iterator[Finding]:
    """A topic has at most seven slashes."""
    for path, topic in _topics(fleet):
        if topic.count("/") > MAX_SLASHES:
            yield path, f"has more than {MAX_SLASHES} slashes", "use fewer levels"


@rule(
    "topic-hash",
    Severity.ERROR,
    reason="# stands for the rest of a topic, so it is the last level and stands there alone.",
    source=f"{pages.TOPICS}; {pages.MQTT}",
    fix="Write it like digits/#.",
    example=_example("digits/#/request"),
)
def hashes_end_a_topic(fleet: Fleet) -> Iterator[Finding]:
    """A # is the last level of a topic filter."""
    for path, topic in _topics(fleet):
        if misplaced_hash(topic):
            yield path, "has # elsewhere than as its last level", "write it like digits/#"


@rule(
    "topic-plus",
    Severity.ERROR,
    reason="+ stands for one whole level.",
    source=f"{pages.TOPICS}; {pages.MQTT}",
    fix="Write it like digits/+/result.",
    example=_example("digits/cell+/result"),
)
def pluses_are_levels(fleet: Fleet) -> Iterator[Finding]:
    """A + is a whole level of a topic filter."""
    for path, topic in _topics(fleet):
        if misplaced_plus(topic):
            yield path, "has + as part of a level", "+ stands for one whole level: digits/+/result"


@rule(
    "topic-plus-count",
    Severity.ERROR,
    V1,
    reason="V1 takes one + in a filter, where MQTT takes any number.",
    source=pages.TOPICS,
    fix="Write one subscription for each value of the first +, or end the filter with #.",
    example=_example("+/digits/+/result"),
)
def one_plus_in_a_topic(fleet: Fleet) -> Iterator[Finding]:
    """V1 takes one + in a topic filter."""
    for path, topic in _topics(fleet):
        if topic.split("/").count("+") > 1:
            yield path, "has more than one +", "V1 takes one + in a filter; write two subscriptions"


@rule(
    "topic-shadow",
    Severity.WARNING,
    ALL,
    reason="The answers of the shadow service come on accepted, rejected, delta and documents; a "
    "wildcard over them makes a function answer its own updates and costs messages. AWS advises "
    "against joining them.",
    source=pages.SHADOWS,
    fix="Write one subscription for each topic that the function needs.",
    example=_example("$aws/things/pi-01/shadow/#"),
)
def shadow_topics_are_named(fleet: Fleet) -> Iterator[Finding]:
    """Topics of shadows are named one by one."""
    for path, topic in _topics(fleet):
        if topic.startswith(SHADOWS) and "/shadow" in topic and has_wildcard(topic):
            message = "joins topics of a shadow with a wildcard"
            yield path, message, "name each: .../shadow/update/accepted, .../shadow/update/delta"
