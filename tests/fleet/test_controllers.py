"""Other ways to run the playbooks than from this folder: a collection, ansible-runner, ansible-pull."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from fleet import pulling
from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import (
    PROGRAMS,
    PROJECT,
    Result,
    environment,
    play,
    with_programs,
    write_inventory,
)
from fleet.site import Site
from functional.collection import install

pytestmark = pytest.mark.fleet


@dataclass(frozen=True)
class Fresh:
    """A host that nothing has been done to, and an inventory that has it and the sample's groups."""

    fleet: Fleet
    site: Site
    host: Host
    inventory: Path

    def launch(
        self, program: str, *arguments: str | Path, cwd: Path = PROJECT, **env: str
    ) -> Result:
        """Run one of the environment's programs to its end; it finds the others."""
        done = subprocess.run(
            [PROGRAMS / program, *arguments], cwd=cwd,
            env={**environment(self.fleet), "PATH": with_programs(), **env}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900, check=False,
        )  # fmt: skip
        return Result(done.returncode, done.stdout)

    def must_be_untouched(self) -> None:
        """Fail where a run in check mode has changed something."""
        assert self.host.root("getent passwd ggc_user; ls /greengrass", check=False) == ""


@pytest.fixture(scope="module")
def fresh(fleet: Fleet, site: Site) -> Fresh:
    """Boot one host."""
    [host] = fleet.boot("gateway-09")
    inventory = write_inventory(fleet, {host: site.variables(host)}, "controllers")
    return Fresh(fleet, site, host, inventory)


def sources(fresh: Fresh) -> list[str | Path]:
    """Return the options that name the inventory."""
    return ["-i", PROJECT / "inventory/sample", "-i", fresh.inventory, "--limit", fresh.host.name]


def test_collection_runs_on_a_host_by_full_names(fresh: Fresh, tmp_path: Path) -> None:
    """In check mode, from a folder without ansible.cfg: roles, filter and module are the collection's."""
    installed = install(tmp_path)
    result = fresh.launch(
        "ansible-playbook", *sources(fresh), "--check", "ggfleet.greengrass.site",
        cwd=installed.folder, ANSIBLE_COLLECTIONS_PATH=str(installed.path),
    ).must_pass()  # fmt: skip
    assert result.recap(fresh.host)["changed"] > 0
    for role in ("host", "certificates", "core_v1", "verify"):
        assert f"ggfleet.greengrass.greengrass_{role} :" in result.output
    fresh.must_be_untouched()


def test_ansible_runner_runs_site_in_check_mode(fresh: Fresh, tmp_path: Path) -> None:
    """As AWX does: status, return code and the counts of each host are in its artifacts."""
    options = " ".join(str(word) for word in [*sources(fresh), "--check"])
    fresh.launch(
        "ansible-runner", "run", tmp_path, "--project-dir", PROJECT, "-p", "playbooks/site.yml",
        "--ident", "try", f"--cmdline={options}",
    ).must_pass()  # fmt: skip
    artifacts = tmp_path / "artifacts/try"
    assert ((artifacts / "status").read_text(), (artifacts / "rc").read_text()) == (
        "successful",
        "0",
    )
    events = [json.loads(path.read_text()) for path in (artifacts / "job_events").glob("*.json")]
    [stats] = [event["event_data"] for event in events if event["event"] == "playbook_on_stats"]
    assert stats["changed"][fresh.host.name] > 0
    assert stats["failures"] == {}
    fresh.must_be_untouched()


def test_host_pulls_its_repository_and_makes_itself_a_core(fresh: Fresh) -> None:
    """Comes last. A second pull changes nothing, and the core passes verify.yml from outside."""
    if reason := pulling.lacking():
        pytest.skip(f"this machine cannot lend a test host what it needs: {reason}")
    host, site = fresh.host, fresh.site
    pulling.give_ansible_and_git(host, site)
    pulling.give_repository(host, site, {**site.core, **pulling.give_credentials(host, site)})
    first = Result(0, pulling.pull(host)).recap(host)
    assert first["changed"] > 0
    assert first["failed"] == 0
    assert Result(0, pulling.pull(host)).recap(host)["changed"] == 0
    assert host.root("systemctl is-active greengrass") == "active"
    play(fresh.fleet, "verify.yml", {host: {}}).must_pass()
