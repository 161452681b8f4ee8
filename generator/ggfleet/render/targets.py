"""Every target of `ggfleet render --target`: one entry, one renderer."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from ggfleet.errors import GgfleetError
from ggfleet.model import Fleet, Json, Manifest, Rendering
from ggfleet.render.cloudformation import Generation, render_cloudformation
from ggfleet.render.group_v1.group import render_group_v1
from ggfleet.render.v2 import render_deployment_v2, render_recipes_v2

Renderer = Callable[[Fleet, Manifest], Rendering]
"""Does no I/O and gives the same documents for the same arguments. Raises `GgfleetError`."""

TARGETS: Mapping[str, Renderer] = MappingProxyType(
    {
        "group-v1": render_group_v1,
        "cloudformation": render_cloudformation,
        "recipes-v2": render_recipes_v2,
        "deployment-v2": render_deployment_v2,
    }
)


def render(
    fleet: Fleet,
    manifest: Manifest,
    target: str,
    previous: Mapping[str, Json] | None = None,
    generations: Collection[Generation] = (),
) -> Rendering:
    """The documents and notes of one target.

    `previous` are documents by path, of an earlier rendering for `deployment-v2`; `generations` are
    those of the stacks of `cloudformation`, the spec's own when empty.

    Raises `PendingError` naming every value that nothing has produced yet, and `GgfleetError` for a
    value that the target does not take, and for a fleet without a core.
    """
    rendering = _rendered(fleet.in_layers, manifest, target, previous, generations)
    # What holds for each layer of a library is told once.
    return replace(rendering, notes=tuple(dict.fromkeys(rendering.notes)))


def _rendered(
    fleet: Fleet,
    manifest: Manifest,
    target: str,
    previous: Mapping[str, Json] | None,
    generations: Collection[Generation],
) -> Rendering:
    if target not in TARGETS:
        raise GgfleetError(f"no target {target}", fix=f"name one of {', '.join(TARGETS)}")
    if not fleet.cores:
        fix = "add a host to one of the groups of `cores:` in the inventory"
        raise GgfleetError("the spec has no core, so that there is nothing to render", fix=fix)
    if generations:
        if target != "cloudformation":
            raise GgfleetError(
                f"{target} is of one generation of Greengrass",
                fix="leave out --generation, or write --target cloudformation",
            )
        return render_cloudformation(fleet, manifest, generations)
    if previous is not None:
        if target != "deployment-v2":
            raise GgfleetError(
                f"{target} is not compared with an earlier rendering",
                fix="leave out --previous, or write --target deployment-v2",
            )
        return render_deployment_v2(fleet, manifest, previous)
    return TARGETS[target](fleet, manifest)
