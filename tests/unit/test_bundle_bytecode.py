"""Compiled files: for the target's Python, believed unseen, the same every time, made once."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from ggfleet.bundle.bytecode import AT_ONCE, Bytecode, Interpreter, find_interpreter, without
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.tags import ranked_tags
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.errors import BundleError
from unit.factories import make_platform
from unit.wheelmaker import make_wheel

HERE = make_platform("here", python=f"{sys.version_info.major}.{sys.version_info.minor}")
FILES = {
    "tiny/__init__.py": "names = {'a', 'b', 'c'}\nanswer = 1\n",
    "tiny/deep/module.py": "import os\n",
    "tiny/old.py": "print 'of Python 2'\n",
    "tiny/data.txt": "",
}


def this_python() -> Interpreter:
    found = find_interpreter(HERE)
    assert found is not None
    return found


def compiled(*wheels: Wheel, python: Interpreter | None = None) -> dict[str, bytes]:
    """The paths and contents of what is made of wheels."""
    with ExitStack() as stack:
        bytecode = Bytecode(python or this_python(), stack)
        found: dict[str, bytes] = {}
        for wheel in wheels:
            path = Path(wheel.url.removeprefix("file://"))
            opened = stack.enter_context(OpenWheel(wheel, path))
            for entry in bytecode.entries(wheel, path, opened.entries(HERE, ranked_tags(HERE))):
                assert entry.path not in found
                found[entry.path] = b"".join(entry.content.chunks())
                assert entry.size == len(found[entry.path])
        return found


def test_python_files_of_this_version_are_compiled(tmp_path: Path) -> None:
    """Beside their folder's own; what is no Python of this version is left out."""
    tag = sys.implementation.cache_tag
    assert sorted(compiled(make_wheel(tmp_path, files=FILES))) == [
        f"tiny/__pycache__/__init__.{tag}.pyc",
        f"tiny/deep/__pycache__/module.{tag}.pyc",
    ]


def test_interpreter_believes_them_without_their_source(tmp_path: Path) -> None:
    """A source that has changed since is not looked at, and nothing is written."""
    for path, content in compiled(make_wheel(tmp_path, files=FILES)).items():
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_bytes(content)
    (tmp_path / "tree/tiny/__init__.py").write_text("answer = 2\n")
    before = sorted((tmp_path / "tree").rglob("*"))
    command = [sys.executable, "-c", "import tiny; print(tiny.answer, tiny.__file__)"]
    said = subprocess.run(
        command, cwd=tmp_path / "tree", capture_output=True, text=True, check=True
    )
    assert said.stdout == f"1 {tmp_path}/tree/tiny/__init__.py\n"
    assert sorted((tmp_path / "tree").rglob("*")) == before


def test_two_caches_get_the_same_bytes(tmp_path: Path) -> None:
    """Also over the border of what one process compiles."""
    many = {f"tiny/m{number}.py": f"x = {{'a', 'b', {number}}}\n" for number in range(AT_ONCE + 9)}
    one = compiled(make_wheel(tmp_path / "one", files={**FILES, **many}))
    two = compiled(make_wheel(tmp_path / "two", files={**FILES, **many}))
    assert one == two
    assert len(one) == len(many) + 2


def test_what_was_compiled_once_is_kept(tmp_path: Path) -> None:
    """By the wheel's digest and the exact version; an interpreter that fails is told otherwise."""
    wheel = make_wheel(tmp_path, files=FILES)
    first = compiled(wheel)
    broken = replace(this_python(), program=Path("/bin/false"))
    assert compiled(wheel, python=broken) == first
    with pytest.raises(BundleError, match=r"tiny 1\.0 cannot be compiled: false failed"):
        compiled(wheel, python=replace(broken, version="3.0.0"))
    assert not list(tmp_path.glob(".compiling*"))


def test_file_that_two_wheels_bring_is_compiled_once(tmp_path: Path) -> None:
    """As their sources lie in one place, so do the compiled ones."""
    shared = {"shared/__init__.py": "x = 1\n"}
    one = make_wheel(tmp_path, "one", files={**shared, "shared/one.py": ""})
    two = make_wheel(tmp_path, "two", files={**shared, "shared/two.py": ""})
    assert len(compiled(one, two)) == 3


def test_only_an_interpreter_of_the_targets_version_will_do() -> None:
    """This one, or one from PATH; where there is none, the note says what would change it."""
    assert this_python().version == ".".join(map(str, sys.version_info[:3]))
    device = make_platform("pi", python="3.99")
    assert find_interpreter(device) is None
    assert "no Python 3.99 on this machine" in without(device)
