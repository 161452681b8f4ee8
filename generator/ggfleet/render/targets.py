"""Every target of `ggfleet render --target`: one entry, one renderer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Manifest, Rendering
from ggfleet.render.cloudformation import render_cloudformation
from ggfleet.render.group_v1 import render_group_v1

Renderer = Callable[[Fleet, Manifest], Rendering]
"""Does no I/O and gives the same documents for the same arguments. Raises `GgfleetError`."""

TARGETS: Mapping[str, Renderer] = MappingProxyType(
    {"group-v1": render_group_v1, "cloudformation": render_cloudformation}
)


def render(fleet: Fleet, manifest: Manifest, target: str) -> Rendering:
    """The documents and notes of one target.

    Raises `PendingError` naming every value that nothing has produced yet, and `GgfleetError` for a
    value that the target does not take.
    """
    if target not in TARGETS:
        raise GgfleetError(f"no target {target}", fix=f"name one of {', '.join(TARGETS)}")
    return TARGETS[target](fleet, manifest)
