"""What was measured, as values and as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TypeVar

from ggfleet.errors import CompareError
from ggfleet.model import Json


@dataclass(frozen=True)
class Measured:
    """One strategy, once, from an empty device to an updated model.

    Bytes are counted at the link, from the server to the device. `install_*` is the first
    deployment: libraries, model and function. `first_inference_seconds` runs from the start of the
    function's process to its first answer. `update_seconds` is the deployment of a changed model,
    `updated_inference_seconds` from there to the first answer with it.
    """

    strategy: str
    install_bytes: float
    install_seconds: float
    disk_bytes: float
    files: float
    first_inference_seconds: float
    update_bytes: float
    update_seconds: float
    updated_inference_seconds: float


@dataclass(frozen=True)
class OnDevice(Measured):
    """The same on a host of an inventory, by `playbooks/compare.yml`, which goes further.

    Bytes are what the host's network interfaces received, Ansible's own traffic included; seconds
    run on the host's clock from task to task. `repeat_*` is a second run that finds all in place.
    """

    host: str
    repeat_bytes: float
    repeat_seconds: float
    library_update_bytes: float
    library_update_seconds: float
    rollback_seconds: float
    removal_seconds: float


M = TypeVar("M", bound=Measured)


def medians(runs: Sequence[M]) -> dict[str, M]:
    """For each strategy, in order of appearance, the median of each figure over its runs."""
    figures = [field.name for field in fields(runs[0]) if field.type == "float"] if runs else []
    found = {}
    for strategy in dict.fromkeys(run.strategy for run in runs):
        own = [run for run in runs if run.strategy == strategy]
        middle = {name: statistics.median(getattr(run, name) for run in own) for name in figures}
        found[strategy] = replace(own[0], **middle)
    return found


def read_runs(lines: Iterable[str], name: str) -> list[OnDevice]:
    """Read what `playbooks/compare.yml` wrote into a file `name`: an `OnDevice` in each line.

    Raises `CompareError` with the number of the line that is none, or when there is no line.
    """
    runs = [_run(line, f"{name}:{number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not runs:
        raise CompareError(f"{name} holds no run", fix="run playbooks/compare.yml, which writes it")
    return runs


def _run(line: str, place: str) -> OnDevice:
    kinds = {field.name: field.type for field in fields(OnDevice)}
    fix = "remove the line, or let playbooks/compare.yml write the file anew"
    try:
        found = json.loads(line)
    except ValueError as error:
        raise CompareError(f"{place}: this is no JSON: {error}", fix=fix) from error
    if not isinstance(found, dict) or found.keys() != kinds.keys():
        raise CompareError(f"{place}: a run needs exactly {', '.join(kinds)}", fix=fix)
    for name, kind in kinds.items():
        wanted = str if kind == "str" else (int, float)
        if not isinstance(found[name], wanted) or isinstance(found[name], bool):
            raise CompareError(f"{place}: {name} is {found[name]!r}, not a {kind}", fix=fix)
    return OnDevice(**found)


def to_json(runs: Sequence[Measured], about: dict[str, Json]) -> Json:
    """The comparison document: what it was run on, every run, and the medians."""
    return {
        "version": 1,
        **about,
        "runs": [asdict(run) for run in runs],
        "medians": [asdict(run) for run in medians(runs).values()],
    }
