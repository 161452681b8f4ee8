"""V2 components tried on this machine: from recipes and a deployment to a core to talk with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ggfleet.bundle.build import build
from ggfleet.errors import CoreError
from ggfleet.localcore import Store
from ggfleet.localcore.v2 import EmbeddedNucleus, load_components
from ggfleet.system.files import locked
from ggfleet.system.progress import Progress
from ggfleet.workbench.bench import Workbench
from ggfleet.workbench.host import interpreter
from ggfleet.workbench.talk import Failures, Running
from ggfleet.workbench.trial import Trial


@dataclass(frozen=True)
class ComponentTrial:
    """What runs where.

    `documents` holds `recipes/<Name>-<version>.json` and the deployment document (its path below
    the folder), `thing_name` is the core's, `root` takes what the core writes. `python` is what
    `python3` in scripts is, `secrets` are texts by secret id.
    """

    documents: Path
    thing_name: str
    root: Path
    region: str
    python: Path
    deployment: str = "deployment.json"
    secrets: Mapping[str, str] = field(default_factory=dict)


@contextlib.contextmanager
def running_v2(trial: Trial, progress: Progress, log: Callable[[str], None]) -> Iterator[Running]:
    """As `running`, with the fleet's V2 components on an embedded V2 core.

    Raises `CoreError` when the fleet has no `components:`.
    """
    if not trial.fleet.components.wanted:
        raise CoreError(
            f"{trial.fleet.name} has no components: it is for V1",
            fix="add `components: {prefix: com.example}` to the spec",
        )
    platform = trial.fleet.platforms[trial.core.platform]
    folder = trial.root / "v2"
    with (
        locked(folder, wait=False, fix="wait for it, or name another --root"),
        Workbench(trial.core, trial.fleet.aws, trial.root, progress) as bench,
    ):
        manifest = build(
            trial.fleet, [platform], trial.bundles, cache=trial.cache, progress=progress
        )
        bench.publish(manifest, trial.bundles)
        components = ComponentTrial(
            documents=bench.components(trial.fleet, manifest, "components-v2"),
            thing_name=trial.core.thing,
            root=folder,
            region=trial.fleet.aws.region,
            python=interpreter(platform),
        )
        with running_components(components, bench.store(), progress, log) as core:
            yield core


@contextlib.contextmanager
def running_components(
    trial: ComponentTrial, store: Store, progress: Progress, log: Callable[[str], None]
) -> Iterator[Running]:
    """Deploy what the documents say, with artifacts from `store`, and start it; as `running`.

    `log` gets what the core tells, from several threads.
    """
    deployment = load_components(trial.documents, trial.thing_name, deployment=trial.deployment)
    failures = Failures()
    with EmbeddedNucleus(
        deployment,
        store,
        trial.root,
        region=trial.region,
        python=trial.python,
        log=log,
        on_event=failures,
        secrets_by_id=trial.secrets,
    ) as core:
        progress.step(f"deploying {deployment.name}")
        core.deploy()
        progress.step("starting the components")
        core.start()
        yield Running(core, failures)
