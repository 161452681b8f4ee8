"""CoreDefinitionVersion: the one core of a group."""

from __future__ import annotations

from ggfleet.model import Core, Fleet, Json
from ggfleet.render.group_v1.names import arn, element_id
from ggfleet.render.known import Known


def core_version(fleet: Fleet, core: Core, known: Known) -> dict[str, Json]:
    """A group has exactly one core."""
    return {
        "Cores": [
            {
                # A thing's name has the charset and length of an id.
                "Id": element_id(core.thing, f"the thing name of the core {core.name}"),
                "ThingArn": arn(fleet, "iot", f"thing/{core.thing}"),
                "CertificateArn": known.certificates[core.name],
                "SyncShadow": core.sync_shadow,
            }
        ]
    }
