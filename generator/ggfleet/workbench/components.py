"""V2 components tried on this machine: from recipes and a deployment to a core to talk with."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ggfleet.localcore import Store
from ggfleet.localcore.v2 import EmbeddedNucleus, load_components
from ggfleet.system.progress import Progress
from ggfleet.workbench.talk import Failures, Running


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
