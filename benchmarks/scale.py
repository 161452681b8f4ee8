"""How long `check` and `render` take and how much memory they need, for fleets of many cores.

    PYTHONPATH=generator python benchmarks/scale.py --help

Every command is a process of its own. Their user and system CPU seconds and their peak memory come
from the kernel (wait4) and include programs that they start, such as ansible-inventory; of memory
it is the greatest process alone. Runs of all commands take turns, so that what else the machine
does falls on all of them; figures are medians.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "generator"
ASKED = "check, inventory unknown"
KNOWN = "check, inventory known"
TARGETS = ("group-v1", "cloudformation", "recipes-v2", "deployment-v2")
ALL = "check and render all"
KIB = 1024


@dataclass(frozen=True)
class Cost:
    """One run, or the medians of several: seconds, CPU seconds, peak memory in bytes."""

    wall: float
    cpu: float
    memory: int


@dataclass(frozen=True)
class Row:
    """What a command costs for a fleet. `before` is that of the other sources, where asked for."""

    command: str
    cores: int
    cost: Cost
    before: Cost | None = None


@dataclass(frozen=True)
class Bench:
    """A fleet in a folder of its own, and the sources that are to read it."""

    folder: Path
    cores: int
    sources: Path

    def costs(self) -> Iterator[tuple[str, Cost]]:
        """Run every command once."""
        shutil.rmtree(self.folder / "cache", ignore_errors=True)
        yield ASKED, self._run("check")
        yield KNOWN, self._run("check")
        for target in TARGETS:
            yield f"render {target}", self._run("render", "--target", target, *self._paths(target))

    def _paths(self, target: str) -> tuple[str, ...]:
        shutil.rmtree(self.folder / target, ignore_errors=True)
        return "--bundles", "bundles", "--out", target

    def _run(self, *words: str) -> Cost:
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.sources),
            "XDG_CACHE_HOME": str(self.folder / "cache"),
        }
        with (self.folder / "said").open("w+") as said:
            begin = time.perf_counter()
            running = subprocess.Popen(
                [sys.executable, "-m", "ggfleet", *words],
                cwd=self.folder, env=environment, stdout=said, stderr=said,
            )  # fmt: skip
            _, status, usage = os.wait4(running.pid, 0)
            wall = time.perf_counter() - begin
            running.returncode = os.waitstatus_to_exitcode(status)
            if running.returncode != 0:
                said.seek(0)
                sys.exit(f"ggfleet {' '.join(words)} failed:\n{said.read()}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--cores", default="1,100,1000,10000", show_default=True, metavar="N,N,...",
              help="Sizes of the fleets.")  # fmt: skip
@click.option("--runs", default=5, show_default=True, help="Runs of each command.")
@click.option("--before", type=click.Path(path_type=Path, exists=True, file_okay=False),
              metavar="FOLDER", help="Other sources (a `generator` folder) to compare with, "
              "run in turns with these.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def main(cores: str, runs: int, before: Path | None, as_json: bool) -> None:
    """Measure check and render for fleets of several sizes; print tables of cost and growth."""
    sizes = [int(word) for word in cores.split(",")]
    rows = measure(sizes, runs, [SOURCES, *([before.resolve()] if before else [])])
    own_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    # A process counts the memory of the one that started it until it becomes another program.
    assert all(own_memory < row.cost.memory for row in rows), "measured itself"
    if as_json:
        print(json.dumps({"machine": machine(), "runs": runs,
                          "rows": [asdict(row) for row in rows]}, indent=2))  # fmt: skip
    else:
        print(f"{machine()}; medians of {runs} runs\n")
        print("\n".join((*costs_table(rows), "", *growth_table(rows, sizes))))


def measure(sizes: Sequence[int], runs: int, sources: Sequence[Path]) -> list[Row]:
    """The costs of all commands for all sizes; of two sources the second is `before`."""
    found: dict[tuple[str, int], list[list[Cost]]] = {}
    with fleets(sizes, sources) as benches:
        for number in range(runs):
            for bench in benches:
                progress(f"run {number + 1} of {runs}: {bench.cores} cores")
                every = dict(bench.costs())
                for command, cost in (*every.items(), (ALL, together(every))):
                    of_all = found.setdefault((command, bench.cores), [[] for _ in sources])
                    of_all[sources.index(bench.sources)].append(cost)
    progress("")
    return [
        Row(command, size, *(middle(costs) for costs in of_all))
        for (command, size), of_all in found.items()
    ]


@contextlib.contextmanager
def fleets(sizes: Sequence[int], sources: Sequence[Path]) -> Iterator[list[Bench]]:
    """Fleets of all sizes in a folder that goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="ggfleet-scale-") as name:
        benches = [
            Bench(Path(name) / f"{size}-{index}", size, each)
            for size in sizes
            for index, each in enumerate(sources)
        ]
        for bench in benches:
            # In a process of its own, which may be larger than those that are measured.
            words = [sys.executable, HERE / "large_fleet.py", bench.folder, str(bench.cores)]
            subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        yield benches


def together(costs: dict[str, Cost]) -> Cost:
    """What the commands cost one after the other, with an inventory that is known."""
    own = [cost for command, cost in costs.items() if command != ASKED]
    return Cost(sum(c.wall for c in own), sum(c.cpu for c in own), max(c.memory for c in own))


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        int(statistics.median(cost.memory for cost in costs)),
    )


def costs_table(rows: Sequence[Row]) -> Iterator[str]:
    """A Markdown table: what each command costs; with other sources what it cost before."""
    both = any(row.before for row in rows)
    more = " before: s | CPU s | MB | CPU ratio |" if both else ""
    yield f"| command | cores | s | CPU s | MB |{more}"
    yield "|---|---|---|---|---|" + ("---|---|---|---|" if both else "")
    for row in sorted(rows, key=lambda row: row.cores):
        line = f"| {row.command} | {row.cores:,} | {told(row.cost)} |"
        if row.before:
            line += f" {told(row.before)} | {row.cost.cpu / row.before.cpu:.2f} |"
        yield line


def growth_table(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[str]:
    """A Markdown table: how many times the CPU seconds of one size the next one takes."""
    steps = list(itertools.pairwise(sizes))
    if not steps:
        return
    cost = {(row.command, row.cores): row.cost.cpu for row in rows}
    yield "| CPU seconds, times | " + " | ".join(f"{a:,} to {b:,}" for a, b in steps) + " |"
    yield "|---" * (len(steps) + 1) + "|"
    for command in dict.fromkeys(row.command for row in rows):
        times = (f"{cost[command, b] / cost[command, a]:.1f}" for a, b in steps)
        yield f"| {command} | " + " | ".join(times) + " |"


def told(cost: Cost) -> str:
    """The cells of a cost."""
    return f"{cost.wall:.2f} | {cost.cpu:.2f} | {cost.memory / 1e6:.0f}"


def machine() -> str:
    """Where this was measured, and how busy it was."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    kind, python = platform.machine(), platform.python_version()
    return f"{os.cpu_count()} {kind} cores, load {load}; Python {python}"


def progress(text: str) -> None:
    """Tell on a terminal what is being done."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
