#!/usr/bin/python
"""Ansible module that runs a unit and proves that it runs, in one round trip.

It takes its arguments as JSON (`JSONARGS`) and needs nothing but Python on the host: loading
`AnsibleModule` costs a small board longer than the work. The action plugin of the same name
checks the arguments on the machine that runs Ansible.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_unit
short_description: Run a unit and prove that it runs, in one round trip
description:
  - Enables and starts a unit, restarts one that must take something over, waits until it answers,
    and notes what it was started with.
  - Runs wherever Python 3.8 or newer is; arguments are checked on the machine that runs Ansible.
options:
  name:
    description: The unit.
    type: str
    required: true
  restart:
    description: Whether to restart the unit where it runs already.
    type: bool
    default: false
  reset_failed:
    description:
      - Units, as patterns, whose failures are forgotten before a start. Those that have failed too
        often would refuse.
    type: list
    elements: str
    default: []
  wait_url:
    description: Wait until this URL on the host answers with 200.
    type: str
  wait_units:
    description: Wait until all these units are active.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds to wait. The module fails after them.
    type: int
    default: 60
  note:
    description: File that takes I(noted) once the unit answers.
    type: path
  noted:
    description: What the unit was started with, a digest for example.
    type: str
    default: ""
  restart_unless_noted:
    description: Whether to restart a unit that runs already where I(note) holds something else.
    type: bool
    default: false
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Run the core
  greengrass_unit:
    name: greengrass.service
    wait_url: http://localhost:8000/2016-11-01/health/workers
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, a phrase each.
  returned: always
  type: list
"""

import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
PROPERTIES = "LoadState,ActiveState,UnitFileState"
PAUSE = 0.2


class RefusedError(Exception):
    """The unit does not run; the message says why."""


class Unit:
    """A unit of systemd. What is to be changed is changed here, and noted."""

    def __init__(self, name: str, parts: list[str], check: bool) -> None:
        """`parts` are units that it brings along. With `check`, only note."""
        self.name, self.parts, self.check = name, parts, check
        self.changes: list[str] = []

    def run(self, restart: bool, patterns: list[str]) -> None:
        """Enable and start the unit, or restart it."""
        found = self._found()
        # Also when nothing was written now: a run that was cut off may have left old files loaded.
        if found["LoadState"] == "not-found" or self._has_old_files():
            found = self._reload()
        if found["UnitFileState"] != "enabled" and self._note("enabled"):
            systemctl("enable", self.name)
        if found["ActiveState"] not in ("active", "activating", "reloading"):
            self._start("start", "started", patterns)
        elif restart:
            self._start("restart", "restarted", patterns)

    def write_note(self, path: Path, text: str) -> None:
        """Write the note unless it stands there: beside its place, synced, renamed."""
        if is_noted(path, text):
            return
        if self._note("noted what it was started with"):
            beside = path.with_name(path.name + ".new")
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            with os.fdopen(descriptor, "w") as file:
                os.fchmod(file.fileno(), 0o644)
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(path)

    def _found(self) -> dict[str, str]:
        shown = systemctl("show", f"--property={PROPERTIES}", self.name)
        return dict(line.split("=", 1) for line in shown.splitlines())

    def _has_old_files(self) -> bool:
        argv = ["show", "--property=NeedDaemonReload", "--value", self.name, *self.parts]
        return "yes" in systemctl(*argv).split()

    def _reload(self) -> dict[str, str]:
        if not self.check:
            systemctl("daemon-reload")
        return self._found()

    def _start(self, verb: str, change: str, patterns: list[str]) -> None:
        if self._note(change):
            if patterns:
                systemctl("reset-failed", *patterns)
            systemctl(verb, self.name)

    def _note(self, change: str) -> bool:
        self.changes.append(f"{self.name} {change}")
        return not self.check


def is_noted(path: Path, text: str) -> bool:
    """Tell whether the note stands there."""
    return path.exists() and path.read_text() == text


def systemctl(*words: str) -> str:
    """Run systemctl and return what it prints; its complaint becomes ours."""
    done = subprocess.run(["systemctl", *words], capture_output=True, check=False)
    if done.returncode:
        raise RefusedError(f"systemctl {' '.join(words)}: {done.stderr.decode().strip()}")
    return done.stdout.decode()


def wait(url: str | None, units: list[str], timeout: int) -> None:
    """Wait until the URL answers and the units are active."""
    deadline = time.monotonic() + timeout
    while True:
        complaint = complaint_of_url(url) if url else complaint_of_units(units)
        if not complaint:
            return
        if time.monotonic() > deadline:
            raise RefusedError(f"after {timeout} s {complaint}")
        time.sleep(PAUSE)


def complaint_of_url(url: str) -> str:
    """Return why a URL does not answer, nothing if it does."""
    try:
        with urllib.request.urlopen(url, timeout=10):  # noqa: S310  the role names it
            return ""
    except OSError as error:
        return f"{url} does not answer: {error}"


def complaint_of_units(units: list[str]) -> str:
    """Return which units are not active."""
    argv = ["systemctl", "is-active", *units]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    states = enumerate(done.stdout.decode().split())
    waiting = [f"{units[number]} ({state})" for number, state in states if state != "active"]
    return f"not active: {', '.join(waiting)}" if waiting else ""


def main() -> None:
    """Run the unit, wait for it, note what it was started with, and print what came of it."""
    asked = json.loads(ARGUMENTS)
    unit = Unit(asked["name"], asked["wait_units"], asked["_ansible_check_mode"])
    failure: dict = {}
    try:
        must_restart = asked["restart"] or (
            asked["restart_unless_noted"] and not is_noted(Path(asked["note"]), asked["noted"])
        )
        unit.run(must_restart, asked["reset_failed"])
        if not unit.check:
            wait(asked["wait_url"], asked["wait_units"], asked["timeout"])
        if asked["note"]:
            unit.write_note(Path(asked["note"]), asked["noted"])
    except (RefusedError, OSError) as error:
        failure = {"failed": True, "msg": f"{error}. journalctl --unit={unit.name} tells why."}
    done = {"changed": bool(unit.changes), "changes": unit.changes, **failure}
    print(json.dumps(done))  # noqa: T201  what Ansible reads


if __name__ == "__main__":
    main()
