"""Check mode, apply, check mode, apply: what every role has to pass on real hosts.

`tests/unit/test_four_steps.py` holds that each role is named in a call of `must_hold`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play
from fleet.shell import at_once
from fleet.traces import changed_since

STAMP = "/run/before-step"
# What running cores write on their own account, and apt's index, which it renews when it reads.
NOT_A_RUNS = (
    "/greengrass/ggc/var/log",
    "/greengrass/v2/logs",
    "/var/lib/greengrass/config.db",
    "/var/cache/apt",
)
PROCESSES = (
    "systemctl show --property=Id,ActiveState,InvocationID 'greengrass*' 'ggl.*' --all | sort"
)


@dataclass(frozen=True)
class Step:
    """One run, and what of the hosts it changed."""

    result: Result
    changed: dict[str, int]
    """How many tasks said that they change something, by host."""
    traces: dict[str, str]
    """By host, what is otherwise after the run: files, a line each, and units."""

    def of(self, names: set[str]) -> Step:
        """Return what it changed of the hosts with these names."""
        changed = {name: self.changed[name] for name in names}
        return Step(self.result, changed, {name: self.traces[name] for name in names})


@dataclass(frozen=True)
class FourSteps:
    """How the four went. None has been judged yet, but that each ended well."""

    foretold: Step
    applied: Step
    foretold_again: Step
    applied_again: Step

    def of(self, *hosts: Host) -> FourSteps:
        """Return what the four did to some of the hosts."""
        foretold, applied, again, last = (
            step.of({host.name for host in hosts})
            for step in (self.foretold, self.applied, self.foretold_again, self.applied_again)
        )
        return FourSteps(foretold, applied, again, last)

    def must_hold(self, *roles: str, changes: bool = True) -> None:
        """Fail unless check mode only tells, the second apply changes nothing, and the roles ran.

        With `changes` false, nothing but looking is expected of the first apply too.
        """
        quiet = dict.fromkeys(self.applied.changed, 0)
        clean = dict.fromkeys(self.applied.changed, "")
        for role in roles:
            assert has_run(role, self.applied.result.output), f"{role} has not run"
        assert self.foretold.traces == clean, self.foretold.traces
        if changes:
            assert all(self.foretold.changed.values()), self.foretold.changed
            assert all(self.applied.changed.values()), self.applied.changed
        else:
            assert self.foretold.changed == quiet, self.foretold.result.output
            assert self.applied.changed == quiet, self.applied.result.output
            assert self.applied.traces == clean, self.applied.traces
        for step in (self.foretold_again, self.applied_again):
            assert step.changed == quiet, step.result.output
            assert step.traces == clean, step.traces


def has_run(role: str, output: str) -> bool:
    """Whether a task of a role is named, or the role has included one that its name begins."""
    return f"[{role} : " in output or f"included: {role}_" in output


def four_steps(
    fleet: Fleet,
    name: str,
    hosts: dict[Host, dict[str, Any]],
    *options: str,
    first: tuple[str, ...] = (),
) -> FourSteps:
    """Run playbooks/`name` four times over the hosts, the first apply with the options `first` too."""
    return FourSteps(
        take_step(fleet, name, hosts, "--check", *options),
        take_step(fleet, name, hosts, *options, *first),
        take_step(fleet, name, hosts, "--check", *options),
        take_step(fleet, name, hosts, *options),
    )


def take_step(fleet: Fleet, name: str, hosts: dict[Host, dict[str, Any]], *options: str) -> Step:
    """Run playbooks/`name`, which must end well; see what it changes.

    A host that the inventory has under several names is looked at once, for all of them.
    """
    machines = {host.address: host for host in hosts}
    before = at_once(_units_before, machines.values())
    result = play(fleet, name, hosts, *options).must_pass()
    traces = dict(zip(machines, at_once(_traces, machines.values(), before), strict=True))
    return Step(
        result,
        {host.name: result.recap(host)["changed"] for host in hosts},
        {host.name: traces[host.address] for host in hosts},
    )


def _units_before(host: Host) -> str:
    """Begin to watch a host; return its units as they are."""
    return host.root(f"{PROCESSES}; sleep 1; touch {STAMP}")


def _traces(host: Host, units: str) -> str:
    files = changed_since(host, STAMP).splitlines()
    after = host.root(PROCESSES)
    found = [path for path in files if not path.startswith(NOT_A_RUNS)]
    return "\n".join([*found, *([after] if after != units else [])])
