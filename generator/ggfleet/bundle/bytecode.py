"""Compiled Python files for the target's interpreter, which only one of its version can make.

Without them TensorFlow compiles 1,800 files at every start from a read-only tree.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.tree import FILE_MODE, Entry
from ggfleet.bundle.wheels import MadeMember, Member, open_made
from ggfleet.errors import BundleError, ToolError
from ggfleet.model import Platform
from ggfleet.system.process import run
from ggfleet.system.scratch import scratch_file

PROGRAM = Path(__file__).with_name("compiler.py")
SOURCE = ".py"
AT_ONCE = 250
"""Files that one process compiles. What it writes depends a little on which files came before
(marshal marks shared objects), so the number is fixed: this machine's processors must not count."""

ASK = """\
import json, sys
print(json.dumps([list(sys.version_info[:3]), sys.implementation.name,
                  sys.implementation.cache_tag]))
"""
ALONE = ("-s", "-S")
FIXED_HASHES = {"PYTHONHASHSEED": "0"}
"""The order of sets must not depend on chance."""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine: its program, `3.11.7`, and the tag of its files, `cpython-311`."""

    program: Path
    version: str
    tag: str

    def place(self, source: str) -> str:
        """Where the compiled file of a source lies (PEP 3147)."""
        folder, slash, name = source.rpartition("/")
        return f"{folder}{slash}__pycache__/{name.removesuffix(SOURCE)}.{self.tag}.pyc"


Finder = Callable[[Platform], Interpreter | None]
"""A platform to an interpreter of its Python's minor version, if this machine has one."""


@lru_cache
def find_interpreter(platform: Platform) -> Interpreter | None:
    """This Python, or the one on PATH that is named after the platform's."""
    own = sys.version_info[:2] == platform.python_version
    candidate = Path(sys.executable) if own else Path(f"python{platform.python}")
    try:
        version, name, tag = json.loads(run([candidate, *ALONE, "-c", ASK]))
    except (ToolError, ValueError):
        return None  # none of this name, or none that works
    if name != "cpython" or tuple(version[:2]) != platform.python_version:
        return None
    return Interpreter(candidate, ".".join(map(str, version)), tag)


@dataclass
class Bytecode:
    """Compiles what wheels bring; what was compiled once lies beside the wheel in the cache."""

    interpreter: Interpreter
    stack: ExitStack
    """Open while the entries are read."""
    places: set[str] = field(default_factory=set)
    """Of what was made: two wheels may bring the same file, and it is compiled once."""

    def entries(self, wheel: Wheel, path: Path, entries: Sequence[Entry]) -> Iterator[Entry]:
        """A compiled file for each Python file among the entries of a wheel at `path`."""
        sources = {
            entry.content.info.filename: self.interpreter.place(entry.path)
            for entry in entries
            if entry.path.endswith(SOURCE) and isinstance(entry.content, Member)
        }
        sources = {name: at for name, at in sources.items() if at not in self.places}
        self.places.update(sources.values())
        names = sorted(sources)
        parts = [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            made = list(pool.map(lambda part: self._compiled(wheel, path, part), parts))
        for archive in made:
            opened = self.stack.enter_context(open_made(archive))
            for info in opened.infolist():
                content = MadeMember(opened, info, str(wheel), archive)
                place = sources[info.filename]
                yield Entry(place, FILE_MODE, info.file_size, str(wheel), content)

    def _compiled(self, wheel: Wheel, path: Path, names: Sequence[str]) -> Path:
        text = PROGRAM.read_text()
        key = "\0".join([text, self.interpreter.version, *names])
        digest = hashlib.sha256(key.encode()).hexdigest()[:16]
        out = path.with_suffix(f".{self.interpreter.tag}-{digest}.zip")
        if zipfile.is_zipfile(out):
            return out
        with scratch_file(path.parent, "compiling") as scratch:
            files = (path.resolve(), scratch.path.resolve())
            try:
                run(
                    [self.interpreter.program, *ALONE, "-c", text, *files],
                    env=FIXED_HASHES,
                    cwd=Path("/"),
                    stdin="\n".join(names),
                )
            except ToolError as error:
                raise BundleError(f"{wheel} cannot be compiled: {error.message}") from error
            scratch.settle(out)
        return out


def without(platform: Platform) -> str:
    """What to tell where nothing can be compiled for a platform."""
    return (
        f"no Python {platform.python} on this machine, so nothing is compiled for platform "
        f"{platform.name}: starting from a read-only tree takes longer there (a python"
        f"{platform.python} on PATH changes that)"
    )
