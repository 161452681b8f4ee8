"""Both strategies on this machine, with the same wheels, model, function and link."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path

from ggfleet.bundle.build import build
from ggfleet.bundle.fetched import fetched_wheels
from ggfleet.compare.device import Device
from ggfleet.compare.disk import disk_use
from ggfleet.compare.link import CountedLink
from ggfleet.compare.result import Measured
from ggfleet.compare.strategies import MlResource, OsPip, Strategy
from ggfleet.compare.wheelhouse import Wheelhouse
from ggfleet.errors import CompareError
from ggfleet.localcore import CoreDeployment
from ggfleet.model import Core, Fleet, Function, Install, Manifest, Model, Part
from ggfleet.system.files import locked, remove_tree
from ggfleet.system.progress import Progress
from ggfleet.workbench import Message, Workbench, interpreter


@dataclass(frozen=True)
class Plan:
    """What to measure with: `fleet` is `whole` reduced to `function`, `message` makes it infer.

    `folder` takes what is written, `bundles` the archives, `cache` the wheels.
    """

    whole: Fleet
    fleet: Fleet
    core: Core
    function: Function
    message: Message
    folder: Path
    bundles: Path
    cache: Path
    isolation: str = "auto"


def reduce_to(fleet: Fleet, function: str) -> tuple[Fleet, Function]:
    """The fleet with one function that has libraries as ML resource and a model, and what it needs.

    Without a name, the first such function. Raises `CompareError` when there is none.
    """
    able = [f for f in fleet.functions.values() if _comparable(fleet, f)]
    chosen = [f for f in able if function in ("", f.name)]
    if not chosen:
        names = ", ".join(f.name for f in able) or "none has"
        raise CompareError(
            f"{function or 'no function'} has both a library with install: ml-resource and a model",
            fix=f"those that have: {names}",
        )
    return _reduced(fleet, chosen[0]), chosen[0]


def _comparable(fleet: Fleet, function: Function) -> bool:
    has_library = any(fleet.libraries_of(function, Install.ML_RESOURCE))
    return has_library and any(fleet.models[name].is_local for name in function.models)


def _reduced(fleet: Fleet, function: Function) -> Fleet:
    return replace(
        fleet,
        functions={function.name: function},
        libraries={name: fleet.libraries[name] for name in function.libraries},
        models={name: fleet.models[name] for name in function.models},
        subscriptions=tuple(
            s for s in fleet.subscriptions if {s.source, s.target} <= {"cloud", function.name}
        ),
    )


@dataclass(frozen=True)
class _Ready:
    """Everything that is made before the first measurement."""

    plan: Plan
    bench: Workbench
    strategies: tuple[Strategy, ...]
    manifest: Manifest
    updated: Manifest
    link: CountedLink
    index: CountedLink


def measure(
    plan: Plan, runs: int, progress: Progress, log: Callable[[str], None]
) -> Generator[Measured, None, None]:
    """Measure each strategy `runs` times, taking turns, so that a slow moment hits both."""
    with contextlib.ExitStack() as stack:
        alone = locked(
            plan.folder / "devices", wait=False, fix="wait for it, or name another --out"
        )
        stack.enter_context(alone)
        ready = _prepare(plan, progress, stack)
        for number in range(1, runs + 1):
            for strategy in ready.strategies:
                progress.step(f"run {number} of {runs}: {strategy.name}")
                yield _measure(ready, strategy, progress, log)


def _prepare(plan: Plan, progress: Progress, stack: contextlib.ExitStack) -> _Ready:
    fleet, platform = plan.fleet, plan.fleet.platforms[plan.core.platform]
    # The whole fleet: the folder's manifest would lose what a reduced one does not have.
    manifest = build(plan.whole, [platform], plan.bundles, cache=plan.cache, progress=progress)
    newer = plan.folder / "updated"
    after = _with_changed_model(plan)
    changed = build(
        after, [platform], newer, cache=plan.cache, progress=progress, only=[Part.MODEL]
    )
    bench = stack.enter_context(Workbench(plan.core, fleet.aws, plan.folder, progress))
    bench.publish(manifest, plan.bundles)
    bench.publish(changed, newer)
    requirements = [
        lib.requirements for lib in fleet.libraries_of(plan.function, Install.ML_RESOURCE)
    ]
    wheels = fetched_wheels(requirements, platform, cache=plan.cache, progress=progress)
    house = stack.enter_context(Wheelhouse(wheels, plan.folder / "wheels"))
    link = stack.enter_context(CountedLink(bench.endpoint_url))
    index = stack.enter_context(CountedLink(house.url))
    others = [a for a in manifest.archives if a.part is not Part.MODEL]
    return _Ready(
        plan, bench, (OsPip(requirements, index.url), MlResource()),
        manifest, Manifest((*others, *changed.archives)), link, index,
    )  # fmt: skip


def _measure(
    ready: _Ready, strategy: Strategy, progress: Progress, log: Callable[[str], None]
) -> Measured:
    plan, bench = ready.plan, ready.bench
    folder = plan.folder / "devices" / strategy.name
    remove_tree(folder)
    folder.mkdir(parents=True)
    fleet = strategy.fleet(plan.fleet)
    before = bench.deployment(fleet, ready.manifest, f"{strategy.name}-group")
    after = bench.deployment(fleet, ready.updated, f"{strategy.name}-group-updated")
    python = interpreter(plan.fleet.platforms[plan.core.platform])

    start = _Mark(ready)
    progress.step(f"{strategy.name}: installing")
    python = strategy.install(folder, python)
    device = Device(folder, bench.store(ready.link.url), python, plan.isolation, log)
    device.deploy(before)
    install_bytes, install_seconds = start.since()
    disk = disk_use(folder)
    progress.step(f"{strategy.name}: first inference")
    first = device.first_inference(before, plan.message)
    progress.step(f"{strategy.name}: updating the model")
    update_bytes, update_seconds, updated = _update(ready, device, after)
    remove_tree(folder)
    return Measured(
        strategy.name, install_bytes, install_seconds, disk.allocated_bytes, disk.files, first,
        update_bytes, update_seconds, updated,
    )  # fmt: skip


def _update(ready: _Ready, device: Device, after: CoreDeployment) -> tuple[int, float, float]:
    start = _Mark(ready)
    device.deploy(after)
    moved, seconds = start.since()
    return moved, seconds, device.first_inference(after, ready.plan.message)


class _Mark:
    """A moment, to count bytes and seconds from."""

    def __init__(self, ready: _Ready) -> None:
        self._links = (ready.link, ready.index)
        self._bytes = self._received()
        self._began = time.perf_counter()

    def since(self) -> tuple[int, float]:
        """Bytes over the links and seconds since the mark."""
        return self._received() - self._bytes, time.perf_counter() - self._began

    def _received(self) -> int:
        return sum(link.received for link in self._links)


def _with_changed_model(plan: Plan) -> Fleet:
    """The fleet with another version of its first model: the same files and one small one more.

    What an update costs follows from the archive's size, which a retrained model keeps.
    """
    name = next(n for n in plan.function.models if plan.fleet.models[n].is_local)
    model = plan.fleet.models[name]
    copy = plan.folder / "updated-model"
    remove_tree(copy)
    _copy(model, copy)
    (copy / "UPDATED").write_text("one file more than the version before\n")
    models = {**plan.fleet.models, name: replace(model, source=str(copy))}
    return replace(plan.fleet, models=models)


def _copy(model: Model, to: Path) -> None:
    source = Path(model.source)
    if source.is_dir():
        shutil.copytree(source, to)
    else:
        to.mkdir(parents=True)
        shutil.copy2(source, to)
