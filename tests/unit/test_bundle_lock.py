"""The text of a lock, where it lies, and what a change of it is called."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from packaging.pylock import Pylock

from ggfleet.bundle.lock import changes, differences, lock_path, lock_text, read_lock
from ggfleet.bundle.resolve import Wheel
from unit.factories import make_platform
from unit.wheelmaker import PI, make_wheel

TARGET = make_platform("pi", architecture="aarch64", provides=(("numpy", "1.24.2"),))


def test_files_that_are_resolved_together_have_one_lock() -> None:
    """Whatever order a function names its libraries in; a name may hold no dot."""
    one, two = Path("a/edge.runtime.txt"), Path("b/sdk.txt")
    for files in ([one, two], [two, one], [one, two, one]):
        assert lock_path(files, TARGET) == Path("a/pylock.edge-runtime+sdk-pi.toml")


def test_text_is_a_lock_and_keeps_no_secret(tmp_path: Path) -> None:
    """Wheels of an index by their URL, local ones by a path from the lock."""
    file = tmp_path / "sub" / "r.txt"
    file.parent.mkdir()
    file.write_text(
        "--index-url https://me:secret@packages.example.com/simple\n"
        "Tiny==1.0 --hash=sha256:" + "0" * 64 + "  # small\nother\n-c limits.txt\n"
    )
    (file.parent / "limits.txt").write_text("tiny<2\n")
    url = "https://me:secret@packages.example.com/a%20b/other-2.0-py3-none-any.whl"
    wheels = [
        Wheel("Other", "2.0", "other-2.0-py3-none-any.whl", url, "1" * 64),
        make_wheel(tmp_path / "wheels", tag=PI),
    ]
    text = lock_text(wheels, [file], TARGET)
    assert "secret" not in text
    assert str(tmp_path) not in text
    lock = Pylock.from_dict(tomllib.loads(text))
    (one,), (two,) = (package.wheels or () for package in lock.packages)
    assert one.url == "https://packages.example.com/a%20b/other-2.0-py3-none-any.whl"
    assert two.path == f"../wheels/tiny-1.0-{PI}.whl"
    asked = tomllib.loads(text)["tool"]["ggfleet"]
    assert asked["requirements"] == ["-c tiny<2", "Tiny==1.0", "other"]
    assert asked["platform"]["provides"] == ["numpy==1.24.2"]


def test_what_is_asked_now_is_held_against_the_lock(tmp_path: Path) -> None:
    """Comments and hashes are no difference; a requirement that became a constraint is."""
    file = tmp_path / "r.txt"
    file.write_text("tiny>=1\nother\n")
    lock_path([file], TARGET).write_text(lock_text([], [file], TARGET))
    lock = read_lock(lock_path([file], TARGET))
    assert lock is not None
    file.write_text("other   # first\ntiny>=1\n")
    assert differences(lock, [file], TARGET) == []
    file.write_text("tiny>=1\n-c limits.txt\n")
    (tmp_path / "limits.txt").write_text("other\n")
    newer = replace(TARGET, python="3.12", provides=())
    assert differences(lock, [file], newer) == [
        "- numpy==1.24.2 of the system",
        "- other",
        "- python 3.11",
        "+ -c other",
        "+ python 3.12",
    ]


def test_changes_are_told_in_words(tmp_path: Path) -> None:
    """Moved, come, gone, and replaced under its version."""
    file = tmp_path / "r.txt"
    file.write_text("a\n")
    before = [make_wheel(tmp_path, name) for name in ("gone", "moved", "replaced", "same")]
    lock_path([file], TARGET).write_text(lock_text(before, [file], TARGET))
    after = [
        make_wheel(tmp_path, "come"),
        make_wheel(tmp_path, "moved", "2.0"),
        replace(before[2], sha256="f" * 64),
        before[3],
    ]
    lock = read_lock(lock_path([file], TARGET))
    assert [str(change) for change in changes(lock, after)] == [
        "+ come 1.0",
        "- gone 1.0",
        "moved 1.0 -> 2.0",
        "replaced 1.0: another wheel",
    ]
