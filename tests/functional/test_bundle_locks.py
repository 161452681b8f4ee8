"""Locks: what `ggfleet lock` writes, how it is reviewed, and that builds do as it says."""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest
from packaging.pylock import Pylock, is_valid_pylock_path

from functional.ggfleet_command import ggfleet
from functional.pi_fleet import write_project
from ggfleet.bundle import read_manifest
from ggfleet.model import Part
from unit.wheelmaker import PI, make_wheel

NATIVE, PURE = "pylock.native-pi.toml", "pylock.pure-pi.toml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fleet of one Pi, and a folder of wheels."""
    return write_project(tmp_path)


def run(project: Path, *arguments: str, code: int = 0) -> str:
    done = ggfleet(*arguments, cwd=project, GGFLEET_CACHE=str(project / "cache"), HOME=str(project))
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_lock_is_a_file_to_review(project: Path) -> None:
    """Sorted, relative, as PEP 751 has it; the same from another folder, and again."""
    said = run(project, "lock")
    assert f"{NATIVE} is new, 2 packages" in said
    text = (project / NATIVE).read_text()
    assert is_valid_pylock_path(project / NATIVE)
    assert [str(each.name) for each in Pylock.from_dict(tomllib.loads(text)).packages] == [
        "helper",
        "native",
    ]
    assert f'path = "wheels/native-1.0-{PI}.whl"' in text
    assert '"native<1.1",' in text
    assert str(project) not in text
    run(project, "lock")
    assert (project / NATIVE).read_text() == text
    other = project.parent / f"{project.name}-other"
    shutil.copytree(project, other, ignore=shutil.ignore_patterns("pylock*", "cache"))
    run(other, "lock")
    assert (other / NATIVE).read_text() == text


def test_bundle_does_as_the_lock_says(project: Path) -> None:
    """A newer version on offer changes nothing until the lock is written anew."""
    run(project, "lock")
    make_wheel(project / "wheels", "native", "1.0.5", tag=PI, metadata="Requires-Dist: helper\n")
    make_wheel(project / "wheels", "pure", "1.0.5")
    assert "no lock" not in run(project, "bundle", "--locked")
    assert packages(project) == {"native-1.0", "helper-3.0"}
    assert run(project, "lock", "--check").count("unchanged") == 2
    said = run(project, "lock", "--check", "--upgrade", code=1)
    assert f"{NATIVE} would be changed, 2 packages\n  native 1.0 -> 1.0.5" in said
    assert "pure 1.0 -> 1.0.5" in said
    said = run(project, "lock", "--upgrade-package", "native")
    assert f"{NATIVE} is changed" in said
    assert f"{PURE} is unchanged" in said
    run(project, "bundle", "--locked")
    assert packages(project) == {"native-1.0.5", "helper-3.0"}


def packages(project: Path) -> set[str]:
    """Names and versions of what is in the library's archive."""
    out = project / "build/bundles"
    archive = read_manifest(out / "manifest.json").find(Part.LIBRARIES, "native", "pi")
    assert archive is not None
    bill = json.loads((out / f"{archive.file}.cdx.json").read_text())
    return {f"{each['name']}-{each['version']}" for each in bill["components"]}


def test_locked_refuses_what_no_lock_names(project: Path) -> None:
    """All at once, with the difference; without the option it is told, and resolved anew."""
    said = run(project, "bundle", "--locked", code=2)
    assert f"no lock {project / NATIVE}" in said
    assert f"no lock {project / PURE}" in said
    assert "ggfleet lock" in said
    assert not (project / "build/bundles/manifest.json").exists()
    assert f"no lock {project / NATIVE}; resolved anew" in run(project, "bundle")
    run(project, "lock")
    file = project / "native.txt"
    file.write_text(file.read_text().replace("native<1.1", "native\nhelper<4"))
    said = run(project, "bundle", "--locked", code=2)
    assert f"{NATIVE} answers other requirements:" in said
    assert "    - native<1.1\n    + helper<4\n    + native\n" in said
    assert PURE not in said


def test_platform_that_changed_needs_another_lock(project: Path) -> None:
    """Its wheels may not load there."""
    run(project, "lock")
    spec = project / "fleet.yml"
    spec.write_text(spec.read_text().replace('glibc: "2.36"', 'glibc: "2.31"'))
    said = run(project, "bundle", "--locked", code=2)
    assert "    - glibc 2.36\n    + glibc 2.31\n" in said


def test_changed_wheel_is_seen(project: Path) -> None:
    """The same version with other bytes: the lock refuses it, and a re-lock says it."""
    run(project, "lock")
    make_wheel(project / "wheels", "native", "1.0", tag=PI, files={"native.py": "value = 2\n"})
    said = run(project, "bundle", "--locked", code=2)
    assert "is not what it should be" in said
    assert "native 1.0: another wheel" in run(project, "lock", "--check", code=1)


def test_lock_tells_scripts(project: Path) -> None:
    """State and changes of each, and an error of a name that no library requires."""
    run(project, "lock")
    file = project / "native.txt"
    file.write_text(file.read_text().replace("native<1.1", "native"))
    # What was chosen stays where it may
    [native, _] = json.loads(run(project, "lock", "--json"))["locks"]
    assert (native["state"], native["changes"]) == ("changed", [])
    [native, pure] = json.loads(run(project, "lock", "--json", "--upgrade"))["locks"]
    assert native["changes"] == [{"package": "native", "before": "1.0", "after": "1.1"}]
    assert (native["file"], pure["state"]) == (str(project / NATIVE), "unchanged")
    assert "no library requires it" in run(project, "lock", "--upgrade-package", "nativ", code=2)


def test_damaged_lock_is_told(project: Path) -> None:
    """A merge conflict, say; nothing is built from it, and nothing overwrites it."""
    run(project, "lock")
    lock = project / NATIVE
    lock.write_text(f"<<<<<<< mine\n{lock.read_text()}")
    for verb in ("bundle", "lock"):
        assert f"lock {project / NATIVE} cannot be read" in run(project, verb, code=2)
    assert lock.read_text().startswith("<<<")


def test_all_locks_are_written_or_none(project: Path) -> None:
    """The second set cannot be resolved."""
    (project / "pure.txt").write_text("--no-index\nabsent\n")
    run(project, "lock", code=2)
    assert not list(project.glob("pylock.*"))
