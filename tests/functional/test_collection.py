"""The Ansible collection: built, installed where there is no other, used by full names, clean for ansible-test."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from fleet.pki import Authority
from fleet.rootfs import cache_folder
from functional.collection import Installed, builder, install
from functional.ggfleet_command import ROOT
from yaml_values import ansible_value

PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
NO_INDEX = (
    "No matching distribution found",
    "Could not fetch",
    "Failed to establish a new connection",
)
GET_PIP = """\
# ansible-test would fetch pip's own installer; Python brings a pip of its own that can do the same.
import subprocess, sys
subprocess.run([sys.executable, "-m", "ensurepip"], check=True)
words = [word for word in sys.argv[1:] if not word.startswith("--no-")]
subprocess.run([sys.executable, "-m", "pip", "install", *words], check=True)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install(tmp_path_factory.mktemp("collection"))


def test_archive_holds_all_roles_playbooks_and_plugins(installed: Installed) -> None:
    """Nothing that Python compiled, and a version that is the project's."""
    manifest = json.loads((installed.top / "MANIFEST.json").read_text())["collection_info"]
    assert installed.archive.name == f"ggfleet-greengrass-{manifest['version']}.tar.gz"
    assert manifest["dependencies"] == {}
    files = {str(path.relative_to(installed.top)) for path in installed.top.rglob("*")}
    for folder in builder.FOLDERS:
        kept = {
            str(path.relative_to(ROOT))
            for path in (ROOT / folder).rglob("*")
            if "__pycache__" not in path.parts
        }
        assert kept <= files
    assert not [name for name in files if "__pycache__" in name]
    readme = (installed.top / "README.md").read_text()
    assert all(f"`ggfleet.greengrass.{role}`" in readme for role in ROLES)


@pytest.mark.parametrize("playbook", PLAYBOOKS)
def test_playbook_is_found_by_its_full_name(installed: Installed, playbook: str) -> None:
    """Its roles too: the syntax check fails on a role that is not found."""
    installed.run(
        "ansible-playbook", "-i", "localhost,", "--syntax-check", f"ggfleet.greengrass.{playbook}"
    )


def test_role_runs_by_its_full_name_with_its_filter(installed: Installed) -> None:
    """In check mode on this machine: the filter finds that a key belongs to another certificate."""
    authority = Authority(installed.folder / "pki")
    certificate, key = authority.issue("good")
    _, foreign = authority.issue("foreign")
    variables = {
        "greengrass_certificates_certificate": str(certificate),
        "ansible_python_interpreter": sys.executable,
        "greengrass_certificates_root_ca": str(authority.root_ca),
        "greengrass_certificates_directory": str(installed.folder / "certs"),
    }
    role = {"role": "ggfleet.greengrass.greengrass_certificates"}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "roles": [role]}
    (installed.folder / "play.yml").write_text(yaml.safe_dump([play]))
    arguments = ("-i", "localhost,", "-c", "local", "--check", "play.yml", "-e")
    installed.run("ansible-playbook", *arguments, f"greengrass_certificates_private_key={key}")
    with pytest.raises(AssertionError, match="the private key does not belong to the certificate"):
        installed.run(
            "ansible-playbook", *arguments, f"greengrass_certificates_private_key={foreign}"
        )


def test_ansible_doc_tells_all_inputs_and_plugins(installed: Installed) -> None:
    """Of each role and of the plugins, under their full names."""
    names = [f"ggfleet.greengrass.{role}" for role in ROLES]
    roles = json.loads(installed.run("ansible-doc", "--json", "-t", "role", *names))
    for role in ROLES:
        told = roles[f"ggfleet.greengrass.{role}"]["entry_points"]["main"]["options"]
        specs = ansible_value((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text())
        assert set(told) == set(specs["argument_specs"]["main"]["options"])
    for kind, plugins in builder.plugins(installed.top).items():
        kind = {"modules": "module"}.get(kind, kind)  # noqa: PLW2901 - ansible-doc's word for it
        if kind not in ("action", "module_utils"):  # an action plugin is told of in its module
            names = [f"ggfleet.greengrass.{plugin}" for plugin in plugins]
            assert set(
                json.loads(installed.run("ansible-doc", "--json", "-t", kind, *names))
            ) == set(names)


def test_ansible_test_sanity_is_clean(tmp_path: Path) -> None:
    """All of its tests that need no container, under this Python; ansible-test installs what it has pinned."""
    if find_spec("ensurepip") is None:
        pytest.skip(
            "ansible-test makes environments with ensurepip, which this Python lacks (package python3-venv)"
        )
    top = builder.stage(tmp_path)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with sanity_home() as home:
        # Of the environment, ansible-test passes on little more than the home and the path.
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-test"), "sanity", "--python", version, "--color", "no"],
            cwd=top, env={**os.environ, "HOME": str(home)}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    if done.returncode and any(sign in done.stdout for sign in NO_INDEX):
        pytest.skip("pip cannot install what ansible-test has pinned: no package index")
    assert done.returncode == 0, done.stdout
    for test in ("validate-modules", "pylint", "import", "ansible-doc", "yamllint"):
        assert f'Running sanity test "{test}"' in done.stdout


@contextmanager
def sanity_home() -> Iterator[Path]:
    """Lend a home to ansible-test, which keeps its environments there: kept with other things that tests make once."""
    home = cache_folder() / "ansible-test"
    get_pip = home / ".ansible/test/cache"
    get_pip.mkdir(parents=True, exist_ok=True)
    (home / ".config").mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = home / ".config/pip"
        if not settings.is_symlink():
            settings.symlink_to(Path.home() / ".config/pip")
        (get_pip / "get_pip_24_2.py").write_text(
            GET_PIP
        )  # the version that ansible-core 2.19 asks for
        yield home
