"""What every part of a bundle is built with: caches, a place to write, someone to tell."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ggfleet.bundle import lean, strip
from ggfleet.bundle.archive import Packed, pack
from ggfleet.bundle.bytecode import Bytecode, Finder, Interpreter, find_interpreter
from ggfleet.bundle.contents import contents_path, shares, write_contents
from ggfleet.bundle.fetch import WheelCache
from ggfleet.bundle.fingerprint import Fingerprints
from ggfleet.bundle.fit import prove
from ggfleet.bundle.resolve import Wheel
from ggfleet.bundle.strip import Stripper, Tool, find_tool, gain, is_stripped
from ggfleet.bundle.supply.package import package_of
from ggfleet.bundle.supply.sbom import bill_path, write_bill
from ggfleet.bundle.tags import ranked_tags
from ggfleet.bundle.tree import Entry
from ggfleet.bundle.wheels import OpenWheel
from ggfleet.model import (
    Archive,
    Compression,
    Fleet,
    Form,
    Json,
    Manifest,
    Part,
    Platform,
    ending,
)
from ggfleet.system.progress import Progress

NAME_DIGITS = 16

BILLED = frozenset(Part) - {Part.MODEL}
"""Parts that packages of others can be in."""

Resolver = Callable[[Sequence[Path], Platform], tuple[Wheel, ...]]


@dataclass(frozen=True)
class Order:
    """One archive to build: for whom, and the fingerprint of everything that goes in."""

    part: Part
    name: str
    platform: str
    inputs: Json
    form: Form = Form.ZIP
    compression: Compression = Compression.GZIP

    def __str__(self) -> str:
        form = {Form.IMAGE: " as an image", Form.TAR: " as a tar.gz"}.get(self.form, "")
        return f"{self.part} {self.name} for {self.platform}{form}"


@dataclass(frozen=True)
class Workshop:
    """Builds archives of one fleet into `out`.

    `platforms` are all that an archive could be for, asked for now or not; `before` is the manifest
    that was there. `whole` leaves nothing of a wheel out.
    """

    fleet: Fleet
    platforms: tuple[Platform, ...]
    out: Path
    progress: Progress
    wheels: WheelCache
    resolver: Resolver
    fingerprints: Fingerprints
    before: Manifest
    interpreters: Finder = find_interpreter
    tools: Callable[[Platform], Tool | None] = find_tool
    whole: bool = False

    def find(self, order: Order) -> Archive | None:
        """The archive of exactly these inputs, if it and what belongs beside it are there."""
        archive = self.fingerprints.find(self._key(order), self.out)
        if archive and archive.part in BILLED:
            beside = (bill_path(self.out, archive), contents_path(self.out, archive))
            if not all(path.is_file() for path in beside):
                return None
        if archive:
            self.progress.say(f"{order}: unchanged, {archive.file}")
        return archive

    def keep(self, order: Order, archive: Archive) -> None:
        """Remember that exactly these inputs make the archive."""
        self.fingerprints.keep(self._key(order), archive)

    def resolve(self, order: Order, files: Sequence[Path], target: Platform) -> tuple[Wheel, ...]:
        """The wheels of requirements files, all of them in the cache and proven to fit."""
        if not files:
            return ()
        self.progress.step(f"{order}: resolving")
        wheels = self.resolver(files, target)
        self.wheels.fetch(wheels)
        self.progress.step(f"{order}: reading binaries")
        for note in prove(wheels, self.wheels.path, target):
            self.progress.say(f"{order}: {note}")
        if not self.whole and any(map(is_stripped, wheels)) and not self._tool(target.name):
            self.progress.say(f"{order}: {strip.without(target)}")
        return wheels

    @contextlib.contextmanager
    def unpacked(
        self, wheels: Sequence[Wheel], target: Platform, interpreter: Interpreter | None = None
    ) -> Iterator[list[Entry]]:
        """What the wheels put on the device; readable inside the block.

        With an interpreter of the target's version, what it has compiled is among the entries.
        """
        takes = ranked_tags(target) if wheels else {}
        with contextlib.ExitStack() as stack:
            compiler = Bytecode(interpreter, stack) if interpreter else None
            tool = self._tool(target.name)
            stripper = Stripper(tool, stack) if tool else None
            found: list[Entry] = []
            for wheel in wheels:
                path = self.wheels.path(wheel)
                opened = stack.enter_context(OpenWheel(wheel, path))
                entries, _ = self._split(wheel, opened.entries(target, takes))
                if stripper:
                    entries = stripper.entries(wheel, path, entries)
                compiled = [*compiler.entries(wheel, path, entries)] if compiler else []
                # Some wheels bring a compiled file along, which the device would not believe.
                ours = {entry.path for entry in compiled}
                found += [*(each for each in entries if each.path not in ours), *compiled]
            yield found

    def _tool(self, platform: str) -> Tool | None:
        """What strips the archives of a platform; nothing where all is to stay."""
        known = {each.name: each for each in self.platforms}
        return None if self.whole or platform not in known else self.tools(known[platform])

    def _split(
        self, wheel: Wheel, entries: list[Entry]
    ) -> tuple[list[Entry], tuple[lean.LeftOut, ...]]:
        return (entries, ()) if self.whole else lean.split(wheel.name, entries)

    def pack(
        self, order: Order, tree: Sequence[Entry], platform: str, wheels: Sequence[Wheel] = ()
    ) -> Archive:
        """Write the archive for `platform` (the order's, or any), unless the same is there.

        `wheels` are those that its tree came from: they go into its bill of materials.
        """
        packed, is_new = pack(
            tree,
            lambda digest: self._place(order, platform, digest),
            self.progress,
            label=f"{order.name} for {platform}",
            known=frozenset(archive.sha256 for archive in self.before.archives),
            form=order.form,
            compression=order.compression,
        )
        archive = self._archive(order, packed, platform)
        if archive.part in BILLED:
            self._tell_contents(archive, tree, wheels, order.platform)
        self.keep(order, archive)
        self.progress.say(f"{'wrote' if is_new else 'same content, kept'} {archive.file}")
        return archive

    def _tell_contents(
        self, archive: Archive, tree: Sequence[Entry], wheels: Sequence[Wheel], platform: str
    ) -> None:
        """Write what lies beside an archive: its bill of materials, and its sizes by package."""
        target = next(each for each in self.platforms if each.name == platform)
        takes = ranked_tags(target) if wheels else {}
        packages, left_out = [], {}
        for wheel in wheels:
            path = self.wheels.path(wheel)
            with OpenWheel(wheel, path) as opened:
                packages.append(package_of(opened, path.stat().st_size, target))
                kept, left = self._split(wheel, opened.entries(target, takes))
                left_out[str(wheel)] = (*left, *gain(str(wheel), kept, tree))
        write_bill(self.out, archive, packages)
        write_contents(self.out, archive, shares(tree, left_out))

    def _key(self, order: Order) -> Json:
        form = [ending(order.form, order.compression)] if order.form is not Form.ZIP else []
        whole = ["whole"] if self.whole else []
        tool = self._tool(order.platform) if order.part in BILLED else None
        stripped = [tool.version] if tool else []
        return [self.fleet.name, order.part, order.name, order.inputs, *form, *whole, *stripped]

    def _place(self, order: Order, platform: str, digest: str) -> Path:
        stem = f"{order.name}-{platform}-{digest[:NAME_DIGITS]}"
        return self.out / order.part / f"{stem}.{ending(order.form, order.compression)}"

    def _archive(self, order: Order, packed: Packed, platform: str) -> Archive:
        file = packed.path.relative_to(self.out).as_posix()
        return Archive(
            part=order.part,
            name=order.name,
            platform=platform,
            file=file,
            key=f"ggfleet/{self.fleet.name}/{file}",
            tree_sha256=packed.tree_sha256,
            sha256=packed.sha256,
            size=packed.size,
            unpacked_size=packed.unpacked_size,
            files=packed.files,
            form=order.form,
            compression=order.compression,
        )
