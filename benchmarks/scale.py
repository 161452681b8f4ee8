"""How long `check` and `render` take and how much memory they need, for fleets of many cores.

    PYTHONPATH=generator python benchmarks/scale.py --help

Every command is a process of its own. Their user and system CPU seconds and their peak memory come
from the kernel (wait4) and include programs that they start, such as ansible-inventory; of memory
it is the greatest process alone. Runs of all commands take turns, so that what else the machine
does falls on all of them; figures are medians.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parent / "generator"
ASKED = "check, inventory unknown"
KNOWN = "check, inventory known"
TARGETS = ("group-v1", "cloudformation", "recipes-v2", "deployment-v2")
ALL = "check and render all"
KIB = 1024
TOLD = 2000
"""Characters of what a command that failed has said last."""


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

    def costs(self, number: int) -> Iterator[tuple[str, Cost]]:
        """Run every command once. `number` counts the runs; each leaves folders of its own.

        Nothing is removed in between: for minutes after files were removed, ext4 takes ten times
        as long to make new ones.
        """
        yield ASKED, self._run(number, "check")
        yield KNOWN, self._run(number, "check")
        for target in TARGETS:
            words = ("--target", target, "--bundles", "bundles", "--out", f"{target}-{number}")
            yield f"render {target}", self._run(number, "render", *words)

    def _run(self, number: int, *words: str) -> Cost:
        environment = {
            **{k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPATH": str(self.sources),
            # An installed program has its bytecode, so these get theirs, away from the sources.
            "PYTHONPYCACHEPREFIX": str(self.folder.parent / "bytecode"),
            "XDG_CACHE_HOME": str(self.folder / f"cache-{number}"),
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
                sys.exit(f"ggfleet {' '.join(words)} failed:\n{said.read()[-TOLD:]}")
        return Cost(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * KIB)


def main() -> None:
    """Measure check and render for fleets of several sizes; print tables of cost and growth."""
    options = arguments()
    sizes = [int(word) for word in options.cores.split(",")]
    sources = [SOURCES, *([options.before.resolve()] if options.before else [])]
    with fleets(sizes, options.functions, sources, options.folder) as benches:
        rows = measure(benches, options.runs, sources)
    own_memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * KIB
    if any(row.cost.memory <= own_memory for row in rows):
        # A process counts the memory of the one that started it until it becomes another program.
        print(f"{own_memory / 1e6:.0f} MB and less are this program's own", file=sys.stderr)
    if options.json:
        found = {"machine": machine(), "runs": options.runs, "rows": [asdict(row) for row in rows]}
        print(json.dumps(found, indent=2))
    else:
        print(f"{machine()}; medians of {options.runs} runs\n")
        print("\n".join((*costs_table(rows), "", *growth_table(rows, sizes))))


def arguments() -> argparse.Namespace:
    """What the command line says. Small modules alone: see `own_memory` above."""
    first, _, rest = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser(description=first, epilog=rest.partition("\n\n")[2])
    parser.add_argument(
        "--cores", default="1,100,1000,10000", metavar="N,N,...",
        help="sizes of the fleets (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--functions", default="20", metavar="N",
        help="of each fleet (default: %(default)s); the IoT policies of a core take some 80",
    )  # fmt: skip
    parser.add_argument(
        "--runs", type=int, default=5, help="runs of each command (default: %(default)s)"
    )
    parser.add_argument(
        "--before", type=Path, metavar="SOURCES",
        help="other sources (a `generator` folder) to compare with, run in turns with these",
    )  # fmt: skip
    parser.add_argument(
        "--folder", type=Path, help="where fleets and documents are written (default: $TMPDIR)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


def measure(benches: Sequence[Bench], runs: int, sources: Sequence[Path]) -> list[Row]:
    """The costs of all commands for all sizes; of two sources the second is `before`."""
    found: dict[tuple[str, int], list[list[Cost]]] = {}
    for number in range(runs):
        for bench in benches:
            progress(f"run {number + 1} of {runs}: {bench.cores} cores")
            every = dict(bench.costs(number))
            for command, cost in (*every.items(), (ALL, together(every))):
                of_all = found.setdefault((command, bench.cores), [[] for _ in sources])
                of_all[sources.index(bench.sources)].append(cost)
    progress("")
    return [
        Row(command, size, *(middle(costs) for costs in of_all))
        for (command, size), of_all in found.items()
    ]


@contextlib.contextmanager
def fleets(
    sizes: Sequence[int], functions: str, sources: Sequence[Path], folder: Path | None
) -> Iterator[list[Bench]]:
    """Fleets of all sizes in a folder that goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="ggfleet-scale-", dir=folder) as name:
        benches = [
            Bench(Path(name) / f"{size}-{index}", size, each)
            for size in sizes
            for index, each in enumerate(sources)
        ]
        for bench in benches:
            # In a process of its own, which may be larger than those that are measured.
            words = [HERE / "large_fleet.py", bench.folder, str(bench.cores), functions]
            subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        for bench in benches[: len(sources)]:
            list(bench.costs(-1))  # compiles and reads all modules
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
