"""Carry out one task of ggfleet's comparison on this device; a program, no part of Greengrass.

    compared_device.py CORES READ WRITE < TASK.json

Its answer is one line of JSON. It runs in a control group of its own, with so many processors, and
bytes that the disk reads and writes in a second; 0 is no limit. A `change` brings steps in force as
a core or a person over SSH would, and tells what it cost; `observe` tells what lies on the disk,
`infer` how long an answer takes. Paths are below `base`, the one folder of a strategy.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Callable, Dict, Iterator, List, Tuple

sys.path.insert(0, str(Path(__file__).resolve().parent))

import compared_groups  # type: ignore[import-not-found]  # they lie beside this file
import compared_parts  # type: ignore[import-not-found]

Task = Dict[str, Any]
BLOCK = 512
SAMPLES = 0.05
"""Seconds between two looks at the memory in use."""
TOLD = 600
"""Characters of what a command that failed has said last."""


class LateError(Exception):
    """The change took longer than it may."""


def change(task: Task) -> Task:
    """Carry out the steps; a step that fails ends the change and is told."""
    base = Path(task["base"])
    base.mkdir(parents=True, exist_ok=True)
    group = compared_groups.own(base)
    received, written = _received(task["interface"]), group.written()
    began = time.monotonic()
    with _Memory(group) as memory, _limited(task["seconds"]):
        message, said = _carried_out(base, task["steps"])
    seconds = time.monotonic() - began
    return {
        "outcome": "failed" if message else "done",
        "message": message,
        "said": said,
        "seconds": round(seconds, 6),
        "received_bytes": _received(task["interface"]) - received,
        "cpu_seconds": round(group.cpu_seconds(), 6),
        "peak_memory_bytes": memory.peak,
        "written_bytes": group.written() - written,
    }


def _carried_out(base: Path, steps: List[Task]) -> Tuple[str, str]:
    """What went wrong, if something did, and what the last step has said."""
    said = ""
    try:
        for step in steps:
            said = STEPS[step["do"]](base, step) or ""
        _sync(base)
    except Exception as error:  # noqa: BLE001 - whatever ends a change is what we are here to tell
        _sync(base)
        return f"{type(error).__name__}: {error}", said
    return "", said


def _sync(base: Path) -> None:
    """A change is over when it would outlast a power cut; whoever carries it out may not care."""
    if base.exists():
        subprocess.run(["sync", "--file-system", str(base)], check=True)


def _run(base: Path, step: Task) -> str:
    """Run a command; what it said. Its home and temporary files lie where they are counted."""
    for name in ("home", "tmp"):
        (base / name).mkdir(parents=True, exist_ok=True)
    environment = {
        **os.environ, "HOME": str(base / "home"), "TMPDIR": str(base / "tmp"),
        "PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1",
    }  # fmt: skip
    argv = [word.replace("{base}", str(base)) for word in step["argv"]]
    running = subprocess.Popen(
        argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        said, _ = running.communicate()
    except BaseException:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
        raise
    finally:
        for name in ("home", "tmp"):
            compared_parts.remove_empty(base / name)
    if running.returncode:
        raise RuntimeError(f"{argv[0]} ended with {running.returncode}: {said.strip()[-TOLD:]}")
    return said


def _write(base: Path, step: Task) -> None:
    path = base / step["path"]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(step["text"])


STEPS: Dict[str, Callable[[Path, Task], Any]] = {
    "place": compared_parts.place,
    "delta": compared_parts.patch,
    "switch": compared_parts.switch,
    "remove": compared_parts.remove,
    "run": _run,
    "write": _write,
}


def observe(task: Task) -> Task:
    """Tell what lies below `base`, and how much of it belongs to nothing that serves."""
    base = Path(task["base"])
    kept = [base / path for path in task["keeps"]] + list(compared_parts.kept(base))
    whole, files = _use([base])
    serving, _ = _use(kept)
    digest = compared_parts.digest(base, task["keeps"]) if task["digest"] else ""
    # Folders above what is kept are nobody's: they are counted with what serves while there is any.
    frame, _ = _use(_above(base, kept), deep=False)
    return {
        "disk_bytes": whole,
        "files": files,
        "left_behind_bytes": max(0, whole - serving - frame),
        "digest": digest,
    }


def _above(base: Path, kept: List[Path]) -> List[Path]:
    above = {folder for path in kept if path.exists() for folder in path.parents}
    return [folder for folder in above if folder == base or base in folder.parents]


def _use(tops: List[Path], deep: bool = True) -> Tuple[int, int]:
    """Allocated bytes and regular files, each once, of one file system; mounted images are not."""
    seen = set()
    size = files = 0
    for top in tops:
        for path, status in _entries(top, deep):
            if status.st_ino not in seen:
                seen.add(status.st_ino)
                size += status.st_blocks * BLOCK
                files += path.is_file() and not path.is_symlink()
    return size, files


def _entries(top: Path, deep: bool) -> Iterator[Tuple[Path, os.stat_result]]:
    if not os.path.lexists(str(top)):
        return
    status = top.lstat()
    yield top, status
    if not deep or top.is_symlink() or not top.is_dir():
        return
    for folder, folders, names in os.walk(str(top)):
        here = [os.path.join(folder, name) for name in folders]
        folders[:] = [Path(f).name for f in here if os.lstat(f).st_dev == status.st_dev]
        for name in names + folders:
            path = Path(folder, name)
            yield path, path.lstat()


def infer(task: Task) -> Task:
    """Start a process as a core does and wait for its first answer, as often as wanted."""
    base = Path(task["base"])
    program = Path(__file__).resolve().with_name("compared_inference.py")
    prefix = base / "prefix"
    _link(base, prefix, task["resources"])
    order = {
        **task["order"],
        "paths": [str(each) for path in task["paths"] for each in sorted(base.glob(path))],
        "marks": {name: str(base / path) for name, path in task["marks"].items()},
        "environment": {**task["order"]["environment"], "AWS_GG_RESOURCE_PREFIX": str(prefix)},
    }
    python = task["python"].replace("{base}", str(base))
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        argv = [python, str(program), json.dumps(order)]
        return {"answers": [_asked(argv, environment) for _ in range(task["times"])]}
    finally:
        shutil.rmtree(str(prefix), ignore_errors=True)


def _link(base: Path, prefix: Path, resources: Dict[str, str]) -> None:
    """Show each resource under its destination path, as a core does."""
    for destination, path in resources.items():
        link = prefix / destination.lstrip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(base / path)


def _asked(argv: List[str], environment: Dict[str, str]) -> Task:
    with tempfile.TemporaryFile("w+") as said:
        began = time.monotonic()
        running = subprocess.Popen(
            argv, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said,
            text=True,
        )  # fmt: skip
        assert running.stdout is not None
        answered = running.stdout.readline()
        seconds = time.monotonic() - began
        rest = running.stdout.read()
        if running.wait() or answered != "answered\n":
            said.seek(0)
            return {"answered": False, "message": said.read().strip()[-TOLD:]}
    return {"answered": True, "seconds": round(seconds, 6), **json.loads(rest)}


class _Memory:
    """Looks now and then how much memory the group uses that is no cache, and keeps the most."""

    def __init__(self, group: compared_groups.Group) -> None:
        self.peak = 0
        self._group = group
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> _Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.peak = max(self.peak, self._group.memory_at_end())

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, self._group.memory())
            if self._over.wait(SAMPLES):
                return


class _limited:  # noqa: N801 - reads as a function where it is used
    """Raises `LateError` in the block after so many seconds."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        def late(*_: object) -> None:
            raise LateError(f"not done within {self._seconds:g} s")

        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _received(interface: str) -> int:
    return int(Path("/sys/class/net", interface, "statistics/rx_bytes").read_text())


TASKS: Dict[str, Callable[[Task], Task]] = {"change": change, "observe": observe, "infer": infer}


def main(cores: str, read: str, write: str) -> None:
    """Carry out the task on standard input."""
    compared_groups.enter(float(cores), int(read), int(write))
    task = json.load(sys.stdin)
    answer = TASKS[task["task"]](task)
    compared_groups.leave()
    print(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
