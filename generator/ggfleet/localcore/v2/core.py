"""The embedded V2 core: deploys components, runs them, takes messages in and hands answers out."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ggfleet.errors import CoreError
from ggfleet.localcore.deployment import CLOUD
from ggfleet.localcore.environment import inherited
from ggfleet.localcore.events import CoreEvent, Dropped, Failed, Message, Restarted
from ggfleet.localcore.process import BACK_OFF
from ggfleet.localcore.report import DeployReport
from ggfleet.localcore.resources import Deployer
from ggfleet.localcore.running import RunningCore, not_up
from ggfleet.localcore.store import Store
from ggfleet.localcore.topics import MAX_PAYLOAD, topic_problem
from ggfleet.localcore.v2 import plans
from ggfleet.localcore.v2.access import Authority, Policy
from ggfleet.localcore.v2.broker import Realm
from ggfleet.localcore.v2.configuration import ConfigurationStore
from ggfleet.localcore.v2.deployment import ComponentDeployment
from ggfleet.localcore.v2.layout import ComponentLayout
from ggfleet.localcore.v2.operations import NucleusOperations
from ggfleet.localcore.v2.recipe import Recipe
from ggfleet.localcore.v2.server import IpcServer
from ggfleet.localcore.v2.supervisor import ComponentSupervisor, Listener, State
from ggfleet.localcore.v2.tally import Tally
from ggfleet.system.process import base_python, run

START_TIMEOUT = 120.0
"""Seconds for all components to run and to have subscribed."""

ENDED = (State.BROKEN, State.FINISHED)
SOCKET = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
REPORT = "GGFLEET_REPORT"
"""Set here and on no device: the adapter then tells when it has handled a message."""


class EmbeddedNucleus(RunningCore):
    """One V2 core below `root`, used like `EmbeddedCore`: a context manager with the same methods.

    `secrets` are texts by secret id. `variables` is the environment of whoever runs this.
    """

    def __init__(
        self,
        deployment: ComponentDeployment,
        store: Store,
        root: Path,
        *,
        region: str = "",
        python: Path | None = None,
        log: Callable[[str], None] = lambda _: None,
        on_event: Callable[[CoreEvent], None] = lambda _: None,
        secrets_by_id: Mapping[str, str] | None = None,
        variables: Mapping[str, str] | None = None,
        back_off: tuple[float, ...] = BACK_OFF,
    ) -> None:
        self.deployment = deployment
        self.layout = ComponentLayout(root.absolute())
        super().__init__(self.layout, log, on_event)
        self._region = region
        self._python = python or base_python()
        self._secrets = secrets_by_id or {}
        self._variables = os.environ if variables is None else variables
        self._back_off = back_off
        self._deployer = Deployer(self.layout, store)
        self._server: IpcServer | None = None
        self._operations: NucleusOperations | None = None
        self._tally = Tally()
        self._supervisors: dict[str, ComponentSupervisor] = {}

    def deploy(self) -> DeployReport:
        """Bring artifacts and configuration in force. Raises CoreError before anything is changed.

        A lost connection or a full disk may leave the artifacts before in force, whole.
        """
        self._need_stopped()
        for note in self.deployment.notes:
            self._log(note)
        store = ConfigurationStore(self.layout.configuration)
        configuration = plans.configured(self.deployment, store.values)
        plans.permitted(configuration)
        plans.planned(self.deployment, self.layout, configuration, {})
        items = list(plans.wanted(self.deployment, self.layout))
        report = self._deployer.bring(self.deployment.name, items)
        store.replace(configuration)
        self._log(
            f"{self.deployment.name} is in force: {report.download_bytes} bytes fetched, "
            f"{report.files} files unpacked in {report.seconds:.1f} s"
        )
        return report

    def start(self, timeout: float = START_TIMEOUT) -> None:
        """Start all components in order; returns when those that may subscribe have done so.

        Raises CoreError naming the component that does not come up, with the last lines it said.
        """
        self._need_stopped()
        trees = self._in_force(plans.wanted(self.deployment, self.layout))
        store = ConfigurationStore(self.layout.configuration)
        policies = plans.permitted(store.values)
        plans.lay_out(self.deployment, self.layout, trees)
        self._link_python()
        tokens = {r.name: secrets.token_urlsafe(32) for r in self.deployment.components}
        self._tally = Tally()
        self._operations = operations = NucleusOperations(
            tokens,
            Authority(policies),
            store,
            to_cloud=self._to_cloud,
            reported=self._reported,
            delivered=self._tally.delivered,
            secrets=self._secrets,
            log=self._log,
        )
        self._server = server = IpcServer(self.layout.root, operations, self._log)
        server.start()
        surroundings = {name: self._environment(server, token) for name, token in tokens.items()}
        listener = Listener(self._log, self._erred, self._record)
        for component in plans.planned(self.deployment, self.layout, store.values, surroundings):
            supervisor = ComponentSupervisor(component, listener, self._back_off)
            self._supervisors[component.name] = supervisor
        try:
            self._start_all(policies, time.monotonic() + timeout)
        except BaseException:
            self.stop()
            raise

    @property
    def _runs(self) -> bool:
        return self._server is not None

    def _link_python(self) -> None:
        """Make `python3` and `python3.N` of a component's scripts the platform's interpreter."""
        tell = "import sys; print('python%d.%d' % sys.version_info[:2])"
        for name in ("python3", run([self._python, "-I", "-S", "-c", tell]).strip()):
            link = self.layout.root / "bin" / name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self._python)

    def _environment(self, server: IpcServer, token: str) -> dict[str, str]:
        """What a nucleus sets for a component's steps. Bytecode is not written, as on a device."""
        own = inherited(self._variables)
        path = f"{self.layout.root / 'bin'}{os.pathsep}{own.get('PATH', os.defpath)}"
        region = {"AWS_REGION": self._region, "AWS_DEFAULT_REGION": self._region}
        return {
            **own,
            **(region if self._region else {}),
            "PATH": path,
            "PYTHONDONTWRITEBYTECODE": "1",
            "SVCUID": token,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            SOCKET: str(server.path),
            "AWS_IOT_THING_NAME": self.deployment.thing_name,
            REPORT: "1",
        }

    def _start_all(self, policies: Mapping[str, tuple[Policy, ...]], end: float) -> None:
        for supervisor in self._supervisors.values():
            supervisor.start()
            supervisor.up.wait(max(0.0, end - time.monotonic()))
            self._check(supervisor, in_time=supervisor.up.is_set())
        for name, supervisor in self._supervisors.items():
            subscribes = any(_subscribes(policy) for policy in policies[name])
            while subscribes and not self._settled(name) and supervisor.state not in ENDED:
                self._check(supervisor, in_time=time.monotonic() < end)
                time.sleep(0.02)
            self._check(supervisor, in_time=True)
            self._log(f"{name} is {supervisor.state}")
        for recipe in self.deployment.components:
            self._tell_ended(recipe)

    def _tell_ended(self, recipe: Recipe) -> None:
        """On nucleus lite a component ends with what it depends on HARD."""
        for other in recipe.dependencies:
            ended = self._supervisors.get(other.name)
            if other.hard and ended and ended.state is State.FINISHED:
                self._log(f"{recipe.name}: nucleus lite would stop it: {other.name} has ended")

    def _settled(self, name: str) -> bool:
        assert self._server is not None  # start has made both
        assert self._operations is not None
        broker = self._operations.broker
        return self._tally.ready(name, self._server.do(lambda: broker.count(name)))

    def _check(self, supervisor: ComponentSupervisor, *, in_time: bool) -> None:
        broken = supervisor.state is State.BROKEN
        if in_time and not broken:
            return
        problem = supervisor.problem if broken else "it is not ready in time"
        text = f"{supervisor.component.name} is {supervisor.state}: {problem}"
        raise not_up(text, supervisor.log)

    def send(self, topic: str, payload: bytes) -> None:
        """A message from AWS IoT Core. Raises CoreError for one that it would refuse."""
        if self._server is None or self._operations is None:
            raise CoreError("the core does not run", fix="start it first")
        problem = topic_problem(topic)
        if len(payload) > MAX_PAYLOAD:
            problem = f"it has {len(payload)} bytes, {MAX_PAYLOAD} are allowed"
        if problem:
            raise CoreError(f"this message cannot be sent: {problem}")
        broker = self._operations.broker
        if not self._server.do(lambda: broker.publish(Realm.IOT_CORE, "", topic, payload)):
            self._drop(Dropped(Message(CLOUD, topic, payload), "no component subscribes to it"))

    @property
    def pending(self) -> int:
        """Messages that components have not handled: those of the busiest."""
        return self._tally.pending()

    def health(self) -> list[dict[str, object]]:
        """The components' states."""
        return [{"component": n, "state": str(s.state)} for n, s in self._supervisors.items()]

    def stop(self) -> None:
        """End all components, dependents first. What is in force stays."""
        for supervisor in reversed(self._supervisors.values()):
            supervisor.stop()
        if self._server is not None:
            self._server.stop()
        self._supervisors, self._server, self._operations = {}, None, None

    def _to_cloud(self, component: str, topic: str, payload: bytes) -> None:
        self._tally.seen(component)
        self._answer(Message(component, topic, payload))

    def _reported(self, component: str, state: str) -> None:
        self._log(f"{component} reports {state}")
        self._supervisors[component].reported(state)

    def _record(self, component: str, record: Mapping[str, object]) -> None:
        """What the adapter tells: that it is ready, or that it has handled a message."""
        self._tally.record(component, record)
        if error := record.get("error"):
            topic = str(record.get("topic", ""))
            self._fail(Failed(component, topic, "Handled", str(error)))

    def _erred(self, component: str, reason: str) -> None:
        self._log(f"{component}: {reason}")
        if lost := self._tally.lost(component):
            why = f"{lost} messages were not handled: {reason}"
            self._fail(Failed(component, "", "Unhandled", why))
        self._on_event(Restarted(component, reason))


def _subscribes(policy: Policy) -> bool:
    return bool({"*", "SubscribeToTopic", "SubscribeToIoTCore"} & set(policy.operations))
