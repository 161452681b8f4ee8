"""Keeps a function's process running: one at a time, started again with a growing delay.

A pinned function starts with the core; one that is not starts with its first message and stays (a
V1 core would also run several at once and end idle ones). The memory limit of a container is not
enforced: what can be set without root, RLIMIT_AS, counts address space, and TensorFlow reserves far
more of it than memory.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

from ggfleet.localcore.daemon import Daemon
from ggfleet.localcore.deployment import CoreFunction
from ggfleet.localcore.environment import Surroundings, of_process
from ggfleet.localcore.isolation import launch_command
from ggfleet.localcore.logs import FunctionLog
from ggfleet.localcore.work import Worker, WorkQueue
from ggfleet.runtime import LAMBDA_RUNTIME

BACK_OFF = (0.5, 2.0, 8.0, 30.0)
"""Seconds to wait before a restart, after the first, second... end in a row."""

STEADY = 60.0
"""Seconds a process runs before its end counts as a first one again."""

GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL when the core stops."""


class FunctionProcess:
    """One process in a process group of its own, with its output going to the log."""

    def __init__(
        self, argv: Sequence[str], environment: dict[str, str], cwd: Path, log: FunctionLog
    ) -> None:
        self._reaped = threading.Lock()
        self._gone = False
        self.code = 0
        self._log = log
        self._child = subprocess.Popen(
            argv,
            env=environment,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self._child.stdout is not None  # it is a pipe
        self._reader = threading.Thread(target=self._read, args=(self._child.stdout,), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._child.pid

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._log.line(line.decode(errors="replace").rstrip())

    def signal(self, number: int) -> None:
        """Signal the whole group, unless it has been waited for."""
        with self._reaped:
            if not self._gone:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.pid, number)

    def exited(self) -> int:
        """Wait for the end, and leave what it left behind; the exit code, or minus the signal.

        Until `wait` is called nobody else gets the group's number.
        """
        ended = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None  # without WNOHANG there is a result
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def wait(self) -> str:
        """Wait for the end, end what it left behind, and say how it ended.

        The group is killed before the process is reaped: until then nobody else has its number.
        """
        self.exited()
        self.signal(signal.SIGKILL)
        with self._reaped:
            code = self._child.wait()
            self._gone = True
        self.code = code
        self._reader.join(GRACE)
        return f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"


class Supervisor:
    """Starts a function's process, admits it at the daemon, and starts it again when it ends.

    `restarted` is called with what happened. One thread starts every process: the kernel's signal
    at the parent's death is bound to the thread that made the child.
    """

    def __init__(
        self,
        function: CoreFunction,
        queue: WorkQueue,
        daemon: Daemon,
        place: Surroundings,
        package: Path,
        log: FunctionLog,
        *,
        python: Path,
        level: str,
        restarted: Callable[[str], None],
        back_off: Sequence[float] = BACK_OFF,
    ) -> None:
        self.function = function
        self.log = log
        self.failure = ""
        self.ready = threading.Event()
        self._queue = queue
        self._daemon = daemon
        self._place = place
        self._package = package
        self._restarted = restarted
        self._back_off = back_off
        self._command = _runtime_command(function, package, python, level)
        self._stopping = threading.Event()
        self._process: FunctionProcess | None = None
        self._thread = threading.Thread(target=self._run, name=function.name, daemon=True)

    def start(self) -> None:
        """Begin. `ready` is set when the function is initialised or has failed to be."""
        self._thread.start()

    def _run(self) -> None:
        if not self.function.pinned:
            self._queue.wait_for_work()
        ends = 0
        while not self._stopping.is_set():
            begin = time.monotonic()
            how = self._once()
            self.ready.set()
            if self._stopping.is_set():
                break
            ends = 1 if time.monotonic() - begin > STEADY else ends + 1
            delay = self._back_off[min(ends, len(self._back_off)) - 1]
            self._restarted(f"{self.function.name} {how}; it is started again in {delay:g} s")
            self._stopping.wait(delay)

    def _once(self) -> str:
        """One process from its start to its end; says how it ended."""
        worker = Worker(self._queue, self.function.timeout, self._kill)
        self._daemon.admit(worker)
        variables = {
            **self._place.variables,
            **of_process(self._daemon.port, worker.token),
        }
        argv = launch_command(self._command, self._package, self._place.root, self._place.binds)
        self._process = process = FunctionProcess(argv, variables, self._place.work, self.log)
        worker.pid = process.pid
        threading.Thread(target=self._await_start, args=(worker,), daemon=True).start()
        if self._stopping.is_set():
            process.signal(signal.SIGKILL)
        how = process.wait()
        if worker.init_error:
            self.failure = f"{self.function.name} cannot be loaded: {worker.init_error}"
        elif not worker.started.is_set():
            self.failure = f"{self.function.name} {how} before it was ready"
        self._queue.end(worker, f"the process {how}")
        worker.started.set()
        return how if worker.end_reason.endswith(how) else f"{how}: {worker.end_reason}"

    def _await_start(self, worker: Worker) -> None:
        worker.started.wait()
        if not worker.init_error and not worker.closed:
            self.failure = ""
            self.ready.set()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.signal(signal.SIGKILL)

    def start_no_more(self) -> None:
        """Start no other process."""
        self._stopping.set()

    def terminate(self) -> None:
        """Tell the process to end."""
        if self._process is not None:
            self._process.signal(signal.SIGTERM)

    def stop(self) -> None:
        """Wait a moment for the process's end, then kill it."""
        if self._thread.ident is not None:
            self._thread.join(GRACE)
            while self._thread.is_alive():
                self._kill()
                self._thread.join(0.1)
        self.log.close()


def _runtime_command(
    function: CoreFunction, package: Path, python: Path, level: str
) -> tuple[str, ...]:
    """The interpreter and the runtime.

    `-s`: no packages of the user's own. `-u`: lines appear when they are printed. `-B`: on a device
    a function can write into neither its package nor an ML resource, so that no bytecode is cached
    there; here the files belong to whoever runs ggfleet, and root is not held by their modes.
    """
    options = ("--handler", function.handler, "--package", str(package), "--level", level)
    return (str(python), "-s", "-u", "-B", str(LAMBDA_RUNTIME), *options)
