"""What an update of ML libraries brings over the link: the archive, changed files, a delta.

    python benchmarks/deltas.py FOLDER tensorflow==2.18.0 tensorflow==2.18.1
    python benchmarks/deltas.py FOLDER 'tensorflow==2.18.1 numpy==2.0.1' \
                                       'tensorflow==2.18.1 numpy==2.0.2'

Bundles both sets for a Raspberry Pi (aarch64, Python 3.11, glibc 2.36) into FOLDER, which keeps
wheels and archives for the next run, makes the delta, and applies it in a process of its own, as a
device does. Prints one JSON object: bytes, seconds of the wall and of the processor, and the peak
memory of making and of applying. TensorFlow needs 8 GB of disk and 4 GB of memory.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ggfleet.bundle import Silent, read_manifest, write_manifest
from ggfleet.bundle.delta import Tree
from ggfleet.bundle.deltas import add_deltas
from ggfleet.model import Archive, Delta, Manifest

ROOT = Path(__file__).resolve().parents[1]
SPEC = """\
fleet: deltas
aws: {region: eu-west-1, account: "123456789012", bucket: deltas-greengrass}
platforms: {pi: {architecture: aarch64, python: "3.11", glibc: "2.36"}}
cores: {inventory: hosts.yml, groups: {pis: pi}}
libraries:
  ml: {requirements: ml.txt, install: ml-resource, destination: /ml}
functions:
  fn: {source: fn, handler: fn.handler, memory: 64 MiB, libraries: [ml]}
"""
HOSTS = "pis:\n  hosts:\n    pi-1: {}\n"
APPLY = """\
import json, resource, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from module_support import module_of
device = module_of(Path(sys.argv[2]))
delta, sha256, base, tree, wanted = sys.argv[3:]
began = time.monotonic()
made = device.apply(Path(delta), sha256, Path(base), Path(tree), wanted)
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "seconds": round(time.monotonic() - began, 1),
    "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
    "peak_mb": round(device.peak_bytes() / 1e6, 1),
    "linked_mb": round(made.linked / 1e6, 1),
    "written_mb": round(made.written / 1e6, 1),
}))
"""


def bundled(folder: Path, requirements: str) -> Path:
    """Bundle a set of libraries; return the folder with its manifest."""
    project = folder / requirements.replace(" ", "-")
    (project / "fn").mkdir(parents=True, exist_ok=True)
    (project / "fn/fn.py").write_text("def handler(event, context):\n    return event\n")
    (project / "fleet.yml").write_text(SPEC)
    (project / "hosts.yml").write_text(HOSTS)
    (project / "ml.txt").write_text("".join(f"{each}\n" for each in requirements.split()))
    argv: list[str | Path] = [
        sys.executable,
        "-m",
        "ggfleet",
        "bundle",
        "--out",
        "out",
        "--cache",
        folder / "cache",
    ]
    subprocess.run([*argv, "--json"], cwd=project, check=True, stdout=subprocess.DEVNULL)
    return project / "out"


def archive(out: Path) -> Archive:
    """The one archive of libraries in a folder."""
    [found] = [each for each in read_manifest(out / "manifest.json").archives if each.name == "ml"]
    return found


def delta(old: Path, new: Path) -> Delta | None:
    """Make the delta anew; none where it would not pay."""
    path = new / "manifest.json"
    write_manifest(path, Manifest(read_manifest(path).archives))
    return next(iter(add_deltas(new, [old], Silent()).deltas), None)


def changed_files(old: Path, new: Path) -> int:
    """Bytes of the files that changed, compressed as they are in the new archive."""
    with Tree(old / archive(old).file, archive(old), Silent()) as one:
        before = {(file.path, file.sha256) for file in one.files.values()}
    with Tree(new / archive(new).file, archive(new), Silent()) as two:
        after = {file.path for file in two.files.values() if (file.path, file.sha256) not in before}
    with zipfile.ZipFile(new / archive(new).file) as opened:
        return sum(each.compress_size for each in opened.infolist() if each.filename in after)


def unpacked(out: Path, folder: Path) -> Path:
    """The old tree as it lies on a device."""
    base = folder / "device/site-packages"
    shutil.rmtree(base.parent, ignore_errors=True)
    with zipfile.ZipFile(out / archive(out).file) as opened:
        for entry in opened.infolist():
            Path(opened.extract(entry, base)).chmod(entry.external_attr >> 16 & 0o777)
    return base


def applied(made: Delta, new: Path, base: Path) -> dict[str, float]:
    """Apply a delta as a device does; seconds, and megabytes of 10^6 bytes."""
    argv: list[str | Path] = [
        sys.executable, "-c", APPLY, ROOT / "tests",
        ROOT / "plugins/modules/greengrass_library_delta.py",
        new / made.file, made.sha256, base, base.parent / "tree", made.tree_sha256,
    ]  # fmt: skip
    done = subprocess.run(argv, check=True, stdout=subprocess.PIPE)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def measured(into: dict[str, float]) -> Iterator[None]:
    """Note the seconds of a block, and the most memory that this process has had by its end."""
    began, cpu = time.monotonic(), time.process_time()
    yield
    into["seconds"] = round(time.monotonic() - began, 1)
    into["cpu_seconds"] = round(time.process_time() - cpu, 1)
    into["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3 * 1.024, 1)


def main(folder: Path, *sets: str) -> None:
    """Measure one update."""
    old, new = (bundled(folder, each) for each in sets)
    making: dict[str, float] = {}
    with measured(making):
        made = delta(old, new)
    found = {
        "from": sets[0],
        "to": sets[1],
        "archive_bytes": archive(new).size,
        "changed_files_bytes": changed_files(old, new),
        "delta_bytes": made.size if made else None,
        "making": making,
        "applying": applied(made, new, unpacked(old, folder)) if made else None,
    }
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), *sys.argv[2:4])
