"""The embedded core: deploys, starts functions, takes messages in and hands answers out."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ggfleet.errors import CoreError
from ggfleet.localcore import environment, isolation
from ggfleet.localcore.daemon import Daemon
from ggfleet.localcore.deployment import CLOUD, CoreDeployment, CoreFunction
from ggfleet.localcore.environment import IsolationMode
from ggfleet.localcore.events import CoreEvent, Failed, Message, Restarted
from ggfleet.localcore.layout import Layout
from ggfleet.localcore.logs import FunctionLog
from ggfleet.localcore.process import BACK_OFF, Supervisor
from ggfleet.localcore.report import DeployReport
from ggfleet.localcore.resources import Deployer, wanted
from ggfleet.localcore.router import PublishError, Router
from ggfleet.localcore.running import RunningCore, not_up
from ggfleet.localcore.store import Store
from ggfleet.localcore.work import Invocation, WorkQueue
from ggfleet.system.files import remove_tree
from ggfleet.system.process import base_python

START_TIMEOUT = 120.0
"""Seconds for all pinned functions to load; TensorFlow from a cold disk takes 15."""

STOP_GRACE = 1.0
"""Seconds that handlers get to end the call they work on when the core stops."""


@dataclass(frozen=True)
class Machine:
    """What a core takes from the machine; tests give their own."""

    variables: Mapping[str, str]
    back_off: Sequence[float] = BACK_OFF
    probe: Callable[[Path, Path], str] = isolation.probe


class EmbeddedCore(RunningCore):
    """One core below `root`.

    `deploy()` brings the deployment in force, `start()` runs its functions; `start()` alone is
    enough when the same deployment is in force already. `isolation_mode` is `auto`,
    `mount-namespace` or `relocated`.
    """

    def __init__(
        self,
        deployment: CoreDeployment,
        store: Store,
        root: Path,
        *,
        python: Path | None = None,
        log: Callable[[str], None] = lambda _: None,
        on_event: Callable[[CoreEvent], None] = lambda _: None,
        isolation_mode: str = isolation.AUTO,
        machine: Machine | None = None,
        deployer: Callable[[Layout, Store], Deployer] = Deployer,
    ) -> None:
        self.deployment = deployment
        self.layout = Layout(root.absolute())
        super().__init__(self.layout, log, on_event)
        self._python = python or base_python()
        self._wanted_mode = isolation_mode
        self._machine = machine or Machine(os.environ)
        self._deployer = deployer(self.layout, store)
        self._mode: IsolationMode | None = None
        self._daemon: Daemon | None = None
        self._router: Router | None = None
        self._queues: dict[str, WorkQueue] = {}
        self._supervisors: list[Supervisor] = []

    @property
    def isolation(self) -> str:
        """How functions that ask for a container run here; empty when there are none."""
        if not any(f.contained for f in self.deployment.functions):
            return ""
        if self._mode is None:
            work = self.layout.root / "ggc" / "work"
            probe = partial(self._machine.probe, work, self._python)
            self._mode, why = isolation.choose(self._wanted_mode, probe)
            reason = f" ({why})" if why else ""
            self._log(f"isolation of containers: {self._mode}{reason}")
        return self._mode

    def deploy(self) -> DeployReport:
        """Bring the deployment in force. After CoreError the one before is in force, whole."""
        self._need_stopped()
        for note in self.deployment.notes:
            self._log(note)
        report = replace(self._deployer.deploy(self.deployment), isolation=self.isolation)
        self._log(
            f"{self.deployment.group} is in force: {report.download_bytes / 10**6:.1f} MB fetched, "
            f"{report.files} files unpacked in {report.seconds:.1f} s"
        )
        return report

    def start(self, timeout: float = START_TIMEOUT) -> None:
        """Start the functions of the deployment in force; returns when all pinned ones are ready.

        `timeout` is in seconds. Raises CoreError naming the function that is not ready, with the
        last lines of its log.
        """
        self._need_stopped()
        trees = self._trees()
        functions = self.deployment.functions
        self._queues = {f.arn: WorkQueue(f.arn, self._finished) for f in functions}
        self._router = Router(self.deployment.subscriptions, self._queues, self._answer, self._drop)
        remove_tree(self.layout.root / "ggc" / "work")
        plans = [(f, self._surroundings(f, trees)) for f in functions]
        self._daemon = Daemon(self._queues, self._router)
        for function, place in plans:
            package = trees[f"function:{function.arn}"]
            self._supervisors.append(self._supervisor(function, place, package, self._daemon))
        try:
            self._start_all(timeout)
        except BaseException:
            self.stop()
            raise

    @property
    def _runs(self) -> bool:
        return self._daemon is not None

    def _trees(self) -> dict[str, Path]:
        in_force = self._in_force(wanted(self.deployment, self.layout))
        return {key: tree.path for key, tree in in_force.items()}

    def _surroundings(
        self, function: CoreFunction, trees: Mapping[str, Path]
    ) -> environment.Surroundings:
        resources = {r.id: trees[f"resource:{r.id}"] for r in self.deployment.resources}
        mode = IsolationMode(self.isolation or IsolationMode.RELOCATED)
        for line in environment.left_out(self.deployment, function, mode):
            self._log(line)
        place = environment.surroundings(
            self.deployment, function, resources, self.layout, mode, self._machine.variables
        )
        environment.make_links(place)
        return place

    def _supervisor(
        self,
        function: CoreFunction,
        place: environment.Surroundings,
        package: Path,
        daemon: Daemon,
    ) -> Supervisor:
        logger = self.deployment.lambda_logger()
        path = self.layout.log(function.region, function.account, function.name)
        return Supervisor(
            function,
            self._queues[function.arn],
            daemon,
            place,
            package,
            FunctionLog(path, function.name, logger.space, self._log),
            python=self._python,
            level=logger.level,
            restarted=partial(self._has_ended, function.name),
            back_off=self._machine.back_off,
        )

    def _start_all(self, timeout: float) -> None:
        pinned = [s for s in self._supervisors if s.function.pinned]
        end = time.monotonic() + timeout
        for supervisor in self._supervisors:
            supervisor.start()
        for supervisor in pinned:
            in_time = supervisor.ready.wait(max(0.0, end - time.monotonic()))
            if in_time and not supervisor.failure:
                self._log(f"{supervisor.function.name} is ready")
                continue
            problem = supervisor.failure or (
                f"{supervisor.function.name} is not ready after {timeout:g} s"
            )
            raise not_up(problem, supervisor.log)

    def send(self, topic: str, payload: bytes) -> None:
        """A message from the cloud. Raises CoreError for one that AWS IoT Core would refuse."""
        if self._router is None:
            raise CoreError("the core does not run", fix="start it first")
        try:
            self._router.publish(Message(CLOUD, topic, payload))
        except PublishError as error:
            raise CoreError(f"this message cannot be sent: {error}") from error

    @property
    def pending(self) -> int:
        """Messages that the functions have not finished: those of the fullest queue."""
        return max((queue.pending for queue in self._queues.values()), default=0)

    def health(self) -> list[dict[str, object]]:
        """The functions' processes, as the health endpoint tells."""
        return self._daemon.health() if self._daemon else []

    @property
    def health_url(self) -> str:
        """Where the same is asked by HTTP, as on a device."""
        if self._daemon is None:
            raise CoreError("the core does not run", fix="start it first")
        return f"http://127.0.0.1:{self._daemon.port}/2016-11-01/health/workers"

    def stop(self) -> None:
        """End all processes; calls that were not answered fail. What is in force stays."""
        for supervisor in self._supervisors:
            supervisor.start_no_more()
        end = time.monotonic() + STOP_GRACE
        for work in self._queues.values():
            work.close()
        for work in self._queues.values():
            work.wait_idle(max(0.0, end - time.monotonic()))
        for supervisor in self._supervisors:
            supervisor.terminate()
        for supervisor in self._supervisors:
            supervisor.stop()
        if self._daemon is not None:
            self._daemon.stop()
        self._supervisors, self._queues, self._router, self._daemon = [], {}, None, None

    def _finished(self, invocation: Invocation) -> None:
        result = invocation.result
        if result is None or not result.error:
            return
        name = invocation.arn.split(":")[6]
        self._fail(Failed(name, invocation.topic, result.error, result.message()))

    def _has_ended(self, name: str, reason: str) -> None:
        self._log(reason)
        self._on_event(Restarted(name, reason))
