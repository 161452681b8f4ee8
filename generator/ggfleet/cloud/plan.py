"""A plan of calls, which is data, and the two that take it: one foretells, the other performs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ggfleet.cloud.errors import REGISTRATION, explained
from ggfleet.cloud.session import THREADS, Clients
from ggfleet.errors import GgfleetError
from ggfleet.model import Json
from ggfleet.system.progress import Progress

T = TypeVar("T")
R = TypeVar("R")

SIGN = "create_certificate_from_csr"
NEW_CERTIFICATE = "${certificateArn}"
"""Stands in later calls for the ARN that the answer to `SIGN` brings."""


@dataclass(frozen=True)
class Call:
    """A call that changes something. `tells` what it does: `create the thing pi-01`."""

    service: str
    operation: str
    arguments: Mapping[str, Json]
    tells: str


@dataclass(frozen=True)
class Certificate:
    """A certificate that AWS IoT knows."""

    arn: str
    id: str
    pem: str


@dataclass(frozen=True)
class CorePlan:
    """What one core needs, in order. `certificate` is the one that it has already.

    A core whose plan is refused has no calls.
    """

    core: str
    thing: str
    calls: tuple[Call, ...] = ()
    certificate: Certificate | None = None
    refused: GgfleetError | None = None


@dataclass(frozen=True)
class Plan:
    """What all cores share, which comes first, and what each needs."""

    shared: tuple[Call, ...]
    cores: tuple[CorePlan, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class CoreOutcome:
    """What became of one core: the calls that were made (or would be), and why not all were."""

    core: str
    thing: str
    done: tuple[Call, ...] = ()
    certificate: Certificate | None = None
    error: GgfleetError | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a plan."""

    shared: tuple[Call, ...]
    cores: tuple[CoreOutcome, ...]
    notes: tuple[str, ...] = field(default=())

    @property
    def changed(self) -> bool:
        """Whether anything was changed, or would be."""
        return bool(self.shared) or any(core.done for core in self.cores)

    @property
    def failed(self) -> tuple[CoreOutcome, ...]:
        """The cores that are not as they should be."""
        return tuple(core for core in self.cores if core.error is not None)


def foretell(plan: Plan) -> Outcome:
    """What performing the plan would do."""
    cores = [
        CoreOutcome(each.core, each.thing, each.calls, each.certificate, each.refused)
        for each in plan.cores
    ]
    return Outcome(plan.shared, tuple(cores), plan.notes)


def perform(plan: Plan, clients: Clients, progress: Progress) -> Outcome:
    """Make the calls. A core that fails leaves the others alone; a repeated run finishes it.

    Raises `CloudError` when a call that all cores share fails.
    """
    for call in plan.shared:
        progress.step(call.tells)
        _made(call, call.arguments, clients)
    told = [(each.core, each) for each in plan.cores]
    cores = for_each(told, lambda each: _perform_core(each, clients), progress, "done")
    return Outcome(plan.shared, tuple(cores), plan.notes)


def for_each(
    named: Sequence[tuple[str, T]], work: Callable[[T], R], progress: Progress, verb: str
) -> list[R]:
    """Do something for every core, several at once; the results keep the cores' order.

    `verb` tells of each what was done to it: `read`.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        waiting = {pool.submit(work, each): name for name, each in named}
        for count, done in enumerate(as_completed(waiting), start=1):
            progress.step(f"{waiting[done]}: {verb} ({count} of {len(named)})")
        return [each.result() for each in waiting]


def _perform_core(plan: CorePlan, clients: Clients) -> CoreOutcome:
    done: list[Call] = []
    certificate = plan.certificate
    error = plan.refused
    try:
        for call in plan.calls:
            arguments = dict(_filled(call.arguments, certificate))
            answer = _made(call, arguments, clients)
            done.append(call)
            if call.operation == SIGN:
                certificate = Certificate(
                    answer["certificateArn"], answer["certificateId"], answer["certificatePem"]
                )
    except GgfleetError as raised:
        error = raised
    return CoreOutcome(plan.core, plan.thing, tuple(done), certificate, error)


def _filled(
    arguments: Mapping[str, Json], certificate: Certificate | None
) -> Iterator[tuple[str, Json]]:
    for name, value in arguments.items():
        if value == NEW_CERTIFICATE:
            assert certificate is not None, "a certificate is used before it is signed"
            yield name, certificate.arn
        else:
            yield name, value


def _made(call: Call, arguments: Mapping[str, Json], clients: Clients) -> dict[str, Any]:
    client = getattr(clients, call.service)
    with explained(call.tells, REGISTRATION):
        answer: dict[str, Any] = getattr(client, call.operation)(**arguments)
        return answer


def told(calls: Iterable[Call]) -> list[str]:
    """The calls as people read them."""
    return [call.tells for call in calls]
