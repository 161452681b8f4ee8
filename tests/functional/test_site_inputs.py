"""site.yml refuses a wrong input of each of its roles, before it looks at a host."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from functional.ggfleet_command import ROOT
from yaml_values import ansible_value

SITE = ansible_value((ROOT / "playbooks/site.yml").read_text())[0]
NEEDED = {"greengrass_certificates_root_ca": "/root-ca.pem"}
ROLES = [task["ansible.builtin.import_role"]["name"] for task in SITE["tasks"][1:]]


def options(role: str) -> dict[str, dict[str, Any]]:
    """Return what a role says of its inputs."""
    specs = ansible_value((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())
    found: dict[str, dict[str, Any]] = specs["argument_specs"]["main"]["options"]
    return found


def wrong_value(role: str) -> tuple[str, object]:
    """Return an input of the role and a value that is none of those that it may have."""
    for name, option in options(role).items():
        if "choices" in option:
            return name, "no such choice"
    msg = f"{role} has no input that could be wrong"
    raise AssertionError(msg)


def run(
    folder: Path, hosts: dict[str, dict[str, Any]], *words: str
) -> subprocess.CompletedProcess[str]:
    """Run site.yml over hosts that nobody answers for."""
    nobody = {"ansible_host": "127.0.0.1", "ansible_port": 1, **NEEDED}
    inventory = folder / "inventory.json"
    entries = {name: {**nobody, **own} for name, own in hosts.items()}
    inventory.write_text(json.dumps({"greengrass": {"hosts": entries}}))
    return subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", inventory, *words,
         "playbooks/site.yml"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": "200"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What is said of a host for each role, with a wrong input of it, and of one without."""
    hosts = {f"wrong-{role}": dict([wrong_value(role)]) for role in ROLES}
    done = run(tmp_path_factory.mktemp("inputs"), {**hosts, "right": {}})
    assert done.returncode == 4, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("role", ROLES)
def test_wrong_input_is_refused_with_role_input_and_fix(refused: str, role: str) -> None:
    """By the first task, so that nothing was done."""
    name, value = wrong_value(role)
    said = " ".join(refused.partition("TASK [greengrass_preflight")[0].split())
    count, _, message = said.partition(f"fatal: [wrong-{role}]")[2].partition("nothing was done ")
    assert re.search(rf"msg: \|- wrong-{role}: \d wrong input", count)
    assert message.startswith(f"{role}: value of {name} must be one of")
    assert str(value) in message
    assert f"roles/{role}/README.md describes it." in message
    assert re.search(rf"wrong-{role} .*ok=0 .*failed=1", refused)


def test_right_inputs_pass(refused: str) -> None:
    """The host without a wrong input gets as far as the connection, which nobody takes."""
    assert re.search(r"right .*ok=1 .*unreachable=1 .*failed=0", refused)


def test_every_role_was_checked(tmp_path: Path) -> None:
    """And said so; Ansible's own check would have told inputs of the same roles."""
    done = run(tmp_path, {"right": {}}, "-vv")
    first = done.stdout.partition("TASK [greengrass_preflight")[0]
    assert re.findall(r"^ +- (greengrass_\w+)$", first, re.MULTILINE) == ROLES


def test_input_that_cannot_be_evaluated_is_named(tmp_path: Path) -> None:
    """With its role, and what is wrong with its template."""
    done = run(tmp_path, {"one": {"greengrass_host_swap": "{{ no_such_variable }}"}})
    said = " ".join((done.stdout + done.stderr).split())
    assert "greengrass_host: greengrass_host_swap cannot be evaluated" in said
    assert "'no_such_variable' is undefined" in said
    assert "failed=1" in said


def test_a_role_used_alone_is_checked_by_ansible(tmp_path: Path) -> None:
    """Its own task refuses, because nobody has told Ansible not to check."""
    play = tmp_path / "play.yml"
    play.write_text("[{hosts: all, gather_facts: false, roles: [greengrass_host]}]")
    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "one,", "-c", "local",
         "-e", "greengrass_host_runtime=V7", play],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Validating arguments against arg spec" in done.stdout
    assert "value of greengrass_host_runtime must be one of" in done.stdout + done.stderr
    assert done.returncode == 2
