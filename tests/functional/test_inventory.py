"""What Ansible itself says of inventories, however ggfleet asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.spec.inventory import Inventory, ansible_file_inventory, ansible_inventory

FORMS = {
    "hosts.yml": "a:\n  vars: {x: 1}\n  children:\n    b:\n      hosts:\n        pi-[01:03]: {greengrass_thing_name: t}\n",
    "hosts.ini": "[b]\npi-01 greengrass_thing_name=t\npi-02\n\n[a:children]\nb\n\n[a:vars]\nx=1\n",
    "hosts": "[b]\npi-01 greengrass_thing_name=t\n",
    "hosts.json": '{"b": {"hosts": {"pi-01": {"greengrass_thing_name": "t"}}}}',
}


@pytest.mark.parametrize("name", FORMS)
def test_ansible_says_the_same_of_files_with_fewer_plugins(tmp_path: Path, name: str) -> None:
    """Groups, and variables of hosts from the file and from the folder beside it."""
    (tmp_path / name).write_text(FORMS[name])
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/b.yml").write_text("greengrass_certificate_arn: of-the-group\n")
    answer: Inventory = ansible_file_inventory(tmp_path)
    assert answer == ansible_inventory(tmp_path)
    assert "pi-01" in answer["b"]["hosts"]
    assert answer["_meta"]["hostvars"]["pi-01"] == {
        "greengrass_thing_name": "t",
        "greengrass_certificate_arn": "of-the-group",
        **({"x": 1} if "a" in answer else {}),
    }
