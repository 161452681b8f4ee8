"""A fleet tried on this machine: from the spec to a running core."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle.build import build
from ggfleet.localcore import EmbeddedCore
from ggfleet.model import Core, Fleet
from ggfleet.system.files import locked
from ggfleet.system.progress import Progress
from ggfleet.workbench.bench import Workbench
from ggfleet.workbench.host import interpreter
from ggfleet.workbench.talk import Failures, Running


@dataclass(frozen=True)
class Trial:
    """What runs where: `core` of `fleet`, below `root`, with archives in `bundles`."""

    fleet: Fleet
    core: Core
    root: Path
    bundles: Path
    cache: Path
    isolation: str = "auto"


@contextlib.contextmanager
def running(trial: Trial, progress: Progress, log: Callable[[str], None]) -> Iterator[Running]:
    """Build, publish to a local endpoint, render, deploy and start; everything ends with the block.

    `log` gets what the core tells, from several threads.
    """
    with locked(trial.root / "core", wait=False, fix="wait for it, or name another --root"):
        yield from _running(trial, progress, log)


def _running(trial: Trial, progress: Progress, log: Callable[[str], None]) -> Iterator[Running]:
    platform = trial.fleet.platforms[trial.core.platform]
    python = interpreter(platform)
    manifest = build(trial.fleet, [platform], trial.bundles, cache=trial.cache, progress=progress)
    failures = Failures()
    with Workbench(trial.core, trial.fleet.aws, trial.root, progress) as bench:
        bench.publish(manifest, trial.bundles)
        deployment = bench.deployment(trial.fleet, manifest, "group-v1")
        with EmbeddedCore(
            deployment,
            bench.store(),
            trial.root / "core",
            python=python,
            log=log,
            on_event=failures,
            isolation_mode=trial.isolation,
        ) as core:
            progress.step(f"deploying {deployment.group}")
            core.deploy()
            progress.step("starting the functions")
            core.start()
            yield Running(core, failures)
