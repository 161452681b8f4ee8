"""Subscriptions: whom they join, and where messages go round or arrive twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ggfleet.model import CLOUD, SHADOW, Fleet, Severity
from ggfleet.spec.problems import suggestion
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.filters import FilterTree, has_wildcard, is_filter, overlap
from ggfleet.spec.rules.parts import repeated
from ggfleet.spec.rules.registry import CLASSIC, V1, Finding, rule
from ggfleet.spec.rules.rings import rings

_SHADOW = "$aws/things/+/shadow"
SHADOW_HEARS = (f"{_SHADOW}/update", f"{_SHADOW}/get", f"{_SHADOW}/delete")
SHADOW_TELLS = (
    *(f"{_SHADOW}/update/{word}" for word in ("accepted", "rejected", "delta", "documents")),
    *(
        f"{_SHADOW}/{verb}/{word}"
        for verb in ("get", "delete")
        for word in ("accepted", "rejected")
    ),
)
"""Topics of a thing's classic shadow; the local service has no named ones."""

_REQUEST = "{from: cloud, topic: digits/request, to: classify}"
_OTHER = "functions:\n  scale: {source: code, handler: function.handler, memory: 64 MiB}\n"


@rule(
    "subscription-end",
    Severity.ERROR,
    reason="A message goes from a function, client device, connector, the cloud or the core's "
    "shadow service to another of them; no other name stands for anything.",
    source=f"{pages.API_V1} (Subscription)",
    fix="Name one of them, as the spec names it.",
    example="subscriptions:\n  - {from: cloud, topic: digits/request, to: clasify}\n",
    firm=True,
)
def subscription_ends_are_known(fleet: Fleet) -> Iterator[Finding]:
    """The ends of a subscription are parts of the fleet, cloud or shadow."""
    ends = dict.fromkeys(fleet.ends())
    for index, subscription in enumerate(fleet.subscriptions):
        for key, end in (("from", subscription.source), ("to", subscription.target)):
            if end and end not in ends:
                at = f"subscriptions[{index}].{key}"
                message = f"{end} is neither cloud nor shadow nor a part of the fleet"
                yield at, message, suggestion(end, ends)


@rule(
    "subscription-cloud",
    Severity.ERROR,
    reason="A subscription moves messages over the core; between two topics of AWS IoT Core a rule "
    "of AWS IoT does that.",
    source=pages.TOPICS,
    fix="Let one end be a function.",
    example="subscriptions:\n  - {from: cloud, topic: digits/request, to: cloud}\n",
    firm=True,
)
def one_end_is_on_the_core(fleet: Fleet) -> Iterator[Finding]:
    """A subscription does not go from the cloud to the cloud."""
    for index, subscription in enumerate(fleet.subscriptions):
        if subscription.source == subscription.target == CLOUD:
            at = f"subscriptions[{index}]"
            yield at, "goes from the cloud to the cloud", "let one end be a function"


@rule(
    "subscription-repeated",
    Severity.ERROR,
    reason="The id of a subscription follows from its three parts, so the same one twice has one "
    "id twice.",
    source=f"{pages.API_V1} (Id)",
    fix="Remove one of them.",
    example=f"subscriptions:\n  - {_REQUEST}\n  - {_REQUEST}\n",
    firm=True,
)
def subscriptions_differ(fleet: Fleet) -> Iterator[Finding]:
    """The same subscription twice would have one id twice."""
    for index, first in repeated((each, n) for n, each in enumerate(fleet.subscriptions)):
        yield f"subscriptions[{index}]", f"repeats subscriptions[{first}]", "remove one of them"


@rule(
    "subscription-overlap",
    Severity.WARNING,
    V1,
    reason="Each subscription that fits a message is followed by itself: where two with the same "
    "ends fit one topic, the message arrives twice.",
    source=f"{pages.TOPICS}; told from the subscription table, not tried on a V1 core",
    fix="Keep the wider of the two, or narrow it until no topic fits both.",
    example="subscriptions:\n  - {from: cloud, topic: 'digits/#', to: classify}\n"
    f"  - {_REQUEST}\n",
)
def messages_arrive_once(fleet: Fleet) -> Iterator[Finding]:
    """Two subscriptions with the same ends do not fit one topic."""
    topics = [each.topic for each in fleet.subscriptions]
    pairs: defaultdict[tuple[str, str], FilterTree] = defaultdict(FilterTree)
    for index, each in enumerate(fleet.subscriptions):
        others = pairs[each.source, each.target]
        if is_filter(each.topic):
            before = [n for n in others.overlapping(each.topic) if topics[n] != each.topic]
            others.add(each.topic, index)
            if before:
                yield (
                    f"subscriptions[{index}].topic",
                    f"fits topics of subscriptions[{before[0]}] ({topics[before[0]]}) too, so that "
                    "their messages arrive twice",
                    "keep the wider of the two, or narrow it",
                )


@rule(
    "subscription-loop",
    Severity.WARNING,
    reason="Where subscriptions lead from a function back to itself and one topic fits all of "
    "them, a function that answers on the topic it was asked on asks itself, without end. AWS IoT "
    "Core gives a message back to the core that published it.",
    source=pages.TOPICS,
    fix="Answer on another topic: digits/request and digits/result.",
    example=_OTHER
    + "subscriptions:\n  - {from: classify, topic: 'digits/#', to: scale}\n"
    + "  - {from: scale, topic: digits/scaled, to: classify}\n",
)
def messages_do_not_go_round(fleet: Fleet) -> Iterator[Finding]:
    """No chain of subscriptions leads a message back to its sender."""
    for ring in rings(fleet.subscriptions):
        links = [fleet.subscriptions[index] for index in ring]
        ends = " -> ".join([links[0].source, *(link.target for link in links)])
        yield (
            f"subscriptions[{ring[0]}]",
            f"leads messages round: {ends}, on {', '.join(link.topic for link in links)}",
            "answer on another topic than the one that asked",
        )


@rule(
    "subscription-local-wildcard",
    Severity.NOTE,
    CLASSIC,
    reason="Wildcards in local topics need nucleus 2.6.0 and, for Lambda components, Lambda "
    "manager 2.2.5.",
    source=pages.IMPORT_LAMBDAS,
    fix="Pin nucleus 2.6.0 or later in the deployment.",
    example=_OTHER + "subscriptions:\n  - {from: classify, topic: 'digits/+', to: scale}\n",
)
def local_wildcards_need_a_late_nucleus(fleet: Fleet) -> Iterator[Finding]:
    """Wildcards between functions need nucleus 2.6.0."""
    for index, each in enumerate(fleet.subscriptions):
        if has_wildcard(each.topic) and {each.source, each.target} <= fleet.functions.keys():
            yield (
                f"subscriptions[{index}].topic",
                "has a wildcard between functions, which needs nucleus 2.6.0",
                "deploy nucleus 2.6.0 or later",
            )


@rule(
    "subscription-shadow",
    Severity.WARNING,
    V1,
    reason="The core's shadow service is asked on $aws/things/THING/shadow/update, get and delete, "
    "and answers below them; it neither hears nor sends anything else.",
    source=f"{pages.SHADOWS}; {pages.API_V1} (Subscription)",
    fix="Write the shadow's own topic: $aws/things/THING/shadow/update to it, "
    ".../update/accepted from it.",
    example="subscriptions:\n  - {from: classify, topic: digits/state, to: shadow}\n",
)
def shadows_are_spoken_to(fleet: Fleet) -> Iterator[Finding]:
    """Subscriptions with the shadow service are on topics of shadows."""
    for index, each in enumerate(fleet.subscriptions):
        for end, topics in ((each.source, SHADOW_TELLS), (each.target, SHADOW_HEARS)):
            fits = end != SHADOW or not is_filter(each.topic)
            if not fits and not any(overlap(each.topic, topic) for topic in topics):
                does = "answers" if topics is SHADOW_TELLS else "is asked"
                yield (
                    f"subscriptions[{index}].topic",
                    f"{each.topic} is no topic on which the shadow service {does}",
                    f"write one like {topics[0].replace('+', 'THING')}",
                )
