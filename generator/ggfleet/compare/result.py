"""What was measured, as values and as JSON."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

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


def medians(runs: Sequence[Measured]) -> dict[str, Measured]:
    """For each strategy, in order of appearance, the median of each figure over its runs."""
    names = [field.name for field in fields(Measured) if field.name != "strategy"]
    found = {}
    for strategy in dict.fromkeys(run.strategy for run in runs):
        own = [run for run in runs if run.strategy == strategy]
        found[strategy] = Measured(
            strategy, *(statistics.median(getattr(run, name) for run in own) for name in names)
        )
    return found


def to_json(runs: Sequence[Measured], about: dict[str, Json]) -> Json:
    """The comparison document: what it was run on, every run, and the medians."""
    return {
        "version": 1,
        **about,
        "runs": [asdict(run) for run in runs],
        "medians": [asdict(run) for run in medians(runs).values()],
    }
