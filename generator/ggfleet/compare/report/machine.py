"""What was measured on, as a JSON document of names and values."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ggfleet.compare.report.terms import MB, figure
from ggfleet.errors import CompareError
from ggfleet.model import Json

BYTES = "_bytes"


def read_machine(text: str, name: str) -> Mapping[str, Json]:
    """The description in the file `name`; raises `CompareError` when it holds something else."""
    fix = 'write {"processor": "...", "cores": 2, "memory_bytes": 4000000000}'
    try:
        found = json.loads(text)
    except ValueError as error:
        raise CompareError(f"{name} is no JSON: {error}", fix=fix) from error
    if not isinstance(found, dict):
        raise CompareError(f"{name} holds no mapping of names to values", fix=fix)
    return found


def for_people(machine: Mapping[str, Json]) -> Mapping[str, str]:
    """Names and values as people read them; `memory_bytes` becomes `Memory` in MB."""
    return dict(_told(key, value) for key, value in machine.items())


def _told(key: str, value: object) -> tuple[str, str]:
    title = key.removesuffix(BYTES).replace("_", " ")
    title = title[:1].upper() + title[1:]
    if key.endswith(BYTES) and isinstance(value, (int, float)):
        return title, f"{figure(value / MB)} MB"
    if isinstance(value, dict):
        return title, "; ".join(": ".join(_told(*each)) for each in value.items())
    if isinstance(value, list):
        return title, ", ".join(map(str, value))
    return title, str(value)
