"""One host on its whole way: fresh, installed, changed, broken, rebooted.

The tests share the host. Each leaves it as `core.variables` says, so their order does not matter; only
the last one takes the core away.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.four_steps import FourSteps, four_steps
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.traces import inventory

pytestmark = pytest.mark.fleet

HEALTH = "http://localhost:8000/2016-11-01/health/workers"
ASK_HEALTH = f"""python3 -c 'import urllib.request as u; print(u.urlopen("{HEALTH}").read())'"""
PACKAGE = "/greengrass/ggc/packages/1.11.6"
PERMISSIONS = {
    "/greengrass": "755 root:root",
    "/greengrass/certs": "755 root:root",
    "/greengrass/certs/certificate.pem.crt": "644 root:root",
    "/greengrass/certs/private.pem.key": "600 root:root",
    "/greengrass/certs/root.ca.pem": "644 root:root",
    "/greengrass/config/config.json": "644 root:root",
    "/greengrass/ggc/core/greengrassd": "755 root:root",
    f"{PACKAGE}/bin/daemon": "755 root:root",
    "/etc/systemd/system/greengrass.service": "644 root:root",
    "/etc/sysctl.d/98-greengrass.conf": "644 root:root",
}


@dataclass
class Core:
    """The host, what its inventory says now, and how it came to be."""

    fleet: Fleet
    host: Host
    variables: dict[str, Any]
    found: set[str]
    steps: FourSteps

    def site(self, *options: str, **variables: object) -> Result:
        """Run site.yml with some variables set differently this once."""
        return play(self.fleet, "site.yml", {self.host: {**self.variables, **variables}}, *options)

    def pid(self) -> str:
        """Return the main process of the running core."""
        return self.host.root("systemctl show --property=MainPID --value greengrass")

    def config(self) -> Any:
        """Return the parsed config.json of the host."""
        return json.loads(self.host.root("cat /greengrass/config/config.json"))

    def must_serve(self) -> None:
        """Fail unless the unit is active and enabled and the core answers."""
        assert self.host.root("systemctl is-active greengrass") == "active"
        assert self.host.root("systemctl is-enabled greengrass") == "enabled"
        assert self.host.root(ASK_HEALTH) == "b'[]'"


@pytest.fixture(scope="module")
def core(fleet: Fleet, site: Site) -> Core:
    """Boot a host; check, apply, check and apply the playbook."""
    [host] = fleet.boot("gateway-01")
    variables = site.variables(host)
    found = inventory(host)
    steps = four_steps(fleet, "site.yml", {host: variables}, first=("-vvv", "--diff"))
    return Core(fleet, host, variables, found, steps)


def test_check_mode_only_foretells_and_a_second_run_changes_nothing(core: Core) -> None:
    """Of the changes that check mode foretells to a fresh host the run makes more, none fewer."""
    core.steps.must_hold(
        "greengrass_preflight", "greengrass_host", "greengrass_certificates", "greengrass_core",
        "greengrass_core_v1", "greengrass_verify",
    )  # fmt: skip
    name = core.host.name
    assert core.steps.foretold.changed[name] <= core.steps.applied.changed[name]


def test_fresh_host_becomes_a_running_core(core: Core) -> None:
    """One run of site.yml is enough, and what runs is the stand-in that it was given."""
    core.must_serve()
    assert "standin" in core.host.root("/greengrass/ggc/core/greengrassd --version")


def test_config_names_the_thing_and_the_certificates(core: Core) -> None:
    """config.json holds the inventory's values, numbers as numbers."""
    config = core.config()
    thing = config["coreThing"]
    assert thing["thingArn"] == "arn:aws:iot:eu-west-1:123456789012:thing/gateway-01"
    assert isinstance(thing["keepAlive"], int)
    assert config["crypto"]["caPath"] == "file:///greengrass/certs/root.ca.pem"
    assert config["runtime"]["cgroup"]["useSystemd"] == "yes"


def test_files_belong_to_root_and_the_key_to_nobody_else(core: Core) -> None:
    """Modes and owners are the documented ones."""
    listing = core.host.root(f"stat --format '%n %a %U:%G' {' '.join(PERMISSIONS)}")
    assert dict(line.split(" ", 1) for line in listing.splitlines()) == PERMISSIONS


def test_functions_get_an_account_outside_the_group_of_ml_resources(core: Core) -> None:
    """ggc_user is a member of ggc_group alone, and ggc_ml is there."""
    assert core.host.root("id --name --groups ggc_user") == "ggc_group"
    assert core.host.root("getent group ggc_ml").startswith("ggc_ml:")


def test_kernel_settings_are_in_force(core: Core) -> None:
    """Both were 0 when the host booted."""
    values = core.host.root("cd /proc/sys/fs && cat protected_hardlinks protected_symlinks")
    assert values.split() == ["1", "1"]


def test_private_key_is_never_printed(core: Core) -> None:
    """Even with -vvv and differences shown, as the installation ran, no line of it comes out."""
    key = Path(core.variables["greengrass_certificates_private_key"]).read_text()
    secret = key.splitlines()[1:-1]
    assert not [line for line in secret if line in core.steps.applied.result.output]


def test_changed_config_is_refused_without_consent(core: Core) -> None:
    """Also on the command line, where false is text. The message names the variable; nothing changes."""
    pid, config = core.pid(), core.config()
    refused = core.site(
        "--extra-vars=greengrass_core_v1_allow_restart=false", greengrass_core_v1_keep_alive=900
    )
    assert "Set greengrass_core_v1_allow_restart to true" in refused.must_fail().output
    assert (core.pid(), core.config()) == (pid, config)


def test_new_software_and_config_restart_the_core_and_keep_its_state(
    core: Core, site: Site
) -> None:
    """With consent both are taken over in one run, and what the core wrote stays."""
    core.host.root("echo '{}' > /greengrass/ggc/deployment/group/group.json")
    pid = core.pid()
    core.variables |= {**site.release("2"), "greengrass_core_v1_keep_alive": 700}
    core.site().must_pass()
    assert core.pid() != pid
    assert core.config()["coreThing"]["keepAlive"] == 700
    assert "Build 2" in core.host.root(f"cat {PACKAGE}/NOTICE")
    assert core.host.root("cat /greengrass/ggc/deployment/group/group.json") == "{}"
    core.must_serve()


def test_tarball_comes_by_way_of_the_controller(core: Core, site: Site) -> None:
    """From an address that only the controller reaches: a file of its own."""
    core.variables |= {
        **site.here(site.release("3")),
        "greengrass_core_v1_fetch": "controller",
        "greengrass_core_v1_fetch_cache": str(core.fleet.folder / "fetched"),
    }
    core.site().must_pass()
    assert "Build 3" in core.host.root(f"cat {PACKAGE}/NOTICE")
    core.must_serve()


def test_half_unpacked_installation_is_made_whole(core: Core) -> None:
    """A run that was cut off while it moved parts is repeated from the tarball."""
    core.host.root(
        f"rm {PACKAGE}/.installed-* {PACKAGE}/bin/daemon; rm -r /greengrass/ggc/core; "
        "mkdir -p /greengrass/.unpacked/greengrass/ggc/core; "
        "echo torn > /greengrass/.unpacked/greengrass/ggc/core/greengrassd"
    )
    core.site().must_pass()
    core.must_serve()
    assert "standin" in core.host.root("/greengrass/ggc/core/greengrassd --version")
    assert core.host.root("ls -A /greengrass").split() == [
        ".started-with",
        "certs",
        "config",
        "ggc",
    ]


def test_restart_that_an_interrupted_run_left_out_is_made_up(core: Core) -> None:
    """A config that is on disk already, but was never taken over, restarts the core."""
    pid = core.pid()
    core.host.root("echo before > /greengrass/.started-with")
    core.site().must_pass()
    assert core.pid() != pid
    core.must_serve()


def test_core_comes_back_after_a_reboot(core: Core) -> None:
    """The unit is enabled, and kernel settings are applied at boot."""
    core.host.reboot()
    core.must_serve()
    assert core.host.root("cat /proc/sys/fs/protected_symlinks") == "1"


def test_removed_core_leaves_the_host_as_it_was_found(core: Core) -> None:
    """Comes last. With consent, every file and account is gone that was not there before."""
    consent = "--extra-vars=greengrass_remove_consent=true"
    steps = four_steps(core.fleet, "remove.yml", {core.host: core.variables}, consent)
    steps.must_hold("greengrass_remove")
    assert inventory(core.host) == core.found
