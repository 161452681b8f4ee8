"""Fill the matrix of the comparison on the test fleet; `make compare` calls this.

    sudo PYTHONPATH=generator:tests .venv/bin/python benchmarks/comparison.py --help

Boots a test host (as tests/fleet does) with a link and a disk of its own, and measures what the
plan names, the most valuable first. What was measured is not measured again: after a kill, call it
again.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from fleet import requirements
from fleet.fleet import Fleet
from fleet.measured import Place
from ggfleet.cli.options import loaded
from ggfleet.cli.progress import reporting
from ggfleet.compare.matrix.drift import measure_drift
from ggfleet.compare.matrix.fill import Filling, outlook
from ggfleet.compare.matrix.goods import BuiltGoods
from ggfleet.compare.matrix.plan import read_plan
from ggfleet.compare.matrix.prepare import workload
from ggfleet.compare.matrix.runs import runs_in
from ggfleet.compare.matrix.strategy import strategies
from ggfleet.errors import GgfleetError
from ggfleet.system.files import write_json
from ggfleet.system.process import run

DRIFT = "drift.json"
HERE = Path(__file__).resolve().parent


def main() -> int:
    """Measure; exit code 2 when the user can put it right."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--plan", type=Path, default=HERE / "comparison.toml")
    parser.add_argument("--out", type=Path, default=Path("build/comparison"))
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/ggfleet")
    parser.add_argument("--time-limit", type=float, default=0, help="minutes; 0 is none")
    given = parser.parse_args()
    if lacking := requirements.missing():
        sys.exit(f"this needs {', '.join(lacking)}")
    try:
        measure(given)
        report(given.out)
    except GgfleetError as error:
        print(f"error: {error.message}\n  fix: {error.fix}", file=sys.stderr)
        return 2
    return 0


def measure(given: argparse.Namespace) -> None:
    """Boot, measure, end."""
    plan = read_plan(given.plan)
    with reporting() as progress, runs_in(given.out / "runs.jsonl") as runs:
        chosen = strategies(plan.strategies())
        work = workload(plan, loaded(plan.spec), given.out.absolute(), given.cache)
        goods = BuiltGoods(work, progress)
        filling = Filling(work, goods, chosen, runs, progress)
        ahead = filling.missing(plan.lives())
        progress.say(outlook(ahead, filling.seconds(ahead)))
        if not ahead:
            return
        fleet = Fleet()
        try:
            place = Place(fleet, "measured", goods.folder)
            place.device.prepare(chosen.values())
            left = filling.fill(place, ahead, given.time_limit * 60)
            drift(fleet, place, goods, given.out / DRIFT)
            place.close()
        finally:
            fleet.close()
        if left:
            progress.say(f"{len(left)} lives are left for another run: time is up")


def report(out: Path) -> None:
    """Write what was measured for people."""
    argv = ["report", str(out / "runs.jsonl"), "--out", str(out / "report"), "--here"]
    if (out / DRIFT).exists():
        argv += ["--drift", str(out / DRIFT)]
    print(run([sys.executable, "-m", "ggfleet", *argv]))


def drift(fleet: Fleet, place: Place, goods: BuiltGoods, path: Path) -> None:
    """Let two hosts drift apart, unless that was done before."""
    if not path.exists():
        other = place.beside(fleet, "beside")
        other.prepare([])
        seen = measure_drift([place.device, other], goods.at(f"{place.bridge_address}/0/1"))
        write_json(path, seen.to_json())


if __name__ == "__main__":
    sys.exit(main())
