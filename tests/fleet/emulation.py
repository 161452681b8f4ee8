"""Programs of arm64 on this machine: qemu registered with the kernel for as long as a run lasts.

The registration is the run's own, beside whatever the machine has registered itself: it goes before
the others while it is there, and taking it away leaves them as they were.
"""

from __future__ import annotations

from pathlib import Path

from fleet.network import is_left_over
from fleet.shell import run

INTERPRETER = Path("/usr/bin/qemu-aarch64-static")
# The head of an ELF file: 64 bits, little endian, a program or shared object, machine 183 (AArch64).
MAGIC = rb"\x7fELF\x02\x01\x01" + rb"\x00" * 9 + rb"\x02\x00\xb7\x00"
# Any ABI, and types 2 and 3 (the lowest bit).
MASK = rb"\xff" * 7 + rb"\x00" + rb"\xff" * 8 + rb"\xfe\xff\xff\xff"
# O: open the program before its interpreter; C: its set-user-id bit counts, else sudo fails;
# P: keep argv[0]; F: load the interpreter now, so that it need not be in the host's root.
FLAGS = b"OCPF"


class Emulation:
    """The kernel's table of interpreters, shown in a folder, with one entry of this run."""

    def __init__(self, folder: Path, name: str) -> None:
        """`name` is the run's, as its network is called: a later run can tell what is left."""
        self._table = folder
        self._entry = folder / f"{name}-arm64"
        folder.mkdir()
        # Newer kernels forget all entries when the last mount goes: it stays as long as the run.
        run(["mount", "-t", "binfmt_misc", "binfmt_misc", folder])
        line = b":".join((b"", self._entry.name.encode(), b"M", b"", MAGIC, MASK,
                          str(INTERPRETER).encode(), FLAGS))  # fmt: skip
        (folder / "register").write_bytes(line)

    def close(self) -> None:
        """Take the entry away; the machine's own are not touched."""
        remove(self._entry)
        run(["umount", self._table])
        self._table.rmdir()


def remove(entry: Path) -> None:
    """Take one entry out of the kernel's table."""
    entry.write_text("-1")


def sweep(folder: Path) -> None:
    """Remove what a killed run has left in the table that it had mounted at `folder`."""
    if not folder.is_mount():
        return
    for entry in folder.iterdir():
        if is_left_over(entry.name):
            remove(entry)
    run(["umount", folder])
