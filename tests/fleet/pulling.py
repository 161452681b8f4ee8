"""What a host needs to run Ansible on itself: Ansible, git, and the fleet's repository.

A device has the first two from its packages, and the third at an address. Test hosts reach no
registry: they get what runs here, from the test network's web server.
"""

from __future__ import annotations

import json
import shutil
import sys
import tarfile
import time
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from fleet.host import Host
from fleet.play import PROJECT
from fleet.shell import run
from fleet.site import Site

LIBRARY = "/opt/ansible/lib"
PROGRAM = f"""\
#!/usr/bin/python3
import sys
sys.path.insert(0, "{LIBRARY}")
from ansible.cli.{{module}} import main
main()
"""
PROGRAMS = {"ansible": "adhoc", "ansible-playbook": "playbook", "ansible-pull": "pull"}
REPOSITORY = "/srv/fleet.git"
CREDENTIALS = "/etc/device-credentials"
PULL_SECONDS = 900
PYTHON = (3, 11)
"""Of the test hosts (Debian 12): compiled modules of another Python would not load there."""


def lacking() -> str:
    """Return why this machine has no Ansible or git that a test host can run, or nothing."""
    if sys.version_info[:2] != PYTHON:
        return f"its Python is not {'.'.join(map(str, PYTHON))}, as that of the test hosts is"
    return "" if "/usr/bin/git" in git_files() else "its git is no Debian package"


def git_files() -> list[str]:
    """Return the files of Debian's package git, without manuals and translations."""
    if not shutil.which("dpkg"):
        return []
    listed = run(["dpkg", "-L", "git"], check=False).splitlines()
    tops = ("/usr/bin/git", "/usr/lib/git-core", "/usr/share/git-core")
    return [name for name in listed if name.startswith(tops) and not Path(name).is_dir()]


def give_ansible_and_git(host: Host, site: Site) -> None:
    """Put both on a host."""
    path, url = site.publish("ansible.tar")
    with tarfile.open(path, "w") as archive:
        for name in git_files():
            archive.add(name)
        for source, name in python_files("ansible-core").items():
            archive.add(source, f"{LIBRARY}/{name}")
    fetch(host, url, "tar -C / -x")
    for name, module in PROGRAMS.items():
        program = PROGRAM.format(module=module)
        host.root(f"cat > /usr/local/bin/{name} <<'END'\n{program}END")
        host.root(f"chmod +x /usr/local/bin/{name}")


def python_files(project: str) -> dict[Path, str]:
    """Return the files of a distribution and of all that it needs, with their places."""
    found: dict[str, Distribution] = {}
    wanted = [project]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found[name] = distribution(name)
            required = map(Requirement, found[name].requires or [])
            wanted += [each.name for each in required if not each.marker or each.marker.evaluate()]
    return {
        Path(str(file.locate())): str(file)
        for each in found.values()
        for file in each.files or []
        if not str(file).startswith(("..", "ansible_test/")) and file.suffix != ".pyc"
    }


def give_repository(host: Host, site: Site, variables: dict[str, Any]) -> None:
    """Put a bare repository on a host: the project with an inventory of one host.

    It holds no certificate and no key: those lie on the device.
    """
    path, url = site.publish("fleet.tar")
    tree = path.with_name("fleet")
    for name in ("playbooks", "plugins", "roles"):
        shutil.copytree(PROJECT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(PROJECT / "ansible.cfg", tree)
    groups = tree / "inventory/sample/group_vars"
    shutil.copytree(PROJECT / "inventory/sample/group_vars", groups)
    hosts = {"greengrass": {"hosts": {host.name: variables}}}
    (groups.parent / "hosts.json").write_text(json.dumps(hosts))
    identity = ["-c", "user.name=owner", "-c", "user.email=owner@example.com"]
    run(["git", "-C", tree, "init", "--quiet", "--initial-branch=main"])
    run(["git", "-C", tree, "add", "--all"])
    run(["git", "-C", tree, *identity, "commit", "--quiet", "--message=Fleet"])
    bare = path.with_name("fleet.git")
    run(["git", "clone", "--quiet", "--bare", tree, bare])
    with tarfile.open(path, "w") as archive:
        archive.add(bare, REPOSITORY)
    fetch(host, url, "tar -C / --owner=root -x")


def give_credentials(host: Host, site: Site) -> dict[str, str]:
    """Put certificate and key on a host; return what the inventory says about them."""
    told = {}
    for variable, source in site.certificates(host).items():
        name = Path(source).name
        text = Path(source).read_text()
        host.root(f"mkdir -m 700 -p {CREDENTIALS}; cat > {CREDENTIALS}/{name} <<'END'\n{text}END")
        told[variable] = f"{CREDENTIALS}/{name}"
    return told


def pull(host: Host) -> str:
    """Have a host pull its repository and run site.yml, as a timer would; return what it printed."""
    command = f"/usr/local/bin/ansible-pull -U file://{REPOSITORY} -C main playbooks/site.yml"
    host.root(
        "rm -f /run/pull.log; systemctl reset-failed pull 2>/dev/null; systemd-run --quiet --unit=pull "
        "--setenv=HOME=/root --setenv=LC_ALL=C.UTF-8 --property=RemainAfterExit=yes "
        f"--property=StandardOutput=file:/run/pull.log --property=StandardError=inherit {command}"
    )
    deadline = time.monotonic() + PULL_SECONDS
    while (state := host.root("systemctl show --value --property=SubState pull")) == "running":
        assert time.monotonic() < deadline, host.root("cat /run/pull.log")
        time.sleep(1)
    said = host.root("cat /run/pull.log")
    assert state == "exited", said
    host.root("systemctl stop pull")
    return said


def fetch(host: Host, url: str, into: str) -> None:
    """Have a host download something and hand it to a command."""
    program = (
        "import shutil, sys, urllib.request as r; "
        f"shutil.copyfileobj(r.urlopen('{url}'), sys.stdout.buffer)"
    )
    host.root(f'python3 -c "{program}" | {into}')
