"""What `ansible-inventory` said, kept until anything that it depends on changes.

Ansible takes most of a second to start and a second for each 1,000 hosts, a check without it a
fifth of a second. An answer is kept under
the digest of everything it was made from: every file of the inventory and of the `group_vars` and
`host_vars` that Ansible would read, Ansible's configuration and version, its environment variables
and the working folder. It is not kept, nor looked for, where the answer may depend on more:

- a file of the inventory is executable, is a link, or is neither YAML, INI nor JSON text;
- a file has the word `plugin`, which as a key makes it the settings of an inventory plugin;
- something is encrypted with ansible-vault;
- Ansible's configuration mentions plugins that may have a say in any inventory, or there are own
  plugins in the usual folders, or its environment variables name other folders.

Only what ggfleet asks for is kept: groups, and two variables of each host. No password of an
inventory gets into the cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ggfleet.model import Json
from ggfleet.spec.inventory import (
    CERTIFICATE_VARIABLE,
    THING_VARIABLE,
    Inventory,
    ReadInventory,
    ansible_file_inventory,
    ansible_inventory,
)
from ggfleet.system.files import write_json

KEPT = 32
"""Answers in the folder; the oldest go when there are more."""

SUFFIXES = frozenset({"", ".yml", ".yaml", ".ini", ".json", ".cfg"})
FORMAT = b"ggfleet inventory 1"
HARMLESS = re.compile(
    rb"^(?:library|(?:action|callback|filter|inventory)_plugins)[ \t]*=(?P<folders>.*)$",
    re.MULTILINE,
)
"""Settings of `ansible.cfg` whose plugins have no say in an inventory that names none."""

VARIABLE_FOLDERS = ("group_vars", "host_vars")


class _Unknown(Exception):  # noqa: N818 - no mistake of anybody
    """The answer may depend on more than can be seen here."""


def cached_inventory(
    folder: Path,
    read: ReadInventory = ansible_inventory,
    read_files: ReadInventory = ansible_file_inventory,
) -> ReadInventory:
    """`read`, but for inventories that have not changed since it was last asked.

    What may be kept comes from nothing but files that list hosts, and is asked of `read_files`.
    """

    def reader(inventory: Path) -> Inventory:
        digest = _digest(inventory)
        if digest is None:
            return read(inventory)
        entry = folder / f"{digest}.json"
        known = _kept(entry)
        if known is not None:
            return known
        answer = _needed(read_files(inventory))
        # Somebody may have changed a file in the seconds that Ansible took.
        if _digest(inventory) == digest:
            _keep(entry, answer)
        return answer

    return reader


def _kept(entry: Path) -> Inventory | None:
    try:
        answer: Inventory = json.loads(entry.read_bytes())
    except (OSError, ValueError):
        return None
    return answer


def _keep(entry: Path, answer: Inventory) -> None:
    # A cache that cannot be written (a full disk, another owner) costs time and nothing else.
    with contextlib.suppress(OSError):
        write_json(entry, answer)
        entry.chmod(stat.S_IRUSR | stat.S_IWUSR)
        entries = sorted(entry.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in entries[:-KEPT]:
            old.unlink(missing_ok=True)


def _needed(inventory: Inventory) -> dict[str, Json]:
    """Groups as they are; of the hosts' variables those that ggfleet reads."""
    variables: dict[str, Any] = inventory.get("_meta", {}).get("hostvars", {})
    wanted = (THING_VARIABLE, CERTIFICATE_VARIABLE)
    kept: dict[str, Json] = {
        host: {name: values[name] for name in wanted if name in values}
        for host, values in variables.items()
    }
    groups = {name: group for name, group in inventory.items() if name != "_meta"}
    return {"_meta": {"hostvars": kept}, **groups}


def _digest(inventory: Path) -> str | None:
    """The SHA-256 of all that an answer depends on, or None where that cannot be told."""
    try:
        return _digest_of_all(inventory)
    except (_Unknown, OSError):
        return None


def _digest_of_all(inventory: Path) -> str:
    if any(folder.is_dir() and any(folder.iterdir()) for folder in _plugin_folders()):
        raise _Unknown
    digest = hashlib.sha256(FORMAT)
    for part in (*_surroundings(), *_configuration(), *_files(inventory)):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def _plugin_folders() -> Iterator[Path]:
    for base in (Path.home() / ".ansible/plugins", Path("/usr/share/ansible/plugins")):
        yield from (base / "vars", base / "inventory")


def _surroundings() -> Iterator[bytes]:
    # This file tells Ansible's version; importlib.metadata takes longer to import than the rest.
    ansible = find_spec("ansible")
    if ansible is None or ansible.origin is None:
        raise _Unknown
    yield (Path(ansible.origin).parent / "release.py").read_bytes()
    yield os.fsencode(Path.cwd())
    for name, value in sorted(os.environ.items()):
        if name.startswith("ANSIBLE_"):
            # ANSIBLE_HOME and the paths of collections may hold plugins too; _ENABLED names some.
            if any(word in name for word in ("PLUGIN", "HOME", "PATH", "ENABLED")):
                raise _Unknown
            yield f"{name}={value}".encode(errors="surrogateescape")


def _configuration() -> Iterator[bytes]:
    """The configuration files that Ansible looks for; it reads the first of them."""
    places = [Path("ansible.cfg"), Path.home() / ".ansible.cfg", Path("/etc/ansible/ansible.cfg")]
    own = os.environ.get("ANSIBLE_CONFIG")
    for path in [Path(own), *places] if own else places:
        yield os.fsencode(path)
        if path.is_dir():
            path = path / "ansible.cfg"  # noqa: PLW2901 - ANSIBLE_CONFIG may name a folder
        if path.is_file():
            content = path.read_bytes()
            if b"plugin" in HARMLESS.sub(b"", content) or _shadowed(path, content):
                raise _Unknown
            yield content


def _shadowed(configuration: Path, content: bytes) -> bool:
    """Whether a folder of own inventory plugins has one with the name of those that read files."""
    folders = [
        configuration.parent / Path(os.fsdecode(folder.strip())).expanduser()
        for setting in HARMLESS.finditer(content)
        for folder in setting["folders"].split(b":")
    ]
    return any((folder / f"{name}.py").exists() for folder in folders for name in ("yaml", "ini"))


def _files(inventory: Path) -> Iterator[bytes]:
    yield os.fsencode(inventory.absolute())
    beside = inventory if inventory.is_dir() else inventory.parent
    folders = [inventory] if inventory.is_dir() else []
    # Ansible reads variables beside the inventory, and those of the working folder.
    folders += [base / name for base in (beside, Path.cwd()) for name in VARIABLE_FOLDERS]
    files = [path for folder in folders for path in _below(folder)]
    if not inventory.is_dir():
        files.append(inventory)
    for path in sorted(set(files)):
        yield os.fsencode(path)
        yield _content(path)


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_symlink():
            raise _Unknown
        if not path.is_dir():
            yield path


def _content(path: Path) -> bytes:
    mode = path.lstat().st_mode
    if not stat.S_ISREG(mode) or mode & 0o111 or path.suffix not in SUFFIXES:
        raise _Unknown
    content = path.read_bytes()
    if b"\0" in content or re.search(rb"\bplugin\b", content):
        raise _Unknown
    if b"$ANSIBLE_VAULT" in content or b"!vault" in content:
        raise _Unknown
    return content
