"""Chains of subscriptions that lead back to where they began."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ggfleet.model import Subscription
from ggfleet.spec.rules.filters import FilterTree, is_filter

Links = dict[int, list[int]]
"""A subscription's index -> those that can carry on a message which it delivered."""


def rings(subscriptions: Sequence[Subscription]) -> Iterator[list[int]]:
    """Rings of subscriptions, as indices; each begins with its first in the file.

    One subscription follows another when it begins where the other ends and one topic fits both. No
    two rings share a subscription: it is enough to break each once.
    """
    links = _prune(_links(subscriptions))
    while links:
        ring = _walk(links)
        first = ring.index(min(ring))
        yield ring[first:] + ring[:first]
        links = _prune({node: after for node, after in links.items() if node not in ring})


def _links(subscriptions: Sequence[Subscription]) -> Links:
    starting: defaultdict[str, FilterTree] = defaultdict(FilterTree)
    sound = [(i, each) for i, each in enumerate(subscriptions) if is_filter(each.topic)]
    for index, each in sound:
        starting[each.source].add(each.topic, index)
    return {index: starting[each.target].overlapping(each.topic) for index, each in sound}


def _prune(links: Links) -> Links:
    """Only what can be part of a ring: every node has a follower among the rest."""
    while True:
        kept = {node: [n for n in after if n in links] for node, after in links.items()}
        kept = {node: after for node, after in kept.items() if after}
        if len(kept) == len(links):
            return kept
        links = kept


def _walk(links: Links) -> list[int]:
    """Follow the first follower until a node comes again."""
    path: list[int] = []
    at: dict[int, int] = {}
    node = min(links)
    while node not in at:
        at[node] = len(path)
        path.append(node)
        node = links[node][0]
    return path[at[node] :]
