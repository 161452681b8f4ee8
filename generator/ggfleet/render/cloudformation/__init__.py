"""CloudFormation: templates that make what the API's calls would make, in stacks of their own.

A template is made of parts (`template`), which know nothing of Greengrass. Each generation turns
the calls of its other targets into resources, so that nothing is rendered in two ways: `group`
those of `group-v1`, `components` those of `recipes-v2` and `deployment-v2`. `functions`, `access`,
`connectors`, `device_role` and `device_policies` add what the calls leave to the account's owner.
`stacks_v1` and `stacks_v2` lay parts out in templates and keep CloudFormation's limits.
docs/cloudformation.md tells how the stacks are used.
"""

from ggfleet.render.cloudformation.generations import (
    Generation,
    generations_of,
    render_cloudformation,
)

__all__ = ["Generation", "generations_of", "render_cloudformation"]
