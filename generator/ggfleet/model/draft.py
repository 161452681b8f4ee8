"""The V2 documents of a fleet before anything is written, for rules to judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from ggfleet.model.archive import Archive
from ggfleet.model.document import Json
from ggfleet.model.fleet import Fleet


@dataclass(frozen=True)
class DraftRecipe:
    """A component's recipe. `part` is the path in the spec of what the component is made of.

    A `local` one is for local deployments of nucleus lite, where components unpack every archive.
    """

    part: str
    content: Mapping[str, Json]
    local: bool = False

    @property
    def name(self) -> str:
        """The component's name."""
        return str(self.content["ComponentName"])

    def manifests(self) -> Iterator[Mapping[str, Json]]:
        """Its manifests, one for each architecture at most."""
        found = self.content["Manifests"]
        assert isinstance(found, list)
        yield from found


@dataclass(frozen=True)
class Draft:
    """Recipes, and deployment documents by platform.

    `archives` are those that are built already, by their URI: of others nothing but the form of
    their names is known, and the recipes carry stand-ins of the same length.
    """

    recipes: tuple[DraftRecipe, ...] = ()
    deployments: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    archives: Mapping[str, Archive] = field(default_factory=dict)


Drafter = Callable[[Fleet], Draft]
"""Makes the draft of a fleet; an empty one where V2 is not wanted, or takes no such fleet."""
