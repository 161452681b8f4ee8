"""CloudFormation: templates that make what the API's calls would make, in stacks of their own.

A template is made of parts (`template`), which know nothing of Greengrass. The V1 half turns the
calls of `group-v1` into resources (`group`), so a definition cannot differ between the two targets;
`functions` and `access` add what the calls leave to the account's owner. `stacks` lays parts out in
templates and keeps CloudFormation's limits. docs/cloudformation.md tells how the stacks are used.
"""

from ggfleet.render.cloudformation.stacks import render_cloudformation

__all__ = ["render_cloudformation"]
