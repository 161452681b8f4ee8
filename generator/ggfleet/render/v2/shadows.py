"""The local shadow service: `aws.greengrass.ShadowManager`, and who may do what to which shadow.

The shadow manager answers on the local shadow topics as V1's did, so that functions and client
devices reach it by their subscriptions (V2 developer guide, interact with shadows).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ggfleet.model import SHADOW, ClientDevice, Core, Fleet, Json
from ggfleet.render.v2.aws import SHADOWS, Addition

TOPIC = re.compile(
    r"\$aws/things/(?P<thing>[^/]+)/shadow(/name/(?P<name>[^/]+))?/(?P<rest>[^/]+.*)"
)
OPERATIONS = {
    "get": "GetThingShadow",
    "update": "UpdateThingShadow",
    "delete": "DeleteThingShadow",
}
WILDCARDS = ("+", "#")
ANY = "*"


def shadow_policies(topics: Iterable[str], component: str) -> dict[str, Json]:
    """A policy for each operation that a function asks for on these topics."""
    allowed: dict[str, set[str]] = {}
    for topic in topics:
        for verb, resources in _asked(topic):
            allowed.setdefault(verb, set()).update(resources)
    return {
        f"{component}:shadow:{verb}": {
            "operations": [f"aws.greengrass#{OPERATIONS[verb]}"],
            "resources": sorted(allowed[verb]),
        }
        for verb in OPERATIONS
        if verb in allowed
    }


def _asked(topic: str) -> Iterator[tuple[str, list[str]]]:
    """Operations that messages on a topic or filter ask for, and the shadows they are about."""
    found = TOPIC.fullmatch(topic)
    thing = _level(found["thing"]) if found else ANY
    base = f"$aws/things/{thing}/shadow"
    if found is None or (found["name"] is None and found["rest"] in ("#", "+/#")):
        resources = [base, f"{base}/name/{ANY}"]
    else:
        resources = [f"{base}/name/{_level(found['name'])}" if found["name"] else base]
    verb = found["rest"].split("/")[0] if found else "#"
    for each in OPERATIONS if verb in WILDCARDS else (verb,):
        if each in OPERATIONS:
            yield each, resources


def _level(text: str) -> str:
    return ANY if text in WILDCARDS else text


def uses_shadows(fleet: Fleet, devices: Iterable[ClientDevice]) -> bool:
    """Whether something on the core needs a local shadow service."""
    here = {each.name: each.sync_shadow for each in devices}
    others = fleet.client_devices.keys() - here
    return any(here.values()) or any(
        SHADOW in (each.source, each.target) and not {each.source, each.target} & others
        for each in fleet.subscriptions
    )


def shadow_manager(
    fleet: Fleet, cores: Iterable[Core], devices: list[ClientDevice]
) -> dict[str, Addition]:
    """The shadows that are kept the same in the cloud; `cores` are those of one deployment."""
    if not uses_shadows(fleet, devices) and SHADOWS not in fleet.deployment.components:
        return {}
    things = {core.thing: core.sync_shadow for core in cores}
    named = [*_named(fleet)]
    own = sorted({name for thing, name in named if thing == ANY or thing in things})
    syncs = any(things.values())
    synchronize: Json = {
        "coreThing": {"classic": syncs, "namedShadows": own if syncs else []},
        "shadowDocuments": [
            {
                "thingName": each.thing,
                "classic": True,
                "namedShadows": sorted({n for thing, n in named if thing in (ANY, each.thing)}),
            }
            for each in devices
            if each.sync_shadow
        ],
        "direction": "betweenDeviceAndCloud",
    }
    return {SHADOWS: Addition({"synchronize": synchronize}, ("/synchronize",))}


def _named(fleet: Fleet) -> Iterator[tuple[str, str]]:
    """Things and the names of their shadows, out of the topics of subscriptions."""
    for each in fleet.subscriptions:
        found = TOPIC.fullmatch(each.topic) if SHADOW in (each.source, each.target) else None
        if found and found["name"] and found["name"] not in WILDCARDS:
            yield _level(found["thing"]), found["name"]
