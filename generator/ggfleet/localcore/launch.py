"""Turns itself into a function's process: namespace, new root, death with its parent, exec.

Started by file name with a JSON object as its only argument, as a program of its own: a user
namespace needs a process with one thread, and what subprocess offers for this (preexec_fn) is
not safe in a process with several. Standard library only. Keys of the object:

    argv     the program and its arguments
    cwd      the folder to start it in
    parent   the process id of the core; the function dies with it
    root     the folder to make the new root on; empty for no namespace
    binds    [{"source", "target", "read_only"}]: what the function sees at absolute targets
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_UNBINDABLE, MS_PRIVATE = 4096, 16384, 1 << 17, 1 << 18
MS_RELATIME = 1 << 21
SAME_FLAGS = 2 | 4 | 8 | 1024 | 2048
"""nosuid, nodev, noexec, noatime, nodiratime: one number in statvfs and mount."""
ST_RELATIME = 4096
PR_SET_PDEATHSIG = 1
ORPHAN = 3
"""Exit code when the core was gone before the function began."""

LIBC = ctypes.CDLL(None, use_errno=True)


def check(result: int, what: str) -> None:
    """Raise OSError when a C call has failed."""
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """mount(2)."""
    result = LIBC.mount(
        source.encode(),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode() if data else None,
    )
    check(result, f"mount {target}")


def enter_namespace() -> None:
    """A mount namespace of our own: as root directly, else (or where refused) in a user namespace.

    In the user namespace we stay who we are: our own id is the only one there is.
    """
    if os.geteuid() == 0 and LIBC.unshare(CLONE_NEWNS) == 0:
        return
    user, group = os.geteuid(), os.getegid()
    check(LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNS), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def bind(source: str, target: str, *, read_only: bool = False) -> None:
    """Show a file or folder, with all that is mounted below it, at a second place."""
    mount(source, target, None, MS_BIND | MS_REC)
    if read_only:
        # A user namespace may not take flags off that it did not set: they are given again.
        has = os.statvfs(target).f_flag
        flags = (has & SAME_FLAGS) | (MS_RELATIME if has & ST_RELATIME else 0)
        mount("none", target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | flags)


def as_tree(binds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Targets as nested folders; a leaf is the bind itself, under the empty name."""
    tree: dict[str, Any] = {}
    for entry in binds:
        place = tree
        for part in entry["target"].strip("/").split("/"):
            place = place.setdefault(part, {})
        place[""] = entry
    return tree


def populate(host: str, new: str, wanted: Mapping[str, Any]) -> None:
    """Show the host's entries of a folder in a new one, except where a bind's way leads through.

    Such a folder is made anew and filled in turn, so that a destination below a folder of the host
    (/opt/models) is not made on the host.
    """
    for entry in os.scandir(host) if os.path.isdir(host) else ():  # noqa: PTH112
        if entry.name not in wanted:
            show(entry, f"{new}/{entry.name}")
    for name, below in wanted.items():
        target = f"{new}/{name}"
        Path(target).mkdir()
        if "" in below:
            bind(below[""]["source"], target, read_only=below[""]["read_only"])
        else:
            populate(os.path.realpath(f"{host}/{name}"), target, below)


def show(entry: os.DirEntry[str], target: str) -> None:
    """Show one entry of the host in the new root."""
    if entry.is_symlink():
        Path(target).symlink_to(os.readlink(entry.path))  # noqa: PTH115 - os.scandir gives text
        return
    if entry.is_dir():
        Path(target).mkdir()
    else:
        Path(target).touch()
    bind(entry.path, target)


def change_root(root: str, binds: Sequence[Mapping[str, Any]]) -> None:
    """Make a new root in memory with the host's entries and the binds, and go into it."""
    mount("none", "/", None, MS_REC | MS_PRIVATE)
    mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    # The host's folders are bound with all below them, which must not take in the new root.
    mount("none", root, None, MS_UNBINDABLE)
    populate("/", root, as_tree(binds))
    mount("none", root, None, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=755")
    os.chroot(root)


def die_with_parent(parent: int) -> None:
    """Be killed when the core's thread that started us ends, however it ends.

    Set last: entering a user namespace clears it.
    """
    check(LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")
    if os.getppid() != parent:
        sys.exit(ORPHAN)


def main() -> None:
    """Do as the argument says and become the program."""
    plan = json.loads(sys.argv[1])
    if plan["root"]:
        enter_namespace()
        change_root(plan["root"], plan["binds"])
    os.chdir(plan["cwd"])
    die_with_parent(plan["parent"])
    os.execve(plan["argv"][0], plan["argv"], os.environ)  # noqa: S606


if __name__ == "__main__":
    main()
