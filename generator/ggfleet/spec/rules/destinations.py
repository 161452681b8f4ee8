"""Where ML resources and volumes appear on a device."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ggfleet.model import Fleet, Function, LocalVolume, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.parts import attached, attached_ml, is_plain, ml_resources, nested
from ggfleet.spec.rules.registry import LAMBDAS, V1, Finding, rule

_TWO = (
    "models:\n  digits: {{source: digits, version: 1.0.0, destination: {}}}\n"
    "  letters: {{source: digits, version: 1.0.0, destination: {}}}\n"
    "functions:\n  classify: {{isolation: none, models: [digits, letters]}}\n"
)


@rule(
    "destination-plain",
    Severity.ERROR,
    reason="With `..` or doubled slashes the same folder has many spellings, and what lies where "
    "can no longer be compared.",
    source=pages.ML_RESOURCES,
    fix="Write it like /models/digits.",
    example="models:\n  digits: {source: digits, version: 1.0.0, destination: /a/../models}\n"
    "functions:\n  classify: {models: [digits]}\n",
)
def destinations_are_plain(fleet: Fleet) -> Iterator[Finding]:
    """A destination with `..` or doubled slashes is not the path it seems to be."""
    for at, resource in ml_resources(fleet):
        path = resource.destination
        if not is_plain(path):
            yield (
                f"{at}.destination",
                f"{path} is not a plain absolute path",
                "write it like /models/digits",
            )


SYSTEM = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr", "/var")


@rule(
    "destination-system",
    Severity.WARNING,
    LAMBDAS,
    reason="In a container the resource takes the place of what is there: a function without /usr "
    "or /etc does not start.",
    source=pages.ML_RESOURCES,
    fix="Write a folder that no system has, like /models/digits.",
    example="models:\n  digits: {source: digits, version: 1.0.0, destination: /usr}\n"
    "functions:\n  classify: {models: [digits]}\n",
)
def destinations_are_no_system_folders(fleet: Fleet) -> Iterator[Finding]:
    """A destination that hides a folder of the system."""
    for at, resource in ml_resources(fleet):
        if resource.destination in SYSTEM:
            message = f"{resource.destination} is a folder of the system, which it would hide"
            yield f"{at}.destination", message, "write it like /models/digits"


@rule(
    "destination-nested",
    Severity.ERROR,
    V1,
    reason="V1 refuses a function without a container two of whose ML resources have the same "
    "destination, or one below the other's. In a container the one hides the other: see "
    "destination-hidden.",
    source=f"{pages.ML_RESOURCES}; {pages.TROUBLESHOOTING}",
    fix="Give each a folder of its own: /models/digits and /models/letters.",
    example=_TWO.format("/models", "/models/letters"),
)
def destinations_do_not_nest(fleet: Fleet) -> Iterator[Finding]:
    """Two ML resources of a function without a container lie apart."""
    fleet = fleet.in_layers
    reported = set()
    for function in (each for each in fleet.functions.values() if not each.contained):
        has = attached(fleet, function)
        pairs = combinations([(at, r) for at, r in ml_resources(fleet) if r in has], 2)
        for (_, first), (at, second) in pairs:
            if nested(first.destination, second.destination) and (first, second) not in reported:
                reported.add((first, second))
                yield (
                    f"{at}.destination",
                    f"{second.destination} and {first.destination} of {first.name} nest, "
                    f"and {function.name} has both",
                    "give each a folder of its own",
                )


@rule(
    "destination-hidden",
    Severity.WARNING,
    LAMBDAS,
    reason="In a container volumes and ML resources that are mounted at or below one place hide "
    "each other: which one is seen depends on the order of mounting.",
    source=f"{pages.LOCAL_RESOURCES}; {pages.ML_RESOURCES}",
    fix="Give each a folder of its own.",
    example="models:\n  digits: {source: digits, version: 1.0.0, destination: /models/digits}\n"
    "resources:\n  models: {volume: /srv/models, destination: /models}\n"
    "functions:\n  classify: {models: [digits], resources: {models: ro}}\n",
)
def mounts_do_not_hide_each_other(fleet: Fleet) -> Iterator[Finding]:
    """Volumes and ML resources of a function hide none of each other."""
    fleet = fleet.in_layers
    for function in fleet.functions.values():
        for (first_at, first), (at, second) in combinations(_mounts(fleet, function), 2):
            # Without a container two ML resources are refused: destination-nested.
            apart = not function.contained and _is_ml(first_at) and _is_ml(at)
            if nested(first, second) and not apart:
                yield (
                    f"{at}.destination",
                    f"{second} hides or is hidden by {first}, and {function.name} has both",
                    "give each a folder of its own",
                )


def _mounts(fleet: Fleet, function: Function) -> list[tuple[str, str]]:
    """(path in the spec, destination), ML resources first."""
    has = attached_ml(fleet, function)
    volumes = {f"resources.{name}": fleet.resources.get(name) for name in function.resources}
    return [
        *((at, each.destination) for at, each in ml_resources(fleet) if each in has),
        *((k, v.destination) for k, v in volumes.items() if isinstance(v, LocalVolume)),
    ]


def _is_ml(at: str) -> bool:
    return not at.startswith("resources.")
