"""Which generation of Greengrass the stacks are for, and all their templates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from enum import StrEnum
from types import MappingProxyType

from ggfleet.model import Fleet, Manifest, Rendering
from ggfleet.render.cloudformation.bucket import bucket_template
from ggfleet.render.cloudformation.rules import where_the_spec_says
from ggfleet.render.cloudformation.stacks_v1 import render_stacks_v1
from ggfleet.render.cloudformation.stacks_v2 import render_stacks_v2


class Generation(StrEnum):
    """Greengrass V1 has groups, V2 components."""

    V1 = "v1"
    V2 = "v2"


_RENDERERS: Mapping[Generation, Callable[[Fleet, Manifest], Rendering]] = MappingProxyType(
    {Generation.V1: render_stacks_v1, Generation.V2: render_stacks_v2}
)


def generations_of(fleet: Fleet) -> tuple[Generation, ...]:
    """What a spec is for: V2 when it has a section `components`, otherwise V1."""
    return (Generation.V2 if fleet.components.wanted else Generation.V1,)


def render_cloudformation(
    fleet: Fleet, manifest: Manifest, generations: Collection[Generation] = ()
) -> Rendering:
    """`bucket.json`, and templates below `group-v1/` or `v2/`, or both.

    Without `generations` the spec decides. Raises `PendingError` naming everything that is missing,
    and `GgfleetError` for what a generation or CloudFormation does not take.
    """
    chosen = [each for each in Generation if each in (generations or generations_of(fleet))]
    made = {each: _RENDERERS[each](fleet, manifest) for each in chosen}
    bucket = bucket_template(fleet, where_the_spec_says(fleet))
    documents = [bucket.document("bucket.json")]
    documents += [document for each in made.values() for document in each.documents]
    told = [
        note if len(made) == 1 else replace(note, what=f"{generation.upper()}: {note.what}")
        for generation, each in made.items()
        for note in each.notes
    ]
    return Rendering(tuple(documents), tuple(told))
