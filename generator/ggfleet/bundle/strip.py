"""Shared objects without the names and debugging data that nothing asks for at run time."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path

from packaging.utils import canonicalize_name

from ggfleet.bundle.fit.elf import MAGIC, read
from ggfleet.bundle.lean import LeftOut
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.tree import Entry
from ggfleet.bundle.wheels import MadeMember, open_made
from ggfleet.errors import BundleError, ToolError
from ggfleet.model import Platform
from ggfleet.system.files import CHUNK
from ggfleet.system.process import run
from ggfleet.system.scratch import Scratch, scratch_file

TOOLS = {
    "x86_64": ("x86_64-linux-gnu-strip", "binutils-x86-64-linux-gnu"),
    "aarch64": ("aarch64-linux-gnu-strip", "binutils-aarch64-linux-gnu"),
    "armv7l": ("arm-linux-gnueabihf-strip", "binutils-arm-linux-gnueabihf"),
}
"""By architecture: the program, and Debian's package that has it, on whatever machine."""

REASON = "only linkers and debuggers read them"

STRIPPED = {
    "ai-edge-litert": "ai_edge_litert/*.so*",
    "tensorflow": "tensorflow/*.so*",
    "tensorflow-cpu": "tensorflow/*.so*",
}
"""Packages that a test has seen predict afterwards (tests/functional/test_bundle_lean.py), and
which of their files. Never auditwheel's `.libs` folders: it has moved parts of these files, and
strip damages them."""

OPTIONS = ("--strip-unneeded", "--enable-deterministic-archives")
FAST = 1
"""Of zlib: the result lies in the cache alone."""


@dataclass(frozen=True)
class Tool:
    """A strip program for an architecture, and what it calls its version."""

    program: Path
    version: str


@lru_cache
def find_tool(platform: Platform) -> Tool | None:
    """The program for a platform, if this machine has it."""
    name, _ = TOOLS.get(platform.architecture, ("", ""))
    found = shutil.which(name)
    if found is None:
        return None
    return Tool(Path(found), run([found, "--version"]).partition("\n")[0])


@dataclass(frozen=True)
class Stripper:
    """Strips what wheels bring; what was stripped once lies beside the wheel in the cache."""

    tool: Tool
    stack: ExitStack
    """Open while the entries are read."""

    def entries(self, wheel: Wheel, path: Path, entries: Sequence[Entry]) -> list[Entry]:
        """The entries of a wheel at `path`, the stripped ones in place of what they were."""
        pattern = STRIPPED.get(canonicalize_name(wheel.name), "")
        wanted = [entry for entry in entries if fnmatchcase(entry.path, pattern)]
        if not wanted:
            return list(entries)
        kept = self._stripped(wheel, path, wanted)
        opened = self.stack.enter_context(open_made(kept))
        made = {info.filename: info for info in opened.infolist()}
        return [
            Entry(entry.path, entry.mode, made[entry.path].file_size, entry.origin,
                  MadeMember(opened, made[entry.path], entry.origin, kept))
            if entry.path in made else entry
            for entry in entries
        ]  # fmt: skip

    def _stripped(self, wheel: Wheel, path: Path, entries: Sequence[Entry]) -> Path:
        """A zip of those that got smaller."""
        key = "\0".join([self.tool.version, *OPTIONS, *(entry.path for entry in entries)])
        out = path.with_suffix(f".stripped-{hashlib.sha256(key.encode()).hexdigest()[:16]}.zip")
        if zipfile.is_zipfile(out):
            return out
        with scratch_file(path.parent, "stripped") as scratch:
            with zipfile.ZipFile(
                scratch.stream, "w", zipfile.ZIP_DEFLATED, compresslevel=FAST
            ) as archive:
                for entry in entries:
                    with self._smaller(wheel, entry, path.parent) as file:
                        if file is not None:
                            # by its name, not by a ZipInfo: those carry no level
                            with file.open("rb") as source, archive.open(entry.path, "w") as to:
                                shutil.copyfileobj(source, to, CHUNK)
            scratch.settle(out)
        return out

    @contextmanager
    def _smaller(self, wheel: Wheel, entry: Entry, folder: Path) -> Iterator[Path | None]:
        """The stripped file; nothing where it is no ELF file, as big as before, or not the same."""
        with (
            scratch_file(folder, "whole") as whole,
            scratch_file(folder, "small") as small,
        ):
            if not _is_elf(entry, whole):
                yield None
                return
            try:
                run([self.tool.program, *OPTIONS, "-o", small.path, whole.path])
            except ToolError as error:
                raise BundleError(
                    f"{wheel}: {entry.path} cannot be stripped: {error.message}",
                    fix="take it as it is: `ggfleet bundle --whole`",
                ) from error
            same = _needs(small.path) == _needs(whole.path)
            yield small.path if same and small.path.stat().st_size < entry.size else None


def _is_elf(entry: Entry, scratch: Scratch) -> bool:
    """Write an entry to a file, if it begins as one that can be stripped."""
    chunks = entry.content.chunks()
    first = next(chunks, b"")
    if not first.startswith(MAGIC):
        return False
    scratch.stream.write(first)
    for chunk in chunks:
        scratch.stream.write(chunk)
    scratch.stream.flush()
    return True


def _needs(path: Path) -> object:
    """What the dynamic linker sees of a file."""
    with path.open("rb") as stream:
        return read("", stream)


def gain(origin: str, before: Sequence[Entry], tree: Sequence[Entry]) -> tuple[LeftOut, ...]:
    """What stripping has saved of one wheel: entries before, and the tree that they became."""
    sizes = {entry.path: entry.size for entry in tree if entry.origin == origin}
    saved = [entry.size - sizes.get(entry.path, entry.size) for entry in before]
    if not any(saved):
        return ()
    return (LeftOut("symbols", REASON, sum(map(bool, saved)), sum(saved)),)


def is_stripped(wheel: Wheel) -> bool:
    """Whether there is something to strip in a wheel."""
    return canonicalize_name(wheel.name) in STRIPPED


def without(platform: Platform) -> str:
    """What to tell where nothing can be stripped for a platform."""
    name, package = TOOLS[platform.architecture]
    return f"no {name} on this machine (apt install {package}), so nothing is stripped"
