"""Cores out of an Ansible inventory, so that a fleet has one list of devices.

`ansible-inventory --list` reads it, whatever its form: YAML, INI, folders, plugins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ggfleet.errors import ToolError
from ggfleet.model import Core, Pending, Reference, Resolved
from ggfleet.spec import tables
from ggfleet.spec.problems import Problems, suggestion
from ggfleet.spec.section import Section

THING_VARIABLE = "greengrass_thing_name"
CERTIFICATE_VARIABLE = "greengrass_certificate_arn"

Inventory = dict[str, Any]
ReadInventory = Callable[[Path], Inventory]
"""An inventory path -> what `ansible-inventory --list` prints. Raises ToolError."""


def ansible_inventory(path: Path, env: Mapping[str, str] = MappingProxyType({})) -> Inventory:
    """Ask Ansible itself: most of a second for its start, and a second for each 1,000 hosts."""
    # A check that knows the inventory starts no program, and is to start fast.
    from ggfleet.system.process import program, run  # noqa: PLC0415

    printed = run(
        [program("ansible-inventory"), "-i", path, "--list"],
        # Ansible refuses to start where the locale is not UTF-8, as in a bare container, and takes
        # an unreadable inventory for an empty one unless told otherwise.
        env={"LC_ALL": "C.UTF-8", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true", **env},
    )
    inventory: Inventory = json.loads(printed, object_hook=_text_of_plugins)
    return inventory


def _text_of_plugins(node: dict[str, Any]) -> Any:
    """What an inventory plugin has from elsewhere, Ansible marks as no template of its own."""
    return node["__ansible_unsafe"] if node.keys() == {"__ansible_unsafe"} else node


def ansible_file_inventory(path: Path) -> Inventory:
    """The same for files that list hosts themselves, as YAML, JSON or INI, and nothing else.

    Ansible is kept from trying plugins that leave such files alone: one of them parses all YAML
    first, to look for settings of further plugins, which is a third of the time.
    """
    return ansible_inventory(path, {"ANSIBLE_INVENTORY_ENABLED": "yaml,ini"})


def read_cores(
    top: Section, folder: Path, platforms: Iterable[str], read: ReadInventory
) -> tuple[Core, ...]:
    """`cores:`: the inventory, and which of its groups has which platform."""
    section = tables.Spec.cores.read(top)
    if section is None:
        return ()
    groups = _groups(section, list(platforms))
    inventory = _load(section, folder, read)
    return tuple(_cores(section, groups, inventory)) if inventory is not None else ()


def _groups(section: Section, platforms: list[str]) -> dict[str, str]:
    if not section.has("groups"):
        section.error("groups", "is missing", "name a platform for each group: {raspberry_pi: pi}")
    groups = tables.Cores.groups.read(section)
    for group, platform in groups.items():
        at = f"{section.at('groups')}.{group}"
        if not platform.strip():
            section.problems.error(at, "names no platform", suggestion("", platforms))
        elif platform not in platforms:
            message = f"names the platform {platform}, which is not defined"
            section.problems.error(at, message, suggestion(platform, platforms))
    return groups


def _load(section: Section, folder: Path, read: ReadInventory) -> Inventory | None:
    text = tables.Cores.inventory.read(section)
    if not text:
        return None
    if not (folder / text).exists():
        section.error(
            "inventory", f"{text} does not exist", "`ggfleet init` writes one to start from"
        )
        return None
    try:
        return read(folder / text)
    except ToolError as error:
        section.error("inventory", f"cannot be read by Ansible: {error.message}",
                      f"`ansible-inventory -i {text} --list` shows more")  # fmt: skip
        return None


def _cores(section: Section, groups: dict[str, str], inventory: Inventory) -> Iterator[Core]:
    seen: dict[str, str] = {}
    sync_shadow = tables.Cores.sync_shadow.read(section)
    for group, platform in groups.items():
        at = f"{section.at('groups')}.{group}"
        if group not in inventory:
            known = [name for name in inventory if name not in ("_meta", "all", "ungrouped")]
            section.problems.error(at, "is no group of the inventory", suggestion(group, known))
            continue
        for host in hosts_of(inventory, group):
            if host in seen:
                message = f"holds the host {host}, which is in {seen[host]} too"
                fix = "a core has one platform: leave it in one group"
                section.problems.error(at, message, fix)
                continue
            seen[host] = group
            variables = inventory["_meta"]["hostvars"].get(host, {})
            _refuse_templates(host, variables, section.problems, at)
            thing = str(variables.get(THING_VARIABLE, host))
            certificate = _certificate(host, variables)
            yield Core(host, group, platform, thing, certificate, sync_shadow)


def hosts_of(inventory: Inventory, group: str) -> list[str]:
    """The hosts of a group and of its children, each once, in Ansible's order."""
    found: dict[str, None] = dict.fromkeys(inventory[group].get("hosts", []))
    for child in inventory[group].get("children", []):
        found.update(dict.fromkeys(hosts_of(inventory, child)))
    return list(found)


def _refuse_templates(host: str, variables: dict[str, Any], problems: Problems, at: str) -> None:
    for name in (THING_VARIABLE, CERTIFICATE_VARIABLE):
        if "{{" in str(variables.get(name, "")):
            message = f"{name} of the host {host} is a template"
            problems.error(at, message, "write the value itself: Ansible's facts are not read")


def _certificate(host: str, variables: dict[str, Any]) -> Reference:
    arn = variables.get(CERTIFICATE_VARIABLE)
    if arn:
        return Resolved(str(arn))
    return Pending(
        f"the certificate ARN of the core {host}",
        f"set {CERTIFICATE_VARIABLE} for {host} in the inventory",
    )
