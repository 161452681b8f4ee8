"""From a plan and its spec to what is measured with."""

from __future__ import annotations

import json
from pathlib import Path

from ggfleet.compare.matrix.goods import Workload
from ggfleet.compare.matrix.plan import MatrixPlan
from ggfleet.errors import CompareError
from ggfleet.model import Fleet
from ggfleet.workbench import read_messages


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
