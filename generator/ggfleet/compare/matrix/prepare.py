"""What is measured with: a function of a spec, its libraries and its model, as a plan says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ggfleet.compare.matrix.plan import MatrixPlan
from ggfleet.errors import CompareError
from ggfleet.model import BY_SIZE, Fleet, Function, Layer, Model, Platform
from ggfleet.workbench import read_messages


@dataclass(frozen=True)
class Workload:
    """What is measured with.

    `fleet` is that of one platform; `pins` are, for each release of the libraries, the packages
    whose version differs from the spec's. `folder` takes what is built, `cache` the wheels.
    """

    fleet: Fleet
    function: Function
    platform: Platform
    message: object
    folder: Path
    cache: Path
    pins: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    answers: int = 30
    layers: tuple[Layer, ...] = BY_SIZE

    @property
    def model(self) -> Model:
        """The function's first model whose files are here."""
        models = (self.fleet.models[name] for name in self.function.models)
        return next(model for model in models if model.is_local)

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that are not the same in all releases: what an answer names."""
        names = dict.fromkeys(name for pins in self.pins.values() for name in pins)
        versions = {name: {pins.get(name) for pins in self.pins.values()} for name in names}
        return tuple(name for name in names if len(versions[name]) > 1)


def workload(plan: MatrixPlan, whole: Fleet, folder: Path, cache: Path) -> Workload:
    """The workload of a plan; `CompareError` when the spec has not what the plan names."""
    if plan.platform not in whole.platforms:
        raise CompareError(
            f"the spec has no platform {plan.platform}", fix=f"it has {', '.join(whole.platforms)}"
        )
    fleet = whole.on(plan.platform)
    function = fleet.functions.get(plan.function)
    if function is None:
        raise CompareError(
            f"the spec has no function {plan.function}", fix=f"it has {', '.join(fleet.functions)}"
        )
    if not any(fleet.models[name].is_local for name in function.models):
        raise CompareError(
            f"function {function.name} has no model whose files are here",
            fix="name a function that has one",
        )
    return Workload(
        fleet=fleet,
        function=function,
        platform=fleet.platforms[plan.platform],
        message=_first_message(plan.messages),
        folder=folder,
        cache=cache,
        pins=plan.pins,
        answers=plan.answers,
        layers=plan.layers,
    )


def _first_message(path: Path) -> object:
    try:
        with path.open(encoding="utf-8") as lines:
            for message in read_messages(lines, str(path)):
                return json.loads(message.payload)
    except OSError as error:
        raise CompareError(
            f"{path} cannot be read: {error.strerror}", fix="correct `messages` in the plan"
        ) from error
    raise CompareError(f"{path} holds no message", fix="write one as its first line")
