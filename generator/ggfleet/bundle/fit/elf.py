"""What one ELF file is and needs (System V ABI; symbol versions: LSB core specification, 10.7)."""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from elftools.common.exceptions import ELFError
from elftools.common.utils import struct_parse
from elftools.construct import ConstructError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection
from elftools.elf.sections import NoteSection, Section, SymbolTableSection

MAGIC = b"\x7fELF"
LOADED = ("ET_DYN", "ET_EXEC")
"""Types that the dynamic linker maps; object files of a compiler are data to a device."""

WANTED = ("SHT_DYNAMIC", "SHT_DYNSYM", "SHT_GNU_verneed", "SHT_GNU_versym", "SHT_NOTE")
PROPERTIES = ".note.gnu.property"

WEAK = 0x2
"""VER_FLG_WEAK: the linker does without such a version."""

X86_LEVELS = ("x86-64", "x86-64-v2", "x86-64-v3", "x86-64-v4")
"""Bits of GNU_PROPERTY_X86_ISA_1_NEEDED, the lowest first (x86-64 psABI, 3.1.1)."""

UNSOUND = (ELFError, ConstructError, struct.error, UnicodeDecodeError, LookupError, ValueError,
           AssertionError, OverflowError, TypeError, AttributeError)  # fmt: skip
"""What pyelftools raises over files that only begin like one."""


@dataclass(frozen=True)
class Version:
    """A version of a library's symbols that a file needs, with the first symbol that needs it."""

    library: str
    name: str
    symbol: str


@dataclass(frozen=True)
class Binary:
    """An ELF file that can be loaded: `path` in its wheel, `machine` as `EM_AARCH64`.

    `machine` is empty where the file cannot be read. `search` is its RUNPATH or RPATH, `cpu` the
    level of x86-64 that it is marked to need.
    """

    path: str
    machine: str = ""
    bits: int = 0
    soname: str = ""
    needed: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    versions: tuple[Version, ...] = ()
    cpu: str = ""

    @property
    def names(self) -> frozenset[str]:
        """What others may call it in DT_NEEDED."""
        return frozenset((self.path.rpartition("/")[2], self.soname)) - {""}


def read(path: str, stream: IO[bytes]) -> Binary | None:
    """Read a file that begins with MAGIC; None when it is none to load. `stream` can seek."""
    try:
        elf = ELFFile(stream)
        if elf["e_type"] not in LOADED:
            return None
        return _binary(path, elf)
    except UNSOUND:
        return Binary(path)


def _binary(path: str, elf: ELFFile) -> Binary:
    sections = _sections(elf)
    dynamic = sections.get("SHT_DYNAMIC")
    tags = _dynamic(dynamic) if isinstance(dynamic, DynamicSection) else {}
    search = tags.get("DT_RUNPATH") or tags.get("DT_RPATH") or []
    return Binary(
        path=path,
        machine=str(elf["e_machine"]),
        bits=elf.elfclass,
        soname=next(iter(tags.get("DT_SONAME", [])), ""),
        needed=tuple(tags.get("DT_NEEDED", [])),
        search=tuple(part for entry in search for part in entry.split(":") if part),
        versions=tuple(_versions(sections, little_endian=elf.little_endian)),
        cpu=_cpu(sections.get("SHT_NOTE")),
    )


def _sections(elf: ELFFile) -> dict[str, Section]:
    """The sections that are asked for below, by type.

    Only these are made: pyelftools reads the hash tables of others whole, which are millions of
    numbers in TensorFlow.
    """
    found: dict[str, Section] = {}
    for number in range(elf.num_sections()):
        place = elf["e_shoff"] + number * elf["e_shentsize"]
        kind = struct_parse(elf.structs.Elf_Shdr, elf.stream, stream_pos=place)["sh_type"]
        if kind in WANTED:
            section = elf.get_section(number)
            if kind != "SHT_NOTE" or section.name == PROPERTIES:
                found[kind] = section
    return found


def _dynamic(section: DynamicSection) -> dict[str, list[str]]:
    """The tags that hold a name, with their names."""
    attributes = {
        "DT_NEEDED": "needed",
        "DT_SONAME": "soname",
        "DT_RPATH": "rpath",
        "DT_RUNPATH": "runpath",
    }
    found: dict[str, list[str]] = {}
    for tag in section.iter_tags():
        kind = str(tag.entry.d_tag)
        if kind in attributes:
            found.setdefault(kind, []).append(str(getattr(tag, attributes[kind])))
    return found


def _versions(sections: Mapping[str, Section], *, little_endian: bool) -> Iterator[Version]:
    needs = sections.get("SHT_GNU_verneed")
    if not isinstance(needs, GNUVerNeedSection):
        return
    users = array("H")
    if "SHT_GNU_versym" in sections:
        data = sections["SHT_GNU_versym"].data()
        users.frombytes(data[: len(data) // 2 * 2])
    if little_endian != (sys.byteorder == "little"):
        users.byteswap()
    for library, versions in needs.iter_versions():
        for version in versions:
            if not version["vna_flags"] & WEAK:
                symbol = _symbol(sections.get("SHT_DYNSYM"), users, version["vna_other"])
                yield Version(str(library.name), str(version.name), symbol)


def _symbol(symbols: Section | None, users: array[int], index: int) -> str:
    """The first symbol of a version index; empty where nothing uses it."""
    if not isinstance(symbols, SymbolTableSection) or index not in users:
        return ""
    return str(symbols.get_symbol(users.index(index)).name)


def _cpu(properties: Section | None) -> str:
    """The highest level that the file is marked to need."""
    bits = 0
    if isinstance(properties, NoteSection):
        for note in properties.iter_notes():
            for each in note["n_desc"] if note["n_type"] == "NT_GNU_PROPERTY_TYPE_0" else ():
                if each["pr_type"] == "GNU_PROPERTY_X86_ISA_1_NEEDED":
                    bits |= int(each["pr_data"])
    return X86_LEVELS[min(bits.bit_length(), len(X86_LEVELS)) - 1] if bits else ""
