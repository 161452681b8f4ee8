"""One device lives through its changes by one strategy, and each is observed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ggfleet.compare.matrix.cells import Change, Observation, Outcome
from ggfleet.compare.matrix.device import FOLDER, Device, Limits
from ggfleet.compare.matrix.plan import UPDATES, Life
from ggfleet.compare.matrix.prepare import Workload
from ggfleet.compare.matrix.strategy import Goods, Release, Serving, Strategy, Work

SPARE = 120.0
"""Seconds that a change may take beyond four times what its bytes need."""
TALK = 30.0
"""Seconds for the control channel besides."""


@dataclass(frozen=True)
class Scene:
    """What a life is spent with: `limits` are those that the conditions leave to the device."""

    device: Device
    goods: Goods
    workload: Workload
    limits: Limits


@dataclass
class _State:
    """What the device has, had before, and what its tree was then."""

    release: Release | None = None
    former: Release | None = None
    digest: str = ""


def works(strategy: Strategy, goods: Goods, life: Life) -> Iterator[tuple[Change, Work]]:
    """The changes of a life with what each is, as if all went well."""
    state = _State()
    for change in _walked(life):
        work, release = _next(strategy, goods, change, state)
        yield change, work
        _went_well(state, change, release)


def live(scene: Scene, strategy: Strategy, life: Life) -> Iterator[Observation]:
    """Observe each change of a life, in order; a first install that fails ends it."""
    state = _State()
    _clear(scene, strategy)
    for change in _walked(life):
        if change is Change.ROLL_BACK and state.former is None:
            continue
        work, release = _next(strategy, scene.goods, change, state)
        before = _digest(scene, strategy) if change in UPDATES else ""
        found = _change(scene, strategy, life, work)
        restored = None
        if change is Change.ROLL_BACK:
            done = found["outcome"] == Outcome.DONE
            restored = done and _digest(scene, strategy) == state.digest
        if change in life.changes:
            yield _observed(scene, strategy, life, change, work, found, restored)
        if found["outcome"] == Outcome.DONE:
            _went_well(state, change, release)
            state.digest = before if change in UPDATES else state.digest
        elif change is Change.FIRST_INSTALL:
            return


def _walked(life: Life) -> list[Change]:
    """The changes that must be made: without a first install there is nothing to change."""
    return [c for c in Change if c in life.changes or c is Change.FIRST_INSTALL]


def _next(
    strategy: Strategy, goods: Goods, change: Change, state: _State
) -> tuple[Work, Release | None]:
    """What a change is from here, and the release it leads to."""
    if change is Change.REMOVE:
        return strategy.remove(), None
    if change is Change.FIRST_INSTALL or state.release is None:
        return strategy.install(goods, Release()), Release()
    if change is Change.ROLL_BACK:
        to = state.former or state.release
        return strategy.roll_back(goods, state.release, to), to
    to = state.release.after(change)
    return strategy.update(goods, state.release, to), to


def _went_well(state: _State, change: Change, release: Release | None) -> None:
    state.former = state.release if change in UPDATES else None
    state.release = release


def _base(strategy: Strategy) -> str:
    return f"{FOLDER}/devices/{strategy.name}"


def _clear(scene: Scene, strategy: Strategy) -> None:
    """Remove what a run that was killed has left."""
    task = {
        "task": "change",
        "base": _base(strategy),
        "steps": [{"do": "remove"}],
        "seconds": SPARE,
    }
    scene.device.task(task, Limits(), SPARE + TALK)


def _change(scene: Scene, strategy: Strategy, life: Life, work: Work) -> dict[str, Any]:
    seconds = patience(life, work)
    task = {
        "task": "change", "base": _base(strategy), "steps": list(work.steps), "seconds": seconds,
    }  # fmt: skip
    return scene.device.task(task, scene.limits, seconds + TALK)


def patience(life: Life, work: Work) -> float:
    """Seconds after which a change has failed."""
    return math.ceil(SPARE + 4 * transfer_seconds(life, work))


def transfer_seconds(life: Life, work: Work) -> float:
    """Seconds that the bytes of a change need over the link and onto the disk, at the least."""
    at, payload = life.conditions, work.payload
    link = payload.fetched_bytes * 8e-6 / at.link.mbit_s if at.link.mbit_s else 0.0
    written = payload.fetched_bytes + payload.unpacked_bytes
    disk = written * 1e-6 / at.storage.write_mb_s if at.storage.write_mb_s else 0.0
    return link + disk + payload.files * at.link.round_trip_ms / 1000


def _look(scene: Scene, strategy: Strategy, *, digest: bool) -> dict[str, Any]:
    keeps = list(strategy.observe().keeps)
    task = {"task": "observe", "base": _base(strategy), "keeps": keeps, "digest": digest}
    return scene.device.task(task, Limits(), SPARE + TALK)


def _digest(scene: Scene, strategy: Strategy) -> str:
    return str(_look(scene, strategy, digest=True)["digest"])


def _observed(
    scene: Scene, strategy: Strategy, life: Life, change: Change, work: Work,
    found: dict[str, Any], restored: bool | None,
) -> Observation:  # fmt: skip
    disk = _look(scene, strategy, digest=False)
    asked = _Answers() if change is Change.REMOVE else _asked(scene, strategy)
    return Observation(
        cell=life.cell(change),
        run=life.run,
        host=scene.device.name,
        payload=work.payload,
        control=strategy.control,
        outcome=Outcome(found["outcome"]),
        message=found["message"] or asked.message,
        received_bytes=found["received_bytes"],
        seconds=found["seconds"],
        cpu_seconds=found["cpu_seconds"],
        peak_memory_bytes=found["peak_memory_bytes"],
        written_bytes=found["written_bytes"],
        disk_bytes=disk["disk_bytes"],
        files=disk["files"],
        left_behind_bytes=disk["left_behind_bytes"],
        serving=asked.serving,
        restored=restored,
        cold_inference_seconds=asked.cold,
        warm_inference_seconds=asked.warm,
        latency_seconds=asked.latency,
    )


@dataclass(frozen=True)
class _Answers:
    """What processes answered that were started one after the other; None where they did not."""

    cold: float | None = None
    warm: float | None = None
    latency: float | None = None
    serving: str = ""
    message: str = ""


def _asked(scene: Scene, strategy: Strategy) -> _Answers:
    """Start a process with cold caches, then one with warm."""
    scene.device.drop_caches()
    task = _question(scene, strategy.observe(), _base(strategy))
    cold, warm = scene.device.task(task, scene.limits, SPARE + TALK)["answers"]
    for each in (cold, warm):
        if not each["answered"]:
            return _Answers(message=f"no answer: {each['message']}")
    return _Answers(cold["seconds"], warm["seconds"], warm["latency"], warm["serving"])


def _question(scene: Scene, serving: Serving, base: str) -> dict[str, Any]:
    work = scene.workload
    return {
        "task": "infer", "times": 2, "base": base, "python": serving.python,
        "paths": list(serving.paths), "resources": {work.model.destination: serving.model},
        "marks": dict(serving.marks),
        "order": {
            "environment": dict(work.function.environment), "handler": work.function.handler,
            "message": work.message, "answers": work.answers, "packages": list(work.packages),
        },
    }  # fmt: skip
