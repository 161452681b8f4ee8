"""What renderers refuse of fleets that are too big, or that the check refuses before, word by word.

Specs of that size would be hard to read, so the fleets are made here; small ones are golden cases of
their own (`error_*`). `GGFLEET_REWRITE_GOLDEN=1` writes what is said now: look at the difference
before you keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ggfleet.errors import GgfleetError
from ggfleet.model import (
    ADAPTER,
    ClientDevice,
    Deployment,
    Fleet,
    Logger,
    Manifest,
    Part,
    Resolved,
    Subscription,
)
from ggfleet.render import render
from ggfleet.render.known import wanted_archives
from golden.test_golden_group_v1 import REWRITE, told
from unit.factories import make_archive, make_core, make_fleet, make_function, make_model

EXPECTED = Path(__file__).parent / "messages/expected.txt"
CERTIFICATE = Resolved("arn:aws:iot:eu-west-1:123456789012:cert/d1")


def many_models() -> Fleet:
    sources = {f"m{n}": f"s3://stored/{'x' * 200}{n}.zip" for n in range(50)}
    models = [make_model(name, source=source) for name, source in sources.items()]
    return make_fleet(models=models, functions=[make_function(models=tuple(sources))])


def many_functions() -> Fleet:
    return make_fleet(functions=[make_function(f"f{n}") for n in range(170)])


def many_cores_with_devices() -> Fleet:
    devices = {"button": ClientDevice("button", ("line-0",), "button", CERTIFICATE)}
    return make_fleet(
        cores=tuple(make_core(f"line-{n}") for n in range(70)),
        functions=[make_function()],
        client_devices=devices,
        subscriptions=(Subscription("button", "pressed", "classify"),),
    )


def many_components() -> Fleet:
    named = {f"com.example.{n:0>100}": "1.0.0" for n in range(45_000)}
    return make_fleet(deployment=Deployment(components=named))


CASES: Mapping[str, tuple[str, Callable[[], Fleet]]] = {
    "a policy that is too long": ("cloudformation", many_models),
    "more than a template holds": ("cloudformation", many_functions),
    "devices of cores in several templates": ("cloudformation", many_cores_with_devices),
    "a thing that is no id": ("group-v1", lambda: make_fleet(cores=(make_core(thing="a b"),))),
    "one logger twice": (
        "group-v1",
        lambda: make_fleet(loggers=(Logger("lambda", "INFO", "file"),) * 2),
    ),
    "another language": (
        "recipes-v2",
        lambda: make_fleet(functions=[make_function(runtime="nodejs12.x")]),
    ),
    "a deployment that is too long": ("deployment-v2", many_components),
    "a target that there is not": ("group-v9", make_fleet),
}


def test_messages_are_as_expected() -> None:
    """In one file, with the fix of each."""
    text = "\n".join(f"{case}:\n{refused(case)}" for case in CASES)
    if REWRITE:
        EXPECTED.write_text(text)
    assert text == EXPECTED.read_text()


def refused(case: str) -> str:
    target, make = CASES[case]
    fleet = make()
    wanted = [*wanted_archives(fleet)]
    wanted += [(Part.ADAPTER, ADAPTER, platform.name) for platform in fleet.used_platforms()]
    manifest = Manifest(tuple(make_archive(p, n, platform=o) for p, n, o in wanted))
    with pytest.raises(GgfleetError) as caught:
        render(fleet, manifest, target)
    return told(caught.value)
