"""What holds for every role and playbook, read from their files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fleet.pki import Authority
from module_support import module_of
from yaml_values import ansible_value

PROJECT = Path(__file__).parents[2]
ROLES = sorted(path for path in (PROJECT / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((PROJECT / "playbooks").glob("*.yml"))
VERBS = {"main.yml", "preflight.yml", "install.yml", "configure.yml", "run.yml"}
PLAY_KEYWORDS = {
    "name", "hosts", "gather_facts", "become", "roles", "serial", "max_fail_percentage", "tasks",
}  # fmt: skip
FREE_FORM = ("ansible.builtin.command", "ansible.builtin.shell", "ansible.builtin.raw")

every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> Any:
    """Return the parsed YAML of a file, or nothing where there is none."""
    return ansible_value(path.read_text()) if path.exists() else None


def options(role: Path) -> dict[str, dict[str, Any]]:
    """Return the inputs that a role's argument specification declares."""
    specs: dict[str, Any] = load(role / "meta/argument_specs.yml")
    declared: dict[str, dict[str, Any]] = specs["argument_specs"]["main"]["options"]
    return declared


def tasks(role: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every task and handler of a role, those in blocks too."""
    for folder in ("tasks", "handlers"):
        for path in sorted((role / folder).glob("*.yml")):
            yield from ((path, task) for task in flattened(load(path)))


def flattened(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield tasks and, for blocks, the tasks in them."""
    for task in found:
        yield task
        for part in ("block", "rescue", "always"):
            yield from flattened(task.get(part, []))


def test_there_are_roles_and_playbooks() -> None:
    """Keeps the tests below from passing because they found nothing."""
    assert len(ROLES) >= 4
    assert len(PLAYBOOKS) >= 2


@every_role
def test_specification_and_defaults_agree(role: Path) -> None:
    """An input is either required and without a default, or has the same default in both files."""
    specified = {
        name: option["default"]
        for name, option in options(role).items()
        if not option.get("required")
    }
    assert specified == load(role / "defaults/main.yml")


@every_role
def test_required_inputs_have_no_default(role: Path) -> None:
    """A role without a meaningful default fails rather than guesses."""
    assert not [n for n, o in options(role).items() if o.get("required") and "default" in o]


@every_role
def test_required_inputs_are_named_in_the_defaults_file(role: Path) -> None:
    """Whoever opens defaults/main.yml finds every input there, the required ones as a comment."""
    text = (role / "defaults/main.yml").read_text()
    assert not [name for name in options(role) if name not in text]


@every_role
def test_inputs_are_typed_and_described(role: Path) -> None:
    """Each carries a type, and says what it is."""
    assert not [n for n, o in options(role).items() if not (o.get("type") and o.get("description"))]


@every_role
def test_variables_are_prefixed_with_the_role(role: Path) -> None:
    """Inputs begin with the role's name; internals, registered results and facts with `__` too."""
    assert not [name for name in options(role) if not name.startswith(f"{role.name}_")]
    internal = list(load(role / "vars/main.yml") or {})
    for _, task in tasks(role):
        internal += [task["register"]] if "register" in task else []
        internal += task.get("ansible.builtin.set_fact", {})
    assert not [name for name in internal if not name.startswith(f"__{role.name}_")]


@every_role
def test_task_files_are_the_four_verbs(role: Path) -> None:
    """Nothing but main.yml and the verbs, and main.yml does nothing but name them."""
    assert {path.name for path in (role / "tasks").iterdir()} <= VERBS
    for task in load(role / "tasks/main.yml"):
        included = task.get(
            "ansible.builtin.import_tasks", task.get("ansible.builtin.include_tasks")
        )
        assert included in VERBS - {"main.yml"}


@every_role
def test_commands_are_explained_and_honest_about_change(role: Path) -> None:
    """Each has a comment with its reason, and says when it changes something."""
    for path, task in tasks(role):
        used = next((module for module in FREE_FORM if module in task), None)
        if used is None:
            continue
        arguments = task[used] if isinstance(task[used], dict) else {}
        assert "changed_when" in task or {"creates", "removes"} <= set(arguments), task["name"]
        lines = path.read_text().split(f"- name: {task['name']}\n")[1].split("- name:")[0]
        assert "# " in lines.split("register:")[0], f"{path}: {task['name']}"


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda playbook: playbook.name)
def test_playbooks_are_lists_of_roles(playbook: Path) -> None:
    """No tasks but the one that checks the inputs of all, no variables; and every role is there."""
    for play in load(playbook):
        assert set(play) <= PLAY_KEYWORDS
        if "tasks" in play:
            check, *imports = play["tasks"]
            assert "greengrass_inputs" in check
            names = [entry["ansible.builtin.import_role"].pop("name") for entry in imports]
            assert all(
                entry
                == {
                    "name": entry["name"],
                    "ansible.builtin.import_role": {"rolespec_validate": False},
                }
                for entry in imports
            )
        else:
            assert all(set(entry) == {"role"} for entry in play["roles"])
            names = [entry["role"] for entry in play["roles"]]
        assert set(names) <= {role.name for role in ROLES}


# The filter of greengrass_certificates --------------------------------------------------------


@pytest.fixture(scope="module")
def filters() -> ModuleType:
    """Return the filter plugin, loaded from its file as Ansible does."""
    return module_of(PROJECT / "plugins/filter/greengrass_certificates.py")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Return a certificate authority."""
    return Authority(tmp_path_factory.mktemp("pki"))


def problems(filters: ModuleType, *texts: str, **clock: Any) -> list[str]:
    """Call the filter by the name that the role uses."""
    check = filters.FilterModule().filters()["greengrass_certificate_problems"]
    found: list[str] = check(*texts, **clock)
    return found


def issued(authority: Authority, name: str, *, days: int = 30) -> tuple[str, str]:
    """Return the PEM texts of a new certificate and its key."""
    certificate, key = authority.issue(name, days=days)
    return certificate.read_text(), key.read_text()


def test_matching_certificate_and_key_have_no_problems(
    filters: ModuleType, authority: Authority
) -> None:
    """All three as they should be."""
    certificate, key = issued(authority, "good")
    assert problems(filters, certificate, key, authority.root_ca.read_text()) == []


def test_all_problems_are_told_at_once(filters: ModuleType, authority: Authority) -> None:
    """An expired certificate, a foreign key and a root CA that is none."""
    certificate, _ = issued(authority, "old", days=-1)
    _, foreign = issued(authority, "foreign")
    ended = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    assert problems(filters, certificate, foreign, "nonsense") == [
        f"the certificate expired on {ended:%Y-%m-%d}",
        "the root CA is not a PEM certificate",
        "the private key does not belong to the certificate",
    ]


def test_certificate_of_the_future_is_refused(filters: ModuleType, authority: Authority) -> None:
    """A clock before the start of validity, as a Raspberry Pi without a network has it."""
    certificate, key = issued(authority, "early")
    past = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
    found = problems(filters, certificate, key, authority.root_ca.read_text(), now=lambda: past)
    assert [problem.split(" before ")[0] for problem in found] == [
        "the certificate is not valid",
        "the root CA is not valid",
    ]


def test_rsa_key_that_does_not_work_is_refused(filters: ModuleType, authority: Authority) -> None:
    """Its public half is that of the certificate, its private one is spoilt."""
    certificate, key = issued(authority, "spoilt")
    loaded = serialization.load_pem_private_key(key.encode(), password=None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    n = loaded.private_numbers()
    spoilt = rsa.RSAPrivateNumbers(
        n.p, n.q, n.d + 2, n.dmp1 + 2, n.dmq1 + 2, n.iqmp, n.public_numbers
    ).private_key(unsafe_skip_rsa_key_validation=True)
    text = spoilt.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    found = problems(filters, certificate, text, authority.root_ca.read_text())
    assert found == ["the private key does not belong to the certificate"]


def test_key_that_is_none_is_refused_without_being_told(
    filters: ModuleType, authority: Authority
) -> None:
    """The finding holds nothing of what the file holds."""
    certificate, _ = issued(authority, "keyless")
    found = problems(filters, certificate, "secret text", authority.root_ca.read_text())
    assert found == ["the private key is not a PEM private key"]
