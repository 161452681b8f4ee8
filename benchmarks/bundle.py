"""What a bundle of ML libraries costs beside what people do today, cold and warm, in one run.

    PYTHONPATH=generator python benchmarks/bundle.py --help

Everybody gets the same wheels, those of the sample's TensorFlow for a Raspberry Pi (aarch64, Python
3.11), from an index on loopback that was filled beforehand: the network's speed is in no figure.
pip is told the exact set, without markers (it would evaluate them for this machine) and without
resolving; ggfleet gets the sample's requirements file, resolves it, proves that it fits, strips and
compiles. Cold: all caches are empty. Warm: they are as the cold run left them; pip's ways begin
anew, as a script does, and ggfleet finds what it has built. Each way works in a file system of its
own (a loop mount where it may be mounted, else a folder), whose used bytes are sampled.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "generator"), str(ROOT / "tests")]

from functional.simple_index import serving  # noqa: E402
from ggfleet.bundle.fetched import fetched_wheels  # noqa: E402
from ggfleet.bundle.manifest import FILE_NAME, read_manifest  # noqa: E402
from ggfleet.bundle.tags import ranked_tags  # noqa: E402
from ggfleet.model import Compression, Form, Platform  # noqa: E402
from ggfleet.system.progress import Silent  # noqa: E402

PI = Platform("pi", "aarch64", "3.11", "2.36")
SPEC = """\
fleet: bench
aws: {{region: eu-west-1, account: "123456789012", bucket: bench-bucket}}
platforms:
  pi: {{architecture: aarch64, python: "3.11", glibc: "2.36"}}
cores:
  inventory: hosts.yml
  groups: {{boards: pi}}
libraries:
  ml: {{requirements: {requirements}, install: ml-resource, destination: /mllibs{layout}}}
functions:
  fn:
    {{source: fn, handler: f.f, pinned: true, timeout: 3 s, isolation: none, libraries: [ml]}}
"""
HOSTS = "boards: {hosts: {pi-01: {greengrass_thing_name: pi-01}}}\n"
OURS = "ggfleet bundle"
PAUSE = 0.05
DISK = 8 << 30


@dataclass(frozen=True)
class Sizes:
    """What comes of it: bytes of the archive, bytes and number of the files in it."""

    archive: int
    unpacked: int
    files: int


@dataclass(frozen=True)
class Row:
    """One run of one way: seconds, CPU seconds of all its processes, peak of used disk in bytes."""

    way: str
    state: str
    wall: float
    cpu: float
    disk: int
    sizes: Sizes


@dataclass(frozen=True)
class Way:
    """`run` does it in a folder; `clear` removes what a script would make anew; `measure` looks."""

    name: str
    commands: Callable[[Path], Sequence[Sequence[str | Path]]]
    clear: Callable[[Path], None]
    measure: Callable[[Path], Sizes]


def main() -> None:
    """Measure, and tell as a table or JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--requirements", type=Path, default=ROOT / "lambda/requirements/tensorflow.txt"
    )
    cache = Path.home() / ".cache/ggfleet"
    parser.add_argument("--cache", type=Path, default=cache, help="of the wheels to be served")
    parser.add_argument("--work", type=Path, help="a folder with 10 GB of room")
    parser.add_argument("--only", action="append", help="ways whose name holds this, or another")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what is mounted is unmounted
    with tempfile.TemporaryDirectory(prefix="bench-", dir=given.work) as name:
        folder = Path(name).resolve()
        wheels = served(given.requirements.resolve(), given.cache, folder / "served")
        with serving(folder / "served") as index:
            ways = [way for way in ways_for(wheels, given.requirements.resolve())
                    if not given.only or any(each in way.name for each in given.only)]  # fmt: skip
            rows = [row for way in ways for row in measured(way, folder, index.url)]
    if given.json:
        print(json.dumps({"rows": [asdict(row) for row in rows]}, indent=2))
    else:
        tell(rows)


def served(requirements: Path, cache: Path, folder: Path) -> Sequence[str]:
    """Put the wheels of the set into a folder; return `name==version` of each."""
    folder.mkdir()
    names = []
    for name, path in fetched_wheels([requirements], PI, cache=cache, progress=Silent()):
        shutil.copyfile(path, folder / name)
        package, version, *_ = name.split("-")
        names.append(f"{package}=={version}")
    return names


def ways_for(wheels: Sequence[str], requirements: Path) -> list[Way]:
    """What people do, and what ggfleet does, in that order."""
    platforms = dict.fromkeys(
        tag.platform for tag in ranked_tags(PI) if tag.platform.startswith("manylinux")
    )
    target = [f"--platform={each}" for each in platforms]
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    chosen = (*target, "--python-version=3.11", "--only-binary=:all:", "--no-deps", *wheels)
    tar = ("tar", "czf", "archive.tar.gz", "-C", "tree", ".")
    uv = Path(sys.executable).with_name("uv")
    uv_target = ("--python-platform=aarch64-manylinux_2_36", "--python-version=3.11")
    return [
        Way("pip download, tar czf",
            lambda _: [(*pip, "download", "--dest=tree", *chosen), tar], clear_tree, size_of_tree),
        Way("pip install --target, tar czf",
            lambda _: [(*pip, "install", "--target=tree", *chosen), tar], clear_tree, size_of_tree),
        Way("uv pip install --target, tar czf",
            lambda _: [(uv, "pip", "install", "-q", "--target=tree", f"--python={sys.executable}",
                        *uv_target, "--only-binary=:all:", "--no-deps", *wheels), tar],
            clear_tree, size_of_tree),
        ours(OURS, requirements),
        *(ours(f"{OURS}, image, {each}, beside the zip", requirements, each)
          for each in Compression),
    ]  # fmt: skip


def ours(name: str, requirements: Path, compression: Compression | None = None) -> Way:
    """`ggfleet bundle` of a fleet of one library; an image's archive is what its device fetches."""
    form = Form.IMAGE if compression else Form.ZIP
    layout = f", layout: image, compression: {compression}" if compression else ""

    def commands(folder: Path) -> Sequence[Sequence[str | Path]]:
        (folder / "fn").mkdir(exist_ok=True)
        (folder / "fn/f.py").write_text("")
        (folder / "hosts.yml").write_text(HOSTS)
        spec = SPEC.format(requirements=os.path.relpath(requirements, folder), layout=layout)
        (folder / "fleet.yml").write_text(spec)
        return [(sys.executable, "-m", "ggfleet", "bundle")]

    def measure(folder: Path) -> Sizes:
        manifest = read_manifest(folder / "build/bundles" / FILE_NAME)
        [archive] = [each for each in manifest.archives if each.name == "ml" and each.form is form]
        return Sizes(archive.size, archive.unpacked_size, archive.files)

    return Way(name, commands, lambda _: None, measure)


def clear_tree(folder: Path) -> None:
    """A script begins with an empty folder."""
    shutil.rmtree(folder / "tree", ignore_errors=True)
    (folder / "archive.tar.gz").unlink(missing_ok=True)


def size_of_tree(folder: Path) -> Sizes:
    """The files that tar was given; pip's download is wheels, which are unpacked in the end."""
    files = [path for path in (folder / "tree").rglob("*") if path.is_file()]
    unpacked = sum(path.stat().st_size for path in files)
    return Sizes((folder / "archive.tar.gz").stat().st_size, unpacked, len(files))


def measured(way: Way, folder: Path, index: str) -> Iterator[Row]:
    """Cold, warm, and for ours warm without what was built."""
    with disk(folder / "disk") as work:
        environment = surroundings(work, index)
        for state in ("cold", "warm", "archives lost"):
            if state == "archives lost":
                if not way.name.startswith(OURS):
                    return
                shutil.rmtree(work / "build")
            way.clear(work)
            (work / "tree").mkdir(exist_ok=True)
            print(f"{way.name}: {state}", file=sys.stderr, flush=True)
            row = replace(run(way.commands(work), work, environment), way=way.name, state=state)
            yield replace(row, sizes=way.measure(work))


@contextlib.contextmanager
def disk(place: Path) -> Iterator[Path]:
    """A file system of its own where this user may mount one, else a folder."""
    place.mkdir()
    image = place.with_suffix(".img")
    with image.open("wb") as stream:
        stream.truncate(DISK)
    made = os.geteuid() == 0 and not _fails("mkfs.ext4", "-q", image)
    mounted = made and not _fails("mount", "-o", "loop", image, place)
    try:
        yield place
    finally:
        if mounted:
            # what an interrupted program has started may be at work there for a moment more
            subprocess.run(["umount", "--lazy", place], check=True)
        shutil.rmtree(place)
        image.unlink()


def _fails(*words: str | Path) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode != 0
    except FileNotFoundError:
        return True


def surroundings(work: Path, index: str) -> dict[str, str]:
    """Caches and temporary files lie in the file system that is measured; one index for all."""
    kept = {name: value for name, value in os.environ.items() if name[:3] not in {"UV_", "PIP"}}
    (work / "tmp").mkdir()
    own = {"PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv", "GGFLEET_CACHE": "cache", "TMPDIR": "tmp"}
    return {
        **kept,
        **{name: str(work / each) for name, each in own.items()},
        "HOME": str(work),
        "PYTHONPATH": str(ROOT / "generator"),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index,
        "UV_DEFAULT_INDEX": index,
        "UV_NO_CONFIG": "1",
        "NO_PROXY": "127.0.0.1",
    }


def run(
    commands: Sequence[Sequence[str | Path]], work: Path, environment: Mapping[str, str]
) -> Row:
    """Run commands one after the other; a failure ends the benchmark with what they said."""
    with sampled(work) as peak:
        before, began = os.times(), time.perf_counter()
        for words in commands:
            done = subprocess.run(
                words, cwd=work, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                sys.exit(f"{words[0]} failed:\n{(done.stderr or done.stdout)[-3000:]}")
        wall, after = time.perf_counter() - began, os.times()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return Row("", "", wall, cpu, peak[0], Sizes(0, 0, 0))


@contextlib.contextmanager
def sampled(work: Path) -> Iterator[list[int]]:
    """The greatest number of used bytes seen, in a list that is right when the block has ended."""
    peak, ended = [0], threading.Event()
    used = used_bytes if work.is_mount() else bytes_below

    def look() -> None:
        while not ended.wait(PAUSE):
            peak[0] = max(peak[0], used(work))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()
        peak[0] = max(peak[0], used(work))


def used_bytes(work: Path) -> int:
    """Of a file system."""
    state = os.statvfs(work)
    return (state.f_blocks - state.f_bfree) * state.f_frsize


def bytes_below(work: Path) -> int:
    """Of a folder: slower, and what comes and goes between two looks is not seen."""
    total = 0
    for top, _, names in os.walk(work):
        for name in names:
            with contextlib.suppress(OSError):
                total += Path(top, name).lstat().st_blocks * 512
    return total


def tell(rows: Sequence[Row]) -> None:
    """A table, and ours as a share of the best that people do."""
    line = "{:<41} {:<14} {:>8} {:>8} {:>9} {:>9} {:>9} {:>7}"
    print(line.format("", "", "seconds", "CPU s", "disk MB", "archive", "unpacked", "files"))
    for row in rows:
        figures = (row.disk, row.sizes.archive, row.sizes.unpacked)
        seconds = (f"{row.wall:.1f}", f"{row.cpu:.1f}")
        sizes = (f"{figure / 1e6:.0f}" for figure in figures)
        print(line.format(row.way, row.state, *seconds, *sizes, row.sizes.files))
    theirs = [row for row in rows if "install --target" in row.way]
    for row in rows if theirs else ():
        if row.way.startswith(OURS):
            tell_shares(row, [each for each in theirs if each.state == row.state] or theirs)


def tell_shares(row: Row, theirs: Sequence[Row]) -> None:
    """Against the way that gives a tree to import from, by pip and by uv."""
    for other in theirs:
        print(f"{row.way} {row.state} / {other.way} {other.state}: "
              f"time {row.wall / other.wall:.3f}, disk {row.disk / other.disk:.2f}, "
              f"archive {row.sizes.archive / other.sizes.archive:.2f}, "
              f"unpacked {row.sizes.unpacked / other.sizes.unpacked:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
