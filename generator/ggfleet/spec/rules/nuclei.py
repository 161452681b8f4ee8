"""Which platforms run V2, and on which nucleus."""

from __future__ import annotations

from ggfleet.model import Fleet, Nucleus, Platform

LITE_SPEC = "components: {prefix: com.example}\ndeployment: {nuclei: {pi: lite}}\n"
"""For examples: a fleet whose devices run nucleus lite."""


def on_classic(fleet: Fleet) -> list[Platform]:
    """The platforms whose cores run the classic nucleus; none where V2 is not wanted."""
    return _on(fleet, Nucleus.CLASSIC)


def on_lite(fleet: Fleet) -> list[Platform]:
    """The platforms whose cores run nucleus lite; none where V2 is not wanted."""
    return _on(fleet, Nucleus.LITE)


def _on(fleet: Fleet, nucleus: Nucleus) -> list[Platform]:
    if not fleet.components.wanted:
        return []
    settings = fleet.deployment
    return [each for each in fleet.used_platforms() if settings.nucleus_of(each.name) is nucleus]
