"""Tiny ELF files, written by hand: the sections that tell what a shared object needs, and no code."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

AARCH64, X86_64, ARM, CUDA = 183, 62, 40, 190
SHARED_OBJECT, OBJECT_FILE = 3, 1
DT_NEEDED, DT_SONAME, DT_RUNPATH = 1, 14, 29
STRTAB, DYNAMIC, NOTE, DYNSYM, VERNEED, VERSYM = 3, 6, 7, 11, 0x6FFFFFFE, 0x6FFFFFFF
WEAK = 2
ISA_NEEDED = 0xC0008002


class Names:
    """A string table."""

    def __init__(self) -> None:
        self.data = b"\0"

    def put(self, name: str) -> int:
        """Add a name; return where it begins."""
        self.data += name.encode() + b"\0"
        return len(self.data) - len(name) - 1


def make_elf(
    machine: int = AARCH64,
    *,
    needed: Sequence[str] = ("libc.so.6",),
    versions: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    soname: str = "",
    runpath: str = "",
    weak: bool = False,
    levels: int = 0,
    kind: int = SHARED_OBJECT,
) -> bytes:
    """A 64-bit shared object. `versions`: library to pairs of version and symbol.

    `weak` makes all of them optional; `levels` are bits of GNU_PROPERTY_X86_ISA_1_NEEDED.
    """
    names = Names()
    tags = [(DT_NEEDED, names.put(library)) for library in needed]
    tags += [(DT_SONAME, names.put(soname))] if soname else []
    tags += [(DT_RUNPATH, names.put(runpath))] if runpath else []
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in [*tags, (0, 0)])
    symbols, users, verneed = _versions(names, versions or {}, WEAK if weak else 0)
    sections = [  # name, type, content, link, info
        (".dynstr", STRTAB, names.data, 0, 0),
        (".dynsym", DYNSYM, symbols, 1, 1),
        (".gnu.version", VERSYM, users, 2, 0),
        (".gnu.version_r", VERNEED, verneed, 1, len(versions or {})),
        (".dynamic", DYNAMIC, dynamic, 1, 0),
    ]
    if levels:
        pair = struct.pack("<III4x", ISA_NEEDED, 4, levels)
        note = struct.pack("<III", 4, len(pair), 5) + b"GNU\0" + pair
        sections.append((".note.gnu.property", NOTE, note, 0, 0))
    return _file(machine, kind, sections)


def _versions(
    names: Names, versions: Mapping[str, Sequence[tuple[str, str]]], flags: int
) -> tuple[bytes, bytes, bytes]:
    symbols, users, needs, index = bytes(24), struct.pack("<H", 0), b"", 2
    for number, (library, pairs) in enumerate(versions.items()):
        last = number == len(versions) - 1
        size = 16 + 16 * len(pairs)
        head = (1, len(pairs), names.put(library), 16, 0 if last else size)
        needs += struct.pack("<HHIII", *head)
        for place, (version, symbol) in enumerate(pairs):
            after = 0 if place == len(pairs) - 1 else 16
            needs += struct.pack("<IHHII", 0, flags, index, names.put(version), after)
            symbols += struct.pack("<IBBHQQ", names.put(symbol), 0x12, 0, 0, 0, 0)
            users += struct.pack("<H", index)
            index += 1
    return symbols, users, needs


def _file(machine: int, kind: int, sections: list[tuple[str, int, bytes, int, int]]) -> bytes:
    titles = Names()
    rows = [(titles.put(name), sort, data, link, info) for name, sort, data, link, info in sections]
    rows.append((titles.put(".shstrtab"), STRTAB, titles.data, 0, 0))
    body, headers = b"", bytes(64)
    entry = {DYNSYM: 24, DYNAMIC: 16, VERSYM: 2}
    for title, sort, content, link, info in rows:
        body += bytes(-len(body) % 8)
        headers += struct.pack("<IIQQQQIIQQ", title, sort, 0, 0, 64 + len(body), len(content),
                               link, info, 8, entry.get(sort, 0))  # fmt: skip
        body += content
    body += bytes(-len(body) % 8)
    count = len(rows) + 1
    identity = b"\x7fELF" + bytes((2, 1, 1)) + bytes(9)
    rest = (kind, machine, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, count, count - 1)
    return identity + struct.pack("<HHIQQQIHHHHHH", *rest) + body + headers
