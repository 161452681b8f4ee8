"""Deltas from the machine that builds to the one that applies, with the module that devices run."""

from __future__ import annotations

import errno
import json
import lzma
import os
import random
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ggfleet.bundle import read_manifest, write_manifest
from ggfleet.bundle.archive import pack
from ggfleet.bundle.deltas import add_deltas, fitting
from ggfleet.bundle.prune import prune
from ggfleet.bundle.sources import model_entries
from ggfleet.bundle.tree import lay
from ggfleet.errors import BundleError
from ggfleet.model import Archive, Delta, Manifest, Part
from module_support import module_of
from unit.factories import make_archive
from unit.wheelmaker import Listener

MODULE = Path(__file__).parents[2] / "plugins/modules/greengrass_library_delta.py"
CHANCE = random.Random(5)
CODE = CHANCE.randbytes(400_000)
MOVED = CODE[:90_000] + b"new" * 40 + bytes((byte + 7) & 255 for byte in CODE[90_000:91_000]) \
    + CODE[200_000:] + CODE[91_000:200_000]  # fmt: skip
OLD = {
    "big/code.so": CODE,
    "big/same.so": CHANCE.randbytes(50_000),
    "big-1.0.dist-info/METADATA": b"Name: big\nVersion: 1.0\n" + CHANCE.randbytes(500),
    "big/tool": b"#!/bin/sh\n" + CHANCE.randbytes(300),
    "gone.py": b"print('gone')\n",
}
NEW = {
    "big/code.so": MOVED,
    "big/same.so": OLD["big/same.so"],
    "big-1.1.dist-info/METADATA": OLD["big-1.0.dist-info/METADATA"].replace(b"1.0", b"1.1"),
    "big/tool": OLD["big/tool"],
    "big/empty": b"",
    "big/new \n\u00e9.py": b"print('new')\n",
    "elsewhere/tool": OLD["big/tool"],
}


@dataclass(frozen=True)
class Bench:
    """Two manifests with an archive each, the delta between them, and the old tree unpacked."""

    device: ModuleType
    old: Archive
    new: Archive
    out: Path
    delta: Delta
    base: Path

    @property
    def path(self) -> Path:
        """The delta's file."""
        return self.out / self.delta.file

    def apply(self, path: Path | None = None, sha256: str = "", **more: Any) -> Path:
        """Apply it as the device does; return the tree."""
        tree = self.base.parent / "made"
        path = path or self.path
        digest = sha256 or self.device.sha256_of(path)
        self.device.apply(path, digest, self.base, tree, self.new.tree_sha256, **more)
        return tree


@pytest.fixture(scope="module")
def device() -> ModuleType:
    """The module, as a device has it."""
    return module_of(MODULE)


@pytest.fixture
def bench(tmp_path: Path, device: ModuleType) -> Bench:
    """Both archives and the delta are what `ggfleet bundle` writes."""
    os.umask(0o022)
    old = bundle(tmp_path / "old", OLD)
    new = bundle(tmp_path / "new", NEW)
    [delta] = add_deltas(tmp_path / "new", [tmp_path / "old"], Listener()).deltas
    base = tmp_path / "device/site-packages"
    with zipfile.ZipFile(tmp_path / "old" / old.file) as archive:
        for entry in archive.infolist():
            Path(archive.extract(entry, base)).chmod(entry.external_attr >> 16 & 0o777)
    return Bench(device, old, new, tmp_path / "new", delta, base)


def bundle(out: Path, files: dict[str, bytes]) -> Archive:
    """Write an archive of libraries and its manifest."""
    source = out.parent / f"{out.name}-source"
    for path, content in files.items():
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_bytes(content)
    (source / "big/tool").chmod(0o755)
    packed, _ = pack(
        lay(model_entries(source)), lambda digest: out / f"libraries/big-pi-{digest[:16]}.zip",
        Listener(), label="big",
    )  # fmt: skip
    archive = make_archive(
        Part.LIBRARIES, "big", platform="pi", file=packed.path.relative_to(out).as_posix(),
        tree_sha256=packed.tree_sha256, sha256=packed.sha256, size=packed.size,
        unpacked_size=packed.unpacked_size, files=packed.files,
    )  # fmt: skip
    write_manifest(out / "manifest.json", Manifest((archive,)))
    return archive


def contents(tree: Path) -> dict[str, bytes]:
    return {p.relative_to(tree).as_posix(): p.read_bytes() for p in tree.rglob("*") if p.is_file()}


def test_the_old_tree_becomes_the_new_one(bench: Bench) -> None:
    """Changed, new, renamed, removed and empty files; what both have is linked; modes are kept."""
    tree = bench.apply()
    assert contents(tree) == NEW
    assert (tree / "big/tool").stat().st_mode & 0o777 == 0o755
    assert (tree / "big/same.so").samefile(bench.base / "big/same.so")
    assert (tree / "elsewhere/tool").stat().st_mode & 0o777 == 0o644
    assert contents(bench.base) == OLD
    assert bench.delta.size < 3_000
    assert bench.delta.written_size == sum(len(NEW[path]) for path in NEW if path not in
                                           ("big/same.so", "big/tool", "elsewhere/tool"))  # fmt: skip


def test_what_compiling_added_on_the_device_does_no_harm(bench: Bench) -> None:
    """Files beside those of the archive are neither taken nor missed."""
    (bench.base / "big/__pycache__").mkdir()
    (bench.base / "big/__pycache__/x.pyc").write_bytes(b"x")
    assert contents(bench.apply()) == NEW


def test_a_file_system_without_links_gets_copies(bench: Bench) -> None:
    def refuse(*_: str) -> None:
        raise OSError(errno.EXDEV, "no links here")

    tree = bench.apply(link=refuse)
    assert contents(tree) == NEW
    assert (tree / "big/same.so").stat().st_nlink == 1


def test_the_same_trees_give_the_same_delta(bench: Bench, tmp_path: Path) -> None:
    """In another folder, from archives that were packed again."""
    bundle(tmp_path / "again/old", OLD)
    bundle(tmp_path / "again/new", NEW)
    [again] = add_deltas(
        tmp_path / "again/new", [tmp_path / "again/old/manifest.json"], Listener()
    ).deltas
    assert (again.sha256, again.size) == (bench.delta.sha256, bench.delta.size)


def test_what_is_there_is_not_made_again(bench: Bench, tmp_path: Path) -> None:
    listener = Listener()
    found = add_deltas(bench.out, [tmp_path / "old"], listener, differ=must_not_run)
    assert found.deltas == (bench.delta,)
    assert listener.counted == []
    assert "unchanged" in listener.said[0]


def must_not_run(_old: bytes, _new: bytes) -> bytes:
    raise AssertionError("a patch was made")


@pytest.mark.parametrize("path", ["big/code.so", "big/same.so"])
def test_a_changed_base_is_found_out(bench: Bench, path: str) -> None:
    """One bit of a file that is patched, and of one that is linked."""
    content = bytearray((bench.base / path).read_bytes())
    content[1000] ^= 1
    (bench.base / path).write_bytes(content)
    with pytest.raises(bench.device.UnfitError, match="not as it was installed"):
        bench.apply()
    assert not (bench.base.parent / "made").exists()


def spoil_base(bench: Bench, how: str) -> None:
    """Take a file away, cut it short, or put a link in its place."""
    path = bench.base / "big/code.so"
    content = path.read_bytes()
    path.unlink()
    if how == "short":
        path.write_bytes(content[:1000])
    if how == "link":
        path.symlink_to(bench.base / "big/same.so")


@pytest.mark.parametrize(
    ("how", "words"), [("gone", "lacks"), ("short", "short"), ("link", "lacks")]
)
def test_a_base_that_lacks_something_is_found_out(bench: Bench, how: str, words: str) -> None:
    spoil_base(bench, how)
    with pytest.raises(bench.device.UnfitError, match=words):
        bench.apply()


def test_every_flipped_bit_and_every_cut_is_found_out(bench: Bench, tmp_path: Path) -> None:
    """By the SHA-256 first; by the format and the tree where someone wrote that digest down too."""
    content = bench.path.read_bytes()
    spoilt = tmp_path / "spoilt.ggdelta"
    for at in range(0, len(content), 101):
        flipped = bytearray(content)
        flipped[at] ^= 1 << at % 8
        for damaged in (bytes(flipped), content[:at]):
            spoilt.write_bytes(damaged)
            with pytest.raises(bench.device.UnfitError, match="another SHA-256"):
                bench.apply(spoilt, bench.delta.sha256)
            with pytest.raises(bench.device.UnfitError):
                bench.apply(spoilt)
    assert contents(bench.base) == OLD


def lines(bench: Bench, *told: object, rest: bytes = b"", files: int = 1) -> bytes:
    """A delta of other lines than ggfleet writes."""
    head = {"version": 1, "from": "", "to": bench.new.tree_sha256, "files": files}
    return lzma.compress(
        b"".join(json.dumps(each).encode() + b"\n" for each in (head, *told)) + rest
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (["../out", 0o644, None, 0], "names the file"),
        (["/etc/out", 0o644, None, 0], "names the file"),
        (["a//b", 0o644, None, 0], "names the file"),
        (["x", 0o644, "../../../etc/passwd", None], "names the file"),
        (["x", 0o4755, None, 0], "tells of no file"),
        (["x", 0o644, None, None], "tells of no file"),
        (["x", 0o644, None, True], "tells of no file"),
        (["x", 0o644, None, -5], "ends too early|not as it was"),
        (["x", 0o644, None, 9], "ends too early"),
        (["x", 0o644], "a line of it says"),
        (["x", 0o644, "big/code.so", 4], "ends too early"),
        ("x", "a line of it says|no file"),
    ],
)  # fmt: skip
def test_a_hostile_delta_reaches_nothing(bench: Bench, told: object, words: str) -> None:
    """Paths that lead out, other modes and sizes: refused, with nothing outside of the tree."""
    path = bench.out / "hostile"
    path.write_bytes(lines(bench, told))
    before = sorted(bench.base.parent.rglob("*"))
    with pytest.raises(bench.device.UnfitError, match=words):
        bench.apply(path)
    assert sorted(bench.base.parent.rglob("*")) == before


def test_more_than_a_delta_says_is_refused(bench: Bench) -> None:
    path = bench.out / "long"
    path.write_bytes(lines(bench, rest=b"more", files=0))
    with pytest.raises(bench.device.UnfitError, match="holds more than it says"):
        bench.apply(path)


def test_another_target_or_version_is_refused(bench: Bench) -> None:
    path = bench.out / "other"
    path.write_bytes(lzma.compress(b'{"version": 2, "to": "x", "files": 0}\n'))
    with pytest.raises(bench.device.UnfitError, match="leads to another tree"):
        bench.apply(path)


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from module_support import module_of
device = module_of(Path(sys.argv[2]))
delta, base, tree, digest = sys.argv[3:]
path = Path(delta)
device.apply(path, device.sha256_of(path), Path(base), Path(tree), digest)
print(device.peak_bytes())
"""


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from module_support import module_of
device = module_of(Path(sys.argv[2]))
delta, digest, base, tree, wanted = sys.argv[3:]
touches = ("open", "os.link", "os.mkdir", "os.chmod", "os.remove", "os.rmdir")

def killed(moment):
    # Whatever touches a file is told to this hook first.
    seen = 0
    def hook(event, _):
        nonlocal seen
        seen += event in touches
        if seen > moment:
            os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)

moment = 0
while True:
    pid = os.fork()
    if pid == 0:
        killed(moment)
        device.apply(Path(delta), digest, Path(base), Path(tree), wanted)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0:
        break
    moment += 1
print(moment)
"""


def test_killed_at_any_moment_the_old_tree_stays_and_the_next_run_completes(bench: Bench) -> None:
    """Before each call that touches a file, on top of what the kill before it left."""
    tree = bench.base.parent / "made"
    argv: list[str | Path] = [
        sys.executable, "-c", KILLED, Path(__file__).parents[1], MODULE,
        bench.path, bench.delta.sha256, bench.base, tree, bench.new.tree_sha256,
    ]  # fmt: skip
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert int(done.stdout) > 2 * len(NEW)
    assert contents(bench.base) == OLD
    assert contents(tree) == NEW


def test_memory_does_not_grow_with_files(tmp_path: Path) -> None:
    """A patched file of 100 MB, nearly all zeros in the delta: below 64 MB with Python and all."""
    weight = CHANCE.randbytes(1 << 20) * 96
    changed = weight[:1000] + b"!" * 500 + weight[1200:]
    old = bundle(tmp_path / "old", {"big/tool": b"", "big/weight": weight})
    new = bundle(tmp_path / "new", {"big/tool": b"", "big/weight": changed})

    def differ(_old: bytes, _new: bytes) -> bytes:
        """One stretch after what is new, with zeros to add to all of it: no suffixes are sorted."""
        length = len(changed) - 1500
        head = b"hI\0\x44" + len(changed).to_bytes(4, "little")
        cover = number(1) + number(length) + bytes([0x20]) + number(1200) + number(1500)
        return head + cover + changed[:1500] + bytes(length)

    [delta] = add_deltas(tmp_path / "new", [tmp_path / "old"], Listener(), differ=differ).deltas
    base = tmp_path / "old-source"
    (base / "big/tool").chmod(0o755)
    argv: list[str | Path] = [sys.executable, "-c", PROGRAM, Path(__file__).parents[1], MODULE,
            tmp_path / "new" / delta.file, base, tmp_path / "tree", new.tree_sha256]  # fmt: skip
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    assert int(done.stdout) < 64_000_000
    assert old.tree_sha256 == delta.base_sha256
    assert (tmp_path / "tree/big/weight").read_bytes() == changed


def number(value: int) -> bytes:
    """Seven bits a byte, the highest first, as HDiffPatch's lite format writes numbers."""
    digits = [value & 127]
    while value := value >> 7:
        digits.append(value & 127 | 128)
    return bytes(reversed(digits))


def test_a_delta_that_does_not_pay_is_not_kept(tmp_path: Path) -> None:
    """Nothing in common: it says so, and no file is left."""
    bundle(tmp_path / "old", {"big/tool": CHANCE.randbytes(5000)})
    bundle(tmp_path / "new", {"big/tool": CHANCE.randbytes(5000)})
    listener = Listener()
    assert add_deltas(tmp_path / "new", [tmp_path / "old"], listener).deltas == ()
    assert "of the archive's size" in listener.said[-1]
    assert [p.suffix for p in (tmp_path / "new/libraries").iterdir()] == [".zip"]


def test_missing_and_damaged_archives_are_told(tmp_path: Path) -> None:
    bundle(tmp_path / "new", NEW)
    old = bundle(tmp_path / "old", OLD)
    path = tmp_path / "old" / old.file
    content = path.read_bytes()
    for damaged, words in ((content[:-100], "cannot be read"), (None, "is missing")):
        path.unlink() if damaged is None else path.write_bytes(damaged)
        with pytest.raises(BundleError, match=words):
            add_deltas(tmp_path / "new", [tmp_path / "old"], Listener())
    bundle(tmp_path / "other", NEW)
    shutil.copy(next((tmp_path / "other/libraries").iterdir()), path)
    with pytest.raises(BundleError, match="another tree"):
        add_deltas(tmp_path / "new", [tmp_path / "old"], Listener())


def test_the_manifest_keeps_deltas_to_what_it_lists(bench: Bench) -> None:
    """Round trip; a delta whose target or file is gone is dropped, and pruning removes its file."""
    found = read_manifest(bench.out / "manifest.json")
    assert found.deltas == (bench.delta,)
    assert fitting(bench.out, found.archives, found.deltas) == found.deltas
    other = replace(bench.new, tree_sha256="0" * 64)
    assert fitting(bench.out, [other], found.deltas) == ()
    assert prune(bench.out) == ()
    write_manifest(bench.out / "manifest.json", Manifest(found.archives))
    assert [each.file for each in prune(bench.out)] == [bench.delta.file]
    assert fitting(bench.out, found.archives, found.deltas) == ()


@pytest.mark.parametrize("file", ["/etc/x", "../x"])
def test_a_delta_outside_of_the_folder_is_refused(bench: Bench, file: str) -> None:
    write_manifest(
        bench.out / "manifest.json", Manifest((bench.new,), (replace(bench.delta, file=file),))
    )
    with pytest.raises(BundleError, match="leaves the folder"):
        read_manifest(bench.out / "manifest.json")
