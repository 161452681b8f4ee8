"""What may happen to a build: damage, a full disk, a kill, another build; and where it may run.

Each leaves the cache and the archives sound, says clearly what is wrong, and a later run writes the
bytes that an undisturbed one does.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from functional.pi_fleet import environment, write_project
from ggfleet.bundle import read_manifest

PADDING = random.Random(5).randbytes(3_000_000)
"""What does not get smaller, so that sizes and times are those of the disk."""

Files = Mapping[str, str]


def start(project: Path, *words: str | Path, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*words, sys.executable, "-m", "ggfleet", "bundle"],
        cwd=project, env={**environment(project), **more}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def bundle(project: Path, *words: str | Path, **more: str) -> str:
    started = start(project, *words, **more)
    said, _ = started.communicate()
    assert started.returncode == 0, said
    assert "Traceback" not in said
    return said


def written(project: Path) -> Files:
    """Every file of the output by its SHA-256; hidden ones are leftovers that a later run sweeps."""
    out = project / "build/bundles"
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


def assert_sound(project: Path) -> None:
    """Whatever has its last name is whole: archives, manifest, wheels by their digest, made zips."""
    out, wheels = project / "build/bundles", project / "cache/wheels"
    for path in (*out.rglob("*.zip"), *wheels.rglob("*.zip")):
        with zipfile.ZipFile(path) as opened:
            assert opened.testzip() is None
    for wheel in wheels.glob("*.whl"):
        assert hashlib.sha256(wheel.read_bytes()).hexdigest() == wheel.stem
    if (out / "manifest.json").exists():
        for archive in read_manifest(out / "manifest.json").archives:
            data = (out / archive.file).read_bytes()
            assert hashlib.sha256(data).hexdigest() == archive.sha256


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Files, float]:
    """A project that was built, what came of it, and the seconds that it took."""
    project = write_project(tmp_path_factory.mktemp("undisturbed"), PADDING)
    began = time.perf_counter()
    bundle(project)
    return project, written(project), time.perf_counter() - began


def copied(undisturbed: tuple[Path, Files, float], to: Path, *, built: bool) -> Path:
    left_out = () if built else ("build", "cache")
    return Path(shutil.copytree(undisturbed[0], to, ignore=shutil.ignore_patterns(*left_out)))


@pytest.mark.parametrize("how", ["cut", "flipped", "emptied"])
def test_damaged_cache_is_made_good(
    how: str, undisturbed: tuple[Path, Files, float], tmp_path: Path
) -> None:
    """At once, or by the run after one that says so."""
    project = copied(undisturbed, tmp_path / "project", built=True)
    shutil.rmtree(project / "build")  # else nothing of the cache is read
    kept = sorted(each for part in ("wheels", "built") for each in project.glob(f"cache/{part}/*"))
    assert {".whl", ".zip", ".json"} == {path.suffix for path in kept}
    for path in kept:
        damage(path, how)
    made = sum(path.suffix == ".zip" for path in kept)
    for _ in range(made + 1):
        started = start(project)
        said, _ = started.communicate()
        assert "Traceback" not in said
        if started.returncode == 0:
            break
        assert started.returncode == 2
        assert "of the cache was damaged, and is removed\n  fix: run again" in said
    assert written(project) == undisturbed[1]
    assert_sound(project)


def test_truncated_archive_is_written_again(
    undisturbed: tuple[Path, Files, float], tmp_path: Path
) -> None:
    """Nothing else changed, so that nothing else is built; one of its length is seen by publish."""
    project = copied(undisturbed, tmp_path / "project", built=False)
    bundle(project)
    for path in project.glob("build/bundles/libraries/*.zip"):
        damage(path, "cut")
    said = bundle(project)
    assert "wrote libraries/native" in said
    assert "unchanged, functions/fn" in said
    assert written(project) == undisturbed[1]


def damage(path: Path, how: str) -> None:
    data = bytearray(path.read_bytes())
    if how == "flipped":
        data[len(data) // 3] ^= 0xFF
    path.write_bytes(data if how == "flipped" else data[: len(data) // 2 if how == "cut" else 0])


def test_killed_at_random_moments(undisturbed: tuple[Path, Files, float], tmp_path: Path) -> None:
    """SIGKILL, again and again, into the work of those before; the kernel may end it anywhere."""
    _, expected, seconds = undisturbed
    moments = random.Random()
    project = copied(undisturbed, tmp_path / "project", built=False)
    for _ in range(6):
        started = start(project)
        time.sleep(moments.uniform(0.3 * seconds, seconds))  # before that it only starts
        started.kill()
        started.communicate()
        assert_sound(project)
    bundle(project)
    assert written(project) == expected
    assert not list(project.rglob("*.part"))


def test_two_builds_at_once(undisturbed: tuple[Path, Files, float], tmp_path: Path) -> None:
    """Of one project, into one folder and one cache."""
    project = copied(undisturbed, tmp_path / "project", built=False)
    started = [start(project) for _ in range(3)]
    for each in started:
        said, _ = each.communicate()
        assert each.returncode == 0, said
    assert written(project) == undisturbed[1]
    assert_sound(project)


@contextlib.contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A file system in memory, of a few megabytes."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
@pytest.mark.parametrize("where", ["cache", "build"])
def test_full_disk(where: str, undisturbed: tuple[Path, Files, float], tmp_path: Path) -> None:
    """From one that takes nothing to one that takes all; then, with room, the rest is done."""
    project = copied(undisturbed, tmp_path / "project", built=False)
    codes = []
    with small_disk(project / where, 1 << 26):
        for size in (1 << 12, 1 << 18, 3 << 20, 1 << 26):
            subprocess.run(["mount", "-o", f"remount,size={size}", project / where], check=True)
            started = start(project)
            said, _ = started.communicate()
            codes.append(started.returncode)
            assert "Traceback" not in said
            if started.returncode:
                assert started.returncode == 2, said
                assert "space" in said, said
                assert "fix:" in said, said
            assert_sound(project)
            parts = [path for path in project.rglob("*.part") if path.is_file()]
            assert parts == []
        assert (codes[0], codes[-1]) == (2, 0)
        assert written(project) == undisturbed[1]


def elsewhere() -> tuple[list[str], dict[str, str]]:
    """Everything that must not show in a build's bytes: umask, processors, user, zone, year."""
    words = ["sh", "-c", 'umask 077; exec "$@"', "sh"]
    one = str(min(os.sched_getaffinity(0)))
    user = ["unshare", "--user", "--map-user=12345", "--map-group=12345"]
    for more in (["taskset", "--cpu-list", one], user):
        if subprocess.run([*more, "true"], capture_output=True, check=False).returncode == 0:
            words += more
    variables = {"TZ": "Pacific/Kiritimati", "LANG": "tr_TR.UTF-8", "LC_ALL": "C"}
    for library in Path("/usr/lib").glob("*/faketime/libfaketime.so.1"):
        fixed = {"FAKETIME": "@2031-07-01 12:00:00", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        variables |= {"LD_PRELOAD": str(library), **fixed}
    return words, variables


def test_bytes_are_the_same_elsewhere(
    undisturbed: tuple[Path, Files, float], tmp_path: Path
) -> None:
    """In another folder, with files of another age, and as far as this machine lets it differ."""
    words, variables = elsewhere()
    project = copied(undisturbed, tmp_path / "another folder", built=False)
    for path in project.rglob("*"):
        os.utime(path, (10**9, 10**9))
    bundle(project, *words, **variables)
    assert written(project) == undisturbed[1]
