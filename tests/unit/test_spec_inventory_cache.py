"""The kept answers of Ansible: used for the same inventory alone, and never where that is in doubt."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ggfleet.errors import ToolError
from ggfleet.spec import ReadInventory, cached_inventory, inventory_cache

HOSTS = "raspberry_pi:\n  hosts:\n    pi-01: {ansible_password: secret}\n"
ANSWER: dict[str, Any] = {
    "_meta": {"hostvars": {"pi-01": {"greengrass_thing_name": "thing", "ansible_password": "s"}}},
    "raspberry_pi": {"hosts": ["pi-01"]},
}
NEEDED = {**ANSWER, "_meta": {"hostvars": {"pi-01": {"greengrass_thing_name": "thing"}}}}


class Ansible:
    """Answers as Ansible would, and counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _: Path) -> dict[str, Any]:
        self.asked += 1
        return ANSWER


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory in a working folder of its own, with no configuration of Ansible around."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ANSIBLE_CONFIG", raising=False)
    folder = tmp_path / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    (folder / "hosts.yml").write_text(HOSTS)
    (folder / "group_vars/raspberry_pi.yml").write_text("a: 1\n")
    return folder


def read_with(ansible: ReadInventory) -> ReadInventory:
    """The cache before an Ansible that answers alike however it is asked."""
    return cached_inventory(Path("cache"), ansible, ansible)


def asked(inventory: Path, change: Callable[[], object]) -> int:
    """How often Ansible is asked when one thing happens between two readings."""
    ansible = Ansible()
    read = read_with(ansible)
    assert read(inventory) in (NEEDED, ANSWER)
    change()
    assert read(inventory) in (NEEDED, ANSWER)
    return ansible.asked


def test_an_unchanged_inventory_is_asked_for_once(inventory: Path) -> None:
    assert asked(inventory, lambda: None) == 1


def write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


CHANGES: dict[str, Callable[[Path], object]] = {
    "a host": lambda i: write(i / "hosts.yml", HOSTS.replace("pi-01", "pi-02")),
    "a variable": lambda i: write(i / "group_vars/raspberry_pi.yml", "a: 2\n"),
    "a further file": lambda i: write(i / "more.ini", "[jetson]\norin\n"),
    "a file less": lambda i: (i / "group_vars/raspberry_pi.yml").unlink(),
    "another name": lambda i: (i / "hosts.yml").rename(i / "other.yml"),
    "configuration": lambda _: write(Path("ansible.cfg"), "[defaults]\nforks = 2\n"),
    "variables of the working folder": lambda _: write(Path("group_vars/all.yml"), "a: 3\n"),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_changed_inventory_is_asked_for_again(
    inventory: Path, change: Callable[[Path], object]
) -> None:
    assert asked(inventory, lambda: change(inventory)) == 2


def test_plugins_that_an_inventory_must_name_are_no_doubt(inventory: Path) -> None:
    """The project's own ansible.cfg names folders of filters and inventory plugins."""
    settings = "[defaults]\nlibrary = m\nfilter_plugins = f\ninventory_plugins = own\n"
    write(Path("ansible.cfg"), settings)
    write(Path("own/greengrass_cores.py"), "")
    assert asked(inventory, lambda: None) == 1


def test_another_environment_is_asked_for_again(
    inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(inventory, lambda: monkeypatch.setenv("ANSIBLE_HASH_BEHAVIOUR", "merge")) == 2


def own_yaml_plugin() -> None:
    write(Path("ansible.cfg"), "[defaults]\ninventory_plugins = a:own\n")
    write(Path("own/yaml.py"), "")


VAULT = "$ANSIBLE_VAULT;1.1;AES256\n"
DOUBTS: dict[str, Callable[[Path], object]] = {
    "a script": lambda i: write(i / "list", "#!/bin/sh\n", 0o755),
    "a plugin": lambda i: write(i / "aws.yml", "plugin: amazon.aws.aws_ec2\n"),
    "a plugin with a quoted key": lambda i: write(i / "aws.yml", '"plugin": amazon.aws.aws_ec2\n'),
    "a plugin in braces": lambda i: write(i / "aws.yml", "{plugin: amazon.aws.aws_ec2}\n"),
    "an encrypted file": lambda i: write(i / "group_vars/all.yml", VAULT),
    "an encrypted value": lambda i: write(i / "group_vars/all.yml", f"a: !vault |\n  {VAULT}"),
    "a link": lambda i: (i / "link.yml").symlink_to(i / "hosts.yml"),
    "an unknown kind of file": lambda i: write(i / "hosts.toml", ""),
    "binary": lambda i: write(i / "hosts", "\0"),
    "plugins in the configuration": lambda _: write(
        Path("ansible.cfg"), "[defaults]\nvars_plugins = x\n"
    ),
    "own plugins in place of Ansible's": lambda _: own_yaml_plugin(),
    "own plugins": lambda _: write(Path("home/.ansible/plugins/vars/own.py"), ""),
}


@pytest.mark.parametrize("doubt", DOUBTS.values(), ids=DOUBTS)
def test_where_more_may_matter_nothing_is_kept(
    inventory: Path, doubt: Callable[[Path], object]
) -> None:
    doubt(inventory)
    assert asked(inventory, lambda: None) == 2
    assert not Path("cache").exists()


@pytest.mark.parametrize("name", ["ANSIBLE_HOME", "ANSIBLE_INVENTORY_ENABLED"])
def test_where_ansible_looks_elsewhere_nothing_is_kept(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(inventory.parent))
    assert asked(inventory, lambda: None) == 2


def test_passwords_of_an_inventory_are_not_kept(inventory: Path) -> None:
    """Groups and the two variables that ggfleet reads, in a file for its owner alone."""
    read_with(Ansible())(inventory)
    (entry,) = Path("cache").iterdir()
    assert json.loads(entry.read_text()) == NEEDED
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600


def test_a_damaged_entry_is_made_anew(inventory: Path) -> None:
    ansible = Ansible()
    read = read_with(ansible)
    read(inventory)
    (entry,) = Path("cache").iterdir()
    entry.write_text("{")
    assert read(inventory) == NEEDED
    assert ansible.asked == 2
    assert json.loads(entry.read_text()) == NEEDED


def test_a_cache_that_cannot_be_written_costs_time_alone(inventory: Path) -> None:
    Path("cache").write_text("a file, not a folder")
    assert asked(inventory, lambda: None) == 2


def test_a_failure_is_not_kept(inventory: Path) -> None:
    def broken(_: Path) -> dict[str, Any]:
        raise ToolError("no such plugin")

    with pytest.raises(ToolError):
        read_with(broken)(inventory)
    assert not Path("cache").exists()


def test_old_entries_go(inventory: Path) -> None:
    read = read_with(Ansible())
    for number in range(inventory_cache.KEPT + 3):
        (inventory / "hosts.yml").write_text(f"{HOSTS}# {number}\n")
        read(inventory)
    assert len(list(Path("cache").iterdir())) == inventory_cache.KEPT


def test_a_file_that_changes_while_ansible_reads_is_asked_for_again(inventory: Path) -> None:
    """Its answer is of other content than was looked at before, and of which part nobody knows."""
    hosts = inventory / "hosts.yml"

    def slow(_: Path) -> dict[str, Any]:
        hosts.write_text(f"{HOSTS}# changed\n")
        return ANSWER

    read_with(slow)(inventory)
    assert not Path("cache").exists()


def test_files_alone_are_read_with_fewer_plugins(inventory: Path) -> None:
    whole, files = Ansible(), Ansible()
    read = cached_inventory(Path("cache"), whole, files)
    read(inventory)
    assert (whole.asked, files.asked) == (0, 1)
    write(inventory / "list", "#!/bin/sh\n", 0o755)
    read(inventory)
    assert (whole.asked, files.asked) == (1, 1)
