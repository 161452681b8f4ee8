"""What `ggfleet register` and `ggfleet unregister` share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ggfleet.cli import output
from ggfleet.cli.options import (
    foretold_option,
    generation_option,
    iot_endpoint_option,
    json_option,
)
from ggfleet.cloud import CoreOutcome, Performed, told
from ggfleet.errors import GgfleetError
from ggfleet.lint import with_stand_ins
from ggfleet.model import Fleet, Json, Manifest, Registration
from ggfleet.render import Generation, generations_of
from ggfleet.render.registration import registration
from ggfleet.spec.problems import suggestion


@dataclass(frozen=True)
class Asked:
    """What both commands can be asked for."""

    generation: str | None
    only_check: bool
    endpoint_url: str | None
    as_json: bool


def with_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that both have, as one argument `asked`."""

    @functools.wraps(command)
    def call(
        *,
        generation: str | None,
        only_check: bool,
        endpoint_url: str | None,
        as_json: bool,
        **own: Any,
    ) -> int:
        return command(asked=Asked(generation, only_check, endpoint_url, as_json), **own)

    options = (generation_option, foretold_option, iot_endpoint_option, json_option)
    return functools.reduce(lambda decorated, option: option(decorated), reversed(options), call)


def registration_of(fleet: Fleet, cores: Sequence[str], generation: str | None) -> Registration:
    """What AWS must know of a fleet, or of some of its cores. An unknown name is refused."""
    refuse_strangers(fleet, cores, "--core")
    if not fleet.cores:
        raise GgfleetError("the spec has no core", fix="add a host to a group of `cores:`")
    chosen = Generation(generation) if generation else generations_of(fleet)[0]
    whole = registration(fleet, with_stand_ins(fleet, Manifest()), chosen)
    if not cores:
        return whole
    return replace(whole, devices=tuple(each for each in whole.devices if each.core in cores))


def finish(outcome: Performed, asked: Asked, **more: Json) -> int:
    """Tell what was done as it was asked for, `more` in JSON alone; return the exit code."""
    if not asked.as_json:
        return tell(outcome, only_check=asked.only_check)
    output.print_json({**as_json(outcome, only_check=asked.only_check), **more})
    return code_of(outcome)


def refuse_strangers(fleet: Fleet, names: Sequence[str], where: str) -> None:
    """Refuse a name that no core of the spec has."""
    known = [core.name for core in fleet.cores]
    for name in names:
        if name not in known:
            raise GgfleetError(
                f"{where}: {name} is no core of the spec", fix=suggestion(name, known)
            )


def as_json(outcome: Performed, *, only_check: bool) -> dict[str, Json]:
    """What a run did or would do; `changed` of the fleet's common part, and of each core."""
    return {
        "check": only_check,
        "changed": outcome.changed,
        "shared": {"changed": bool(outcome.shared), "steps": told(outcome.shared)},
        "cores": {each.core: _core_json(each) for each in outcome.cores},
        "notes": [*outcome.notes],
    }


def _core_json(core: CoreOutcome) -> dict[str, Json]:
    certificate: Json = None
    if core.certificate:
        pem, own = core.certificate.pem, core.certificate
        certificate = {"arn": own.arn, "id": own.id, "pem": pem}
    error: Json = None
    if core.error:
        error = {"message": core.error.message, "fix": core.error.fix}
    return {
        "thing": core.thing,
        "changed": bool(core.done),
        "steps": told(core.done),
        "certificate": certificate,
        "error": error,
    }


def tell(outcome: Performed, *, only_check: bool) -> int:
    """Print what was done and what failed; return the exit code."""
    would = "would " if only_check else ""
    for text in told(outcome.shared):
        output.out.print(f"{would}{text}", markup=False)
    for core in outcome.cores:
        for text in told(core.done):
            output.out.print(f"{core.core}: {would}{text}", markup=False)
    for note in outcome.notes:
        output.err.print(f"note: {note}", markup=False)
    for core in outcome.failed:
        assert core.error is not None
        output.tell_error(GgfleetError(f"{core.core}: {core.error.message}", fix=core.error.fix))
    changed = len([core for core in outcome.cores if core.done])
    summary = [output.plural(len(outcome.cores), "core"), f"{changed} changed"]
    if only_check:
        summary[-1] = f"{changed} would change"
    if outcome.failed:
        summary.append(f"{len(outcome.failed)} failed")
    output.out.print(", ".join(summary), markup=False)
    return code_of(outcome)


def code_of(outcome: Performed) -> int:
    """1 when a core is not as it should be."""
    return 1 if outcome.failed else 0
