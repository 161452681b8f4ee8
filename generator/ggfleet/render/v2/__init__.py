"""Greengrass V2: component recipes, and the deployments that put them on devices.

Recipes are written so that the classic nucleus and nucleus lite run the same document; docs/v2.md
tells the mapping and the traps. Where a rule stands in code without a source, its source is there.
"""

from ggfleet.render.v2.deployment import render_deployment_v2
from ggfleet.render.v2.drafted import drafted
from ggfleet.render.v2.recipes import render_recipes_v2

__all__ = ["drafted", "render_deployment_v2", "render_recipes_v2"]
