"""Counts the bytes that a device fetches when a package of its libraries moves, or its model alone.

    PYTHONPATH=generator python benchmarks/updates.py
    PYTHONPATH=generator python benchmarks/updates.py --base numpy==2.1.2 --move numpy==2.1.3

For each way that libraries can be packed the archives are built before and after, for real, with
the packages of the index: what has another name afterwards is fetched. Prints a Markdown table; a
way is one entry of WAYS.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ggfleet.bundle import Silent
from ggfleet.bundle.build import build
from ggfleet.bundle.delta import Tree, write_delta
from ggfleet.bundle.deltas import WORTH
from ggfleet.model import (
    BY_SIZE,
    REST,
    Archive,
    Aws,
    Deployment,
    Fleet,
    Install,
    Layer,
    Library,
    Manifest,
    Model,
    Part,
    Platform,
)

ROOT = Path(__file__).parents[1]
DEVICE = Platform("pi", architecture="aarch64", python="3.11", glibc="2.36")
BY_NAME = (
    Layer("heavy", ("tensorflow*",)),
    Layer("numeric", ("numpy*", "h5py*", "ml-dtypes*")),
    Layer(REST),
)
MODEL = "the model alone"

Fetched = Callable[[Archive | None, Archive, Path], int]
"""An archive that a device has (or none), the one that takes its place, and the folder of both, to
the bytes that it fetches."""


def whole_archive(_: Archive | None, after: Archive, __: Path) -> int:
    """All of it: neither Greengrass knows parts of an archive."""
    return after.size


def delta(before: Archive | None, after: Archive, out: Path) -> int:
    """The delta where the device has the tree before, and where it is worth it."""
    if before is None or after.part is not Part.LIBRARIES:
        return after.size
    with (
        Tree(out / before.file, before, Silent()) as one,
        Tree(out / after.file, after, Silent()) as two,
        tempfile.TemporaryFile() as stream,
    ):
        write_delta(stream, one, two, Silent())
        size = stream.tell()
    return size if size <= WORTH * after.size else after.size


@dataclass(frozen=True)
class Way:
    """How libraries are packed, and what a device fetches for an archive that changed."""

    name: str
    layers: tuple[Layer, ...] = ()
    fetched: Fetched = whole_archive


WAYS = (
    Way("one archive"),
    Way("one archive, deltas", fetched=delta),
    Way("layers by size", BY_SIZE),
    Way("layers by name", BY_NAME),
)


@dataclass(frozen=True)
class Row:
    """Bytes that a device fetches by a way when something moves; `archives` are their names."""

    way: str
    moved: str
    fetched: int
    archives: tuple[str, ...]


@dataclass(frozen=True)
class Sample:
    """What libraries are asked for, and where all is built."""

    base: dict[str, str]
    lines: tuple[str, ...]
    model: Path
    folder: Path
    cache: Path

    def built(self, way: Way, moved: str = "", *, model: Path | None = None) -> Manifest:
        """The archives of a way with one requirement in place of the base's."""
        wanted = self.base | ({name_of(moved): moved} if moved else {})
        requirements = self.folder / "libraries.txt"
        requirements.write_text("\n".join([*self.lines, *wanted.values()]) + "\n")
        library = Library("ml", requirements, Install.ML_RESOURCE, "/mllibs", layers=way.layers)
        trained = Model("model", str(model or self.model), "1.0.0", "/models/model")
        fleet = Fleet(
            name="updates",
            aws=Aws("eu-west-1", "123456789012", "updates-greengrass"),
            platforms={DEVICE.name: DEVICE},
            cores=(),
            libraries={library.name: library},
            models={trained.name: trained},
            resources={},
            functions={},
            subscriptions=(),
            loggers=(),
            deployment=Deployment(),
        )
        out = self.folder / way.name.replace(" ", "-")
        parts = (Part.LIBRARIES, Part.MODEL)
        return build(fleet, [DEVICE], out, cache=self.cache, progress=Silent(), only=parts)


def name_of(requirement: str) -> str:
    """`numpy` of `numpy==2.1.2`."""
    return requirement.partition("==")[0]


def measure(sample: Sample, moves: Sequence[str], ways: Sequence[Way]) -> list[Row]:
    """Every way with every move, each starting from the same archives."""
    changed = copied(sample.model, sample.folder / "model")
    rows = []
    for way in ways:
        tell(f"{way.name}: before")
        before = sample.built(way)
        for moved in moves:
            tell(f"{way.name}: {moved}")
            rows.append(row(way, moved, before, sample.built(way, moved), sample.folder))
        tell(f"{way.name}: {MODEL}")
        rows.append(row(way, MODEL, before, sample.built(way, model=changed), sample.folder))
    return rows


def copied(model: Path, copy: Path) -> Path:
    """The model with one byte more in its biggest file, as after another training."""
    if model.is_dir():
        shutil.copytree(model, copy)
    else:
        copy.mkdir()
        shutil.copy(model, copy)
    biggest = max((p for p in copy.rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    biggest.write_bytes(biggest.read_bytes() + b"\0")
    return copy if model.is_dir() else biggest


def row(way: Way, moved: str, before: Manifest, after: Manifest, folder: Path) -> Row:
    """What a device that has the archives of before fetches of those after."""
    there = {(each.part, each.name): each for each in before.archives}
    new = [each for each in after.archives if each not in before.archives]
    out = folder / way.name.replace(" ", "-")
    fetched = sum(way.fetched(there.get((each.part, each.name)), each, out) for each in new)
    return Row(way.name, moved, fetched, tuple(each.name for each in new))


def table(rows: Sequence[Row]) -> str:
    """A line for each move, a column for each way, in MB."""
    ways = list(dict.fromkeys(each.way for each in rows))
    moves = dict.fromkeys(each.moved for each in rows)
    lines = [f"| what moves | {' | '.join(ways)} |", f"|---{'|---' * len(ways)}|"]
    for moved in moves:
        cells = [f"{each.fetched / 1e6:.1f}" for each in rows if each.moved == moved]
        lines.append(f"| {moved} | {' | '.join(cells)} |")
    return "\n".join(lines)


def tell(text: str) -> None:
    """Progress, beside the result."""
    print(text, file=sys.stderr)


def arguments() -> argparse.Namespace:
    """What is asked for."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=first, epilog=rest.partition("\n\n")[2])
    for option, about in (
        ("--base", "a requirement before; default: tensorflow 2.19.0 and numpy 2.1.2"),
        ("--move", "one that moves; default: tensorflow 2.19.1 and numpy 2.1.3"),
    ):
        parser.add_argument(option, action="append", metavar="NAME==VERSION", help=about)
    about = "a further line of the requirements file, as --find-links FOLDER"
    parser.add_argument("--line", action="append", default=[], metavar="TEXT", help=about)
    parser.add_argument("--model", type=Path, default=ROOT / "build/models/digits/saved_model")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache/ggfleet")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


def main() -> None:
    """Build, compare, print."""
    asked = arguments()
    base = asked.base or ["tensorflow==2.19.0", "numpy==2.1.2"]
    moves = asked.move or ["tensorflow==2.19.1", "numpy==2.1.3"]
    with tempfile.TemporaryDirectory() as folder:
        sample = Sample(
            base={name_of(each): each for each in base},
            lines=tuple(asked.line),
            model=asked.model,
            folder=Path(folder),
            cache=asked.cache,
        )
        rows = measure(sample, moves, WAYS)
    print(json.dumps([asdict(each) for each in rows]) if asked.json else table(rows))


if __name__ == "__main__":
    main()
