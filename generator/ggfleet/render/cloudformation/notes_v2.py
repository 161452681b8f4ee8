"""What CloudFormation leaves out or changes of V2, beyond what recipes and deployments do."""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Fleet, Note, Resolved
from ggfleet.render.cloudformation.components import Bodies
from ggfleet.render.cloudformation.device_role import alias_name, role_notes


def notes(fleet: Fleet, bodies: Bodies, nested: int) -> Iterator[Note]:
    """Every note of its own. `nested` is the number of templates within `v2/fleet.json`."""
    yield Note(
        "aws.bucket",
        "has a template of its own, bucket.json: components cannot be made before their archives "
        "are in the bucket. Leave it out when the bucket exists",
        hint=True,
    )
    if nested:
        yield Note(
            "components",
            f"do not fit one template: {nested} templates beside v2/fleet.json are nested in it; "
            "upload them with `aws cloudformation package`",
            hint=True,
        )
    yield from _cores(fleet)
    yield from role_notes(fleet, bodies)
    yield Note(
        "deployment",
        "resets every component that has defaults whenever it changes: a stack knows no earlier "
        "rendering (deployment-v2 has --previous)",
        hint=True,
    )
    for operation in bodies.others:
        message = f"{operation} has no resource type: make the calls of deployment-v2 for it"
        yield Note("deployment", message)


def _cores(fleet: Fleet) -> Iterator[Note]:
    yield Note(
        "cores",
        "things and certificates are not made, nor put into thing groups, which no resource type "
        "does: use `aws iot add-thing-to-thing-group`. Their nuclei have to name the role alias "
        f"{alias_name(fleet)}",
        hint=True,
    )
    unknown = sum(not isinstance(core.certificate_arn, Resolved) for core in fleet.cores)
    if unknown:
        yield Note(
            "cores",
            f"{unknown} of {len(fleet.cores)} have no greengrass_certificate_arn in the inventory: "
            "attach the policies that the stacks' outputs name to their certificates "
            "(`aws iot attach-policy`)",
            hint=True,
        )
