"""Runs one component through its lifecycle: install, then startup or run, and again on errors.

The states are a nucleus's. A component that errs three times in a row is BROKEN and stays so. One
thread starts every process of a component: the kernel's signal at the parent's death is bound to
the thread that made the child.
"""

from __future__ import annotations

import contextlib
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ggfleet.localcore.isolation import launch_command
from ggfleet.localcore.logs import FunctionLog
from ggfleet.localcore.process import GRACE, STEADY, FunctionProcess

SHELL = "/bin/sh"
TRIES = 3
STEP_SECONDS = 120.0
"""A step's time unless its recipe says otherwise; `run` has none."""

SHUTDOWN_SECONDS = 15.0
DAEMON_GRACE = 0.5
"""Seconds between SIGTERM and SIGKILL for what a startup step has left running."""

LOG_SPACE = 10 * 1024
RECORD = "\x1e"
"""Begins a line in which the adapter tells the core something; such lines are not logged."""


class State(StrEnum):
    """Where a component is in its lifecycle."""

    NEW = "NEW"
    INSTALLED = "INSTALLED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    ERRORED = "ERRORED"
    BROKEN = "BROKEN"
    FINISHED = "FINISHED"


@dataclass(frozen=True)
class Plan:
    """One step as it is run: `seconds` is its limit, None for none."""

    script: str
    variables: Mapping[str, str]
    seconds: float | None = None


@dataclass(frozen=True)
class Component:
    """A component with everything filled in. `steps` by name."""

    name: str
    steps: Mapping[str, Plan]
    work: Path
    log: Path


@dataclass(frozen=True)
class Listener:
    """Who is told: of lines printed, of errors, and of records that the adapter writes."""

    line: Callable[[str], None] = lambda _: None
    erred: Callable[[str, str], None] = lambda _c, _r: None
    record: Callable[[str, Mapping[str, object]], None] = lambda _c, _r: None


class _Log(FunctionLog):
    """A component's log; keeps the adapter's records out of it."""

    def __init__(self, component: Component, listener: Listener) -> None:
        super().__init__(component.log, component.name, LOG_SPACE, listener.line)
        self._component = component.name
        self._record = listener.record

    def line(self, text: str) -> None:
        """One line that the component printed."""
        if not text.startswith(RECORD):
            super().line(text)
            return
        with contextlib.suppress(ValueError):
            self._record(self._component, json.loads(text.removeprefix(RECORD)))


class ComponentSupervisor:
    """Runs a component from `start` to `stop`. `up` is set when it runs, has ended or is broken."""

    def __init__(self, component: Component, listener: Listener, back_off: Sequence[float]) -> None:
        self.component = component
        self.log = _Log(component, listener)
        self.state = State.NEW
        self.up = threading.Event()
        self.problem = ""
        self._listener = listener
        self._back_off = back_off
        self._stopping = threading.Event()
        self._woken = threading.Event()
        self._limit = threading.Timer(0, lambda: None)
        self._process: FunctionProcess | None = None
        self._thread = threading.Thread(target=self._run, name=component.name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def reported(self, state: str) -> None:
        """The component has told its state over the IPC."""
        if state == State.ERRORED:
            self.problem = "it reported ERRORED"
            self._woken.set()
            self._signal(signal.SIGTERM)
        elif self.state == State.STARTING:
            self._limit.cancel()
            self._is_up(State.RUNNING)

    def _is_up(self, state: State) -> None:
        self.state = state
        self.up.set()

    def _run(self) -> None:
        """Try until it ends well, three errors came in a row, or the core stops."""
        errors = 0
        while not self._stopping.is_set():
            begin = time.monotonic()
            self.problem = ""
            if self._once() or self._stopping.is_set():
                break
            errors = 1 if time.monotonic() - begin > STEADY else errors + 1
            self.state = State.ERRORED if errors < TRIES else State.BROKEN
            self._listener.erred(self.component.name, f"{self.problem} ({self.state})")
            if self.state is State.BROKEN:
                break
            self._woken.clear()
            self._stopping.wait(self._back_off[min(errors, len(self._back_off)) - 1])
        self.up.set()

    def _once(self) -> bool:
        """All steps once; False when one has failed."""
        steps = self.component.steps
        if "install" in steps and not self._step("install", STEP_SECONDS):
            return False
        self.state = State.INSTALLED
        if "startup" in steps:
            return self._startup(steps["startup"])
        return self._long_run(steps["run"]) if "run" in steps else self._finish()

    def _finish(self) -> bool:
        self._is_up(State.FINISHED)
        return True

    def _step(self, name: str, seconds: float) -> bool:
        """Run a step to its end."""
        plan = self.component.steps[name]
        with self._started(plan, plan.seconds or seconds) as process:
            how, code = process.wait(), process.code
        return self._judged(name, how, code)

    def _judged(self, name: str, how: str, code: int) -> bool:
        if code != 0 and not self.problem:
            self.problem = f"its step {name} {how}"
        return code == 0 and not self.problem

    def _startup(self, plan: Plan) -> bool:
        """Run the step; what it leaves running lives until the core stops."""
        self.state = State.STARTING
        with self._started(plan, plan.seconds or STEP_SECONDS) as process:
            code = process.exited()
            if code == 0 and not self.problem:
                self._is_up(State.RUNNING)
                self._limit.cancel()
                self._woken.wait()
                process.signal(signal.SIGTERM)
                time.sleep(DAEMON_GRACE)
            how = process.wait()
        return self._judged("startup", how, code)

    def _long_run(self, plan: Plan) -> bool:
        with self._started(plan, None) as process:
            self._is_up(State.RUNNING)
            how, code = process.wait(), process.code
        return self._judged("run", how, code) and self._finish()

    @contextlib.contextmanager
    def _started(
        self, plan: Plan, seconds: float | None, *, stopping: bool = True
    ) -> Iterator[FunctionProcess]:
        argv = [SHELL, "-c", plan.script]
        command = launch_command(argv, self.component.work, None, ())
        environment = dict(plan.variables)
        process = FunctionProcess(command, environment, self.component.work, self.log)
        self._process = process
        if seconds is not None:
            self._limit = threading.Timer(seconds, self._too_long, (seconds,))
            self._limit.daemon = True
            self._limit.start()
        if stopping and self._stopping.is_set():
            process.signal(signal.SIGTERM)
        try:
            yield process
        finally:
            self._limit.cancel()

    def _too_long(self, seconds: float) -> None:
        self.problem = f"a step took longer than {seconds:g} s"
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        if self._process is not None:
            self._process.signal(number)

    def _shut_down(self) -> None:
        plan, running = self.component.steps.get("shutdown"), self._process
        if plan is not None:
            with self._started(plan, plan.seconds or SHUTDOWN_SECONDS, stopping=False) as process:
                process.wait()
            self._process = running

    def stop(self) -> None:
        """Run the shutdown step, tell the processes to end, and kill what does not in time."""
        self._stopping.set()
        if self._thread.ident is not None:
            if self.state is State.RUNNING:
                self.state = State.STOPPING
                self._shut_down()
            self._woken.set()
            self._signal(signal.SIGTERM)
            self._thread.join(GRACE)
            while self._thread.is_alive():
                self._signal(signal.SIGKILL)
                self._thread.join(0.1)
        self.log.close()
