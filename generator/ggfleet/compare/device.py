"""A device without anything on it: a folder, and a core that runs from there."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from ggfleet.errors import CompareError
from ggfleet.localcore import (
    CoreDeployment,
    CoreEvent,
    DeployReport,
    EmbeddedCore,
    Failed,
    Store,
)
from ggfleet.workbench import Message

PATIENCE = 120.0
"""Seconds for one answer. The first one may include the import of the libraries."""

POLL = 0.25
"""Seconds between two looks for a failure; an answer is noticed at once."""


class Device:
    """`folder` is the disk, `store` the way to S3, `python` what the functions run with."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        python: Path,
        isolation: str,
        log: Callable[[str], None],
    ) -> None:
        self.folder = folder
        self.python = python
        self._store = store
        self._isolation = isolation
        self._log = log

    def deploy(self, deployment: CoreDeployment) -> DeployReport:
        """Bring a deployment in force."""
        with self._core(deployment, lambda _: None) as core:
            return core.deploy()

    def first_inference(self, deployment: CoreDeployment, message: Message) -> float:
        """Start the functions of the deployment in force; seconds until `message` is answered.

        Raises `CompareError` when the answer does not come, or is a failure.
        """
        failures: list[Failed] = []

        def note(event: CoreEvent) -> None:
            if isinstance(event, Failed):
                failures.append(event)

        with self._core(deployment, note) as core:
            began = time.perf_counter()
            core.start()
            core.send(message.topic, message.payload)
            answer = None
            while answer is None and not failures and time.perf_counter() - began < PATIENCE:
                answer = core.next_answer(POLL)
            seconds = time.perf_counter() - began
        if answer is None or failures:
            why = failures[0].reason if failures else f"no answer within {PATIENCE:g} s"
            raise CompareError(
                f"the message on {message.topic} was not answered: {why}",
                fix="try the function with `ggfleet run` first",
            )
        return seconds

    def _core(self, deployment: CoreDeployment, note: Callable[[CoreEvent], None]) -> EmbeddedCore:
        return EmbeddedCore(
            deployment,
            self._store,
            self.folder / "greengrass",
            python=self.python,
            log=self._log,
            on_event=note,
            isolation_mode=self._isolation,
        )
