"""What one template does not hold, spread over several by name.

By name alone, so that what is in one stays there when others come and go: CloudFormation makes anew
whatever moves to another stack.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from ggfleet.model import Core
from ggfleet.render.cloudformation.template import Template

SHARES = 64
"""Templates that cores are spread over when one does not hold them; doubled while one is too full.
So many from the start, so that a core stays in its stack: doubling moves half of the cores.
"""

Named = TypeVar("Named")


def spread(
    items: Iterable[Named], name: Callable[[Named], str], shares: int
) -> dict[int, list[Named]]:
    """The items of every share that has some, by its number."""
    found: dict[int, list[Named]] = {}
    for item in items:
        digest = hashlib.sha256(name(item).encode()).digest()
        found.setdefault(int.from_bytes(digest) % shares, []).append(item)
    return dict(sorted(found.items()))


def cores_apart(
    cores: Sequence[Core], template: Callable[[str, Sequence[Core]], Template]
) -> dict[str, Template]:
    """Templates by file name, in as many shares as it takes for each to fit.

    `template` makes one of a description of the share and its cores.
    """
    shares = SHARES
    while (templates := _that_fit(cores, template, shares)) is None:
        shares *= 2
    return templates


def _that_fit(
    cores: Sequence[Core], template: Callable[[str, Sequence[Core]], Template], shares: int
) -> dict[str, Template] | None:
    """The templates of so many shares; None, and no more of them made, once one is too full."""
    found: dict[str, Template] = {}
    apart = spread(cores, lambda core: core.name, shares)
    for number, some in apart.items():
        made = template(f"share {number} of {shares}", some)
        if made.excess():
            assert len(apart) < len(cores), "a template with one core fits"
            return None
        found[f"cores-{number:03}"] = made
    return found
