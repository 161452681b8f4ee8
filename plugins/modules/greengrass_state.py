#!/usr/bin/python
"""Ansible module that gives a host groups, accounts, directories, files and kernel settings.

One round trip for what would be one for each of them. It takes its arguments as JSON (`JSONARGS`)
and needs nothing but Python on the host: loading `AnsibleModule` costs a small board longer than
the work. The action plugin of the same name checks the arguments on the machine that runs Ansible.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_state
short_description: Groups, accounts, directories, files and kernel settings in one round trip
description:
  - Makes what is missing and corrects what differs, in the order of the options.
  - A file is written beside the old one, synced, and renamed into its place.
  - Runs wherever Python 3.8 or newer is; arguments are checked on the machine that runs Ansible.
  - In check mode nothing is changed, and owners that an earlier task would have made count as made.
options:
  absent:
    description: Paths that there must not be. Directories go with all that is in them.
    type: list
    elements: path
    default: []
  groups:
    description: Names of groups that there must be. New ones are system groups.
    type: list
    elements: str
    default: []
  users:
    description: Accounts that there must be. New ones are system accounts.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the account.
        type: str
        required: true
      group:
        description: Its primary group.
        type: str
        required: true
      groups:
        description: Groups that it joins. It is taken out of none.
        type: list
        elements: str
        default: []
      home:
        description: Its home directory.
        type: path
        required: true
      create_home:
        description: Whether a new account's home is made.
        type: bool
        default: false
      shell:
        description: Its login shell.
        type: path
        default: /usr/sbin/nologin
  directories:
    description: Directories that there must be, parents before children.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
      owner:
        description: Account that owns it.
        type: str
        default: root
      group:
        description: Group that owns it.
        type: str
        default: root
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0755"
  files:
    description: Files that there must be. Their directories must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Where it is.
        type: path
        required: true
      content:
        description: What it holds.
        type: str
        required: true
      owner:
        description: Account that owns it.
        type: str
        default: root
      group:
        description: Group that owns it.
        type: str
        default: root
      mode:
        description: Its mode, in octal digits.
        type: str
        default: "0644"
      secret:
        description: Keep the content out of the differences that C(--diff) shows.
        type: bool
        default: false
  sysctls:
    description:
      - Kernel settings that must hold once the files are there, as C(sysctl) names them.
      - Where one does not, C(systemd-sysctl.service) is restarted. The module fails if that does
        not help.
    type: dict
    default: {}
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Make an account and a directory of its own
  greengrass_state:
    groups: [ggc_group]
    users:
      - {name: ggc_user, group: ggc_group, home: /nonexistent}
    directories:
      - {path: /var/lib/camera, owner: ggc_user, group: ggc_group, mode: "0750"}
"""

RETURN = r"""
changes:
  description: What was changed, or would be in check mode, a phrase each.
  returned: always
  type: list
"""

import contextlib
import errno
import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
SETTINGS = Path("/proc/sys")


class RefusedError(Exception):
    """The host cannot be given the wanted state; the message says why."""


class Host:
    """What is to be changed is changed here, and noted."""

    def __init__(self, check: bool) -> None:
        """With `check`, only note."""
        self.check = check
        self.changes: list[str] = []
        self.differences: list[dict[str, str]] = []

    def note(self, change: str) -> bool:
        """Note a change; return whether to make it."""
        self.changes.append(change)
        return not self.check

    def absent(self, path: Path) -> None:
        """Remove a file or a directory with all that is in it, if it is there."""
        if (path.exists() or path.is_symlink()) and self.note(f"{path} removed"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def group(self, name: str) -> None:
        """Make a group unless it is there."""
        if group_id(name) is None and self.note(f"group {name} made"):
            run("groupadd", "--system", name)

    def user(self, wanted: dict) -> None:
        """Make an account, or correct what differs."""
        name = wanted["name"]
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            if self.note(f"account {name} made"):
                run("useradd", "--system", *new_account(wanted), name)
            return
        differing = account_differences(found, wanted)
        if differing and self.note(f"account {name}: {' '.join(differing)}"):
            run("usermod", *differing, name)

    def directory(self, wanted: dict) -> None:
        """Make a directory and what it lies in, or correct its own owner and mode."""
        path = Path(wanted["path"])
        if not path.is_dir():
            if self.note(f"directory {path} made"):
                missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
                for folder in reversed(missing):
                    with room_for(folder, 0):
                        folder.mkdir(mode=0o700)
                    give(folder, *self._owner(wanted), int(wanted["mode"], 8))
            return
        self._permissions(path, wanted)

    def file(self, wanted: dict) -> None:
        """Write a file whose content differs, or correct its owner and mode."""
        path, content = Path(wanted["path"]), wanted["content"].encode()
        before = path.read_bytes() if path.is_file() else None
        if before == content and not path.is_symlink():
            self._permissions(path, wanted)
            return
        self._show(wanted, before)
        if self.note(f"file {path} written"):
            with room_for(path, len(content)):
                write(path, content, *self._owner(wanted), int(wanted["mode"], 8))

    def sysctls(self, wanted: dict) -> None:
        """Have systemd apply its files unless the kernel shows what is wanted."""
        values = {name: str(value).split() for name, value in wanted.items()}
        if kernel_values(values) == values:
            return
        if self.note("kernel settings applied"):
            run("systemctl", "restart", "systemd-sysctl.service")
            must_hold(values)

    def _permissions(self, path: Path, wanted: dict) -> None:
        found, (owner, group) = path.stat(), self._owner(wanted)
        mode = int(wanted["mode"], 8)
        if (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (owner, group, mode):
            return
        words = f"{path}: {wanted['owner']}:{wanted['group']} {wanted['mode']}"
        if self.note(words):
            give(path, owner, group, mode)

    def _owner(self, wanted: dict) -> tuple[int, int]:
        """Return the ids of owner and group; -1 for one that check mode has not made."""
        owner, group = user_id(wanted["owner"]), group_id(wanted["group"])
        if not self.check and (owner is None or group is None):
            raise RefusedError(
                f"{wanted['path']} is to belong to {wanted['owner']}:{wanted['group']}, and the "
                "host has no such account or group"
            )
        return (-1 if owner is None else owner, -1 if group is None else group)

    def _show(self, wanted: dict, before: bytes | None) -> None:
        if not wanted["secret"]:
            old = "" if before is None else before.decode("utf-8", "replace")
            headers = {"before_header": wanted["path"], "after_header": wanted["path"]}
            self.differences.append({**headers, "before": old, "after": wanted["content"]})


@contextlib.contextmanager
def room_for(path: Path, size: int) -> Iterator[None]:
    """Say what is full when there is no room for `size` bytes at `path`."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RefusedError(no_room(path, size)) from error


def no_room(path: Path, size: int) -> str:
    """Return what is full, what was needed, and what to do."""
    disk = next(folder for folder in path.parents if folder.is_mount())
    free = os.statvfs(disk)
    left = (
        "no inode is"
        if free.f_files and not free.f_ffree
        else f"{free.f_bfree * free.f_frsize} are"
    )
    return (
        f"the disk at {disk} is full: {path} needs {size} bytes and an inode, {left} free. Make "
        "room there, then run again. What was at that path is unchanged"
    )


def user_id(name: str) -> int | None:
    """Return the id of an account, nothing if there is none."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def group_id(name: str) -> int | None:
    """Return the id of a group, nothing if there is none."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def new_account(wanted: dict) -> list[str]:
    """Return the options of `useradd` for a new account."""
    home = "--create-home" if wanted["create_home"] else "--no-create-home"
    joined = [f"--groups={','.join(wanted['groups'])}"] if wanted["groups"] else []
    return [
        f"--gid={wanted['group']}", *joined, f"--home-dir={wanted['home']}", home,
        f"--shell={wanted['shell']}",
    ]  # fmt: skip


def account_differences(found: pwd.struct_passwd, wanted: dict) -> list[str]:
    """Return the options of `usermod` that make an account as it is wanted; none if it is."""
    options = []
    if found.pw_gid != group_id(wanted["group"]):
        options.append(f"--gid={wanted['group']}")
    if found.pw_dir != wanted["home"]:
        options.append(f"--home={wanted['home']}")
    if found.pw_shell != wanted["shell"]:
        options.append(f"--shell={wanted['shell']}")
    missing = [name for name in wanted["groups"] if not is_member(found.pw_name, name)]
    return [*options, "--append", f"--groups={','.join(missing)}"] if missing else options


def is_member(user: str, group: str) -> bool:
    """Tell whether a group lists an account among its members."""
    try:
        return user in grp.getgrnam(group).gr_mem
    except KeyError:
        return False


def write(path: Path, content: bytes, owner: int, group: int, mode: int) -> None:
    """Put a whole file at `path`: written beside it, synced, renamed."""
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchown(file.fileno(), owner, group)
            os.fchmod(file.fileno(), mode)
            file.flush()
            os.fsync(file.fileno())
        Path(beside).rename(path)
    except BaseException:
        Path(beside).unlink()
        raise
    sync(path.parent)


def sync(folder: Path) -> None:
    """Have a folder's entries written to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def give(path: Path, owner: int, group: int, mode: int) -> None:
    """Set owner and mode, the owner first because a change of it may clear bits of the mode."""
    os.chown(path, owner, group)
    path.chmod(mode)


def kernel_values(names: dict) -> dict[str, list[str]]:
    """Return the words that the kernel shows for each setting; none for one that it lacks."""
    files = {name: SETTINGS / name.replace(".", "/") for name in names}
    return {name: f.read_text().split() if f.exists() else [] for name, f in files.items()}


def must_hold(wanted: dict[str, list[str]]) -> None:
    """Refuse kernel settings that do not hold. Read from the kernel: a file can be overruled."""
    found = kernel_values(wanted)
    if found != wanted:
        raise RefusedError(
            f"{' and '.join(wanted)} must be {words(wanted)}, and the kernel says {words(found)}. "
            "A file in /etc/sysctl.d that sorts after 98-greengrass.conf takes them back; remove "
            "the setting there"
        )


def words(values: dict[str, list[str]]) -> str:
    """Return the values of settings as part of a sentence."""
    return " and ".join(" ".join(value) or "missing" for value in values.values())


def run(*argv: str) -> None:
    """Run a command; its complaint becomes ours."""
    done = subprocess.run(argv, capture_output=True, check=False)
    if done.returncode:
        raise RefusedError(f"{' '.join(argv)}: {done.stderr.decode().strip()}")


def main() -> None:
    """Do what is asked for, in the order of the options, and print what came of it."""
    asked = json.loads(ARGUMENTS)
    host = Host(asked["_ansible_check_mode"])
    failure: dict = {}
    try:
        for path in asked["absent"]:
            host.absent(Path(path))
        for kind in ("group", "user", "directory", "file"):
            plural = "directories" if kind == "directory" else f"{kind}s"
            for wanted in asked[plural]:
                getattr(host, kind)(wanted)
        host.sysctls(asked["sysctls"])
    except (RefusedError, OSError) as error:
        failure = {"failed": True, "msg": f"{error}."}
    shown = {"diff": host.differences} if asked["_ansible_diff"] else {}
    done = {"changed": bool(host.changes), "changes": host.changes, **shown, **failure}
    print(json.dumps(done))  # noqa: T201  what Ansible reads


if __name__ == "__main__":
    main()
