"""What Ansible costs the control node before a playbook does anything.

    sudo PYTHONPATH=generator:tests .venv/bin/python benchmarks/ansible_floor.py --help

Boots test hosts and runs plays whose tasks do nothing, with the settings of this project: no task,
tasks that are skipped, tasks of a plugin on the control node, and tasks that send a module to the
host, which reads next to nothing. What a task costs for a host is the difference to the play
without tasks. Each play runs twice; the second run counts, when connections are open.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from provisioning import Bench, machine

from fleet import requirements
from fleet.fleet import Fleet
from fleet.site import Site

REPORT: dict[str, Any] = {"greengrass_report": {"checks": []}}
TASKS: dict[str, dict[str, Any]] = {
    "skipped": {**REPORT, "when": False},
    "on the control node": REPORT,
    "on the host": {"greengrass_host_facts": {"host": False}},
}


def main() -> None:
    """Measure and print a table."""
    options = arguments()
    if lacking := requirements.missing():
        sys.exit(f"this benchmark needs {', '.join(lacking)}")
    with contextlib.closing(Fleet()) as fleet, contextlib.closing(Site(fleet)) as site:
        lines = list(table(Bench(fleet, site), options.hosts, options.tasks))
    print(f"{machine()}\n\n" + "\n".join(lines))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    first, _, rest = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser(description=first, epilog=rest.partition("\n\n")[2])
    parser.add_argument("--hosts", type=int, default=10, help="how many (default: %(default)s)")
    parser.add_argument(
        "--tasks", type=int, default=20, help="how many in a play (default: %(default)s)"
    )
    return parser.parse_args()


def table(bench: Bench, hosts: int, tasks: int) -> Iterator[str]:
    """A Markdown table: what each kind of task costs."""
    with bench.fresh(hosts) as booted:
        empty = bench.play(booted, [])
        yield f"A play without tasks: {empty.wall:.2f} s, {empty.cpu:.2f} CPU s.\n"
        yield f"| {tasks} tasks, {hosts} hosts | ms for a task and host | CPU ms, control node |"
        yield "|---|---|---|"
        for name, task in TASKS.items():
            row = bench.play(booted, [{"name": name, **task}] * tasks)
            wall, cpu = (
                1000 * (full - less) / tasks / hosts
                for full, less in ((row.wall, empty.wall), (row.cpu, empty.cpu))
            )
            yield f"| {name} | {wall:.1f} | {cpu:.1f} |"


if __name__ == "__main__":
    main()
