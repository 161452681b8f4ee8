"""Nucleus lite on its whole way: fresh, installed, changed, upgraded, provisioned by claim.

The tests share the hosts. Each leaves them as their variables say, so their order does not matter;
only the last one takes the core of one of them away.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.four_steps import FourSteps, four_steps
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.traces import inventory

pytestmark = pytest.mark.fleet

DAEMONS = (
    "gg-fleet-statusd", "ggconfigd", "ggdeploymentd", "gghealthd", "ggipcd", "ggpubsubd",
    "iotcored", "tesd",
)  # fmt: skip
UNITS = " ".join(f"ggl.core.{name}.service" for name in DAEMONS)
CREDENTIALS = "/var/lib/greengrass/credentials"
PERMISSIONS = {
    "/var/lib/greengrass": "755 ggcore:ggcore",
    CREDENTIALS: "755 ggcore:ggcore",
    f"{CREDENTIALS}/certificate.pem.crt": "644 ggcore:ggcore",
    f"{CREDENTIALS}/private.pem.key": "600 ggcore:ggcore",
    f"{CREDENTIALS}/root.ca.pem": "644 ggcore:ggcore",
    "/etc/greengrass/config.yaml": "644 root:root",
    "/etc/greengrass/config.d/greengrass-lite.yaml": "644 root:root",
}


@dataclass
class Lite:
    """Two hosts, what their inventory says, and how they came to be."""

    fleet: Fleet
    host: Host
    claimed: Host
    variables: dict[Host, dict[str, Any]]
    found: set[str]
    steps: FourSteps

    def play(self, *options: str, name: str = "site.yml", only: Host | None = None) -> Result:
        """Run a playbook on both hosts, or on one."""
        hosts = [only] if only else [self.host, self.claimed]
        return play(self.fleet, name, {host: self.variables[host] for host in hosts}, *options)

    def differently(self, host: dict[str, Any], claimed: dict[str, Any]) -> Result:
        """Run site.yml with some variables of the two hosts set differently this once."""
        chosen = {
            self.host: {**self.variables[self.host], **host},
            self.claimed: {**self.variables[self.claimed], **claimed},
        }
        return play(self.fleet, "site.yml", chosen)

    def pids(self) -> str:
        """Return the main processes of all daemons."""
        return self.host.root(f"systemctl show --property=MainPID --value {UNITS}")

    def config(self, host: Host, *path: str) -> str:
        """Return what the running core holds at the end of `path`."""
        # By the stand-in's own reader, under a name that can be imported.
        program = (
            f"import sqlite3, standin as s; print(s.read(sqlite3.connect(s.DATABASE), *{path}))"
        )
        return host.root(
            f"cp /usr/bin/iotcored /run/standin.py && cd /run && python3 -Bc {shlex.quote(program)}"
        )

    def must_run(self, host: Host) -> None:
        """Fail unless every daemon runs, has not been restarted by systemd, and will at boot."""
        states = host.root(f"systemctl is-active greengrass-lite.target {UNITS}")
        assert set(states.split()) == {"active"}
        assert host.root("systemctl is-enabled greengrass-lite.target") == "enabled"
        restarts = host.root(f"systemctl show --property=NRestarts --value {UNITS}")
        assert set(restarts.split()) == {"0"}


@pytest.fixture(scope="module")
def lite(fleet: Fleet, site: Site) -> Lite:
    """Boot two hosts; check, apply, check and apply the playbook."""
    host, claimed = fleet.boot("lite-01", "lite-02")
    software = {**site.lite(), "greengrass_runtime": "lite"}
    claim = {
        "greengrass_nucleus_lite_provisioning": "claim",
        "greengrass_nucleus_lite_claim_template": "line-vision",
        "greengrass_nucleus_lite_claim_parameters": {"SerialNumber": "0042"},
    }
    variables = {
        host: {**software, **site.certificates(host)},
        claimed: {**software, **site.certificates(claimed), **claim},
    }
    found = inventory(host)
    steps = four_steps(fleet, "site.yml", variables)
    return Lite(fleet, host, claimed, variables, found, steps)


def test_check_mode_only_foretells_and_a_second_run_changes_nothing(lite: Lite) -> None:
    """On both hosts; no daemon is restarted, and no second certificate asked for."""
    lite.steps.must_hold("greengrass_nucleus_lite")
    name = lite.host.name
    assert lite.steps.foretold.changed[name] <= lite.steps.applied.changed[name]


def test_fresh_host_becomes_a_running_core(lite: Lite) -> None:
    """One run of site.yml is enough, and the first start had its configuration."""
    lite.must_run(lite.host)
    assert lite.config(lite.host, "system", "thingName") == "lite-01"


def test_files_belong_to_the_core_and_the_key_to_nobody_else(lite: Lite) -> None:
    """Modes and owners are the documented ones."""
    listing = lite.host.root(f"stat --format '%n %a %U:%G' {' '.join(PERMISSIONS)}")
    assert dict(line.split(" ", 1) for line in listing.splitlines()) == PERMISSIONS


def test_nobody_logs_in_as_the_core_or_a_component(lite: Lite) -> None:
    """The package would have made accounts with a shell; those of greengrass_host stay."""
    accounts = lite.host.root("getent passwd ggcore gg_component").splitlines()
    assert [account.rsplit(":", 1)[1] for account in accounts] == ["/usr/sbin/nologin"] * 2


def test_components_run_as_their_own_account(lite: Lite) -> None:
    """Although the package's own file of config.d says otherwise, and goes before config.yaml."""
    path = (
        "services",
        "aws.greengrass.NucleusLite",
        "configuration",
        "runWithDefault",
        "posixUser",
    )
    assert lite.config(lite.host, *path) == "gg_component:gg_component"


def test_claim_brings_certificate_and_thing(lite: Lite) -> None:
    """The core holds what the claim brought, and runs with it."""
    lite.must_run(lite.claimed)
    assert lite.config(lite.claimed, "system", "thingName") == "thing-of-0042"
    certificate = lite.config(lite.claimed, "system", "certificateFilePath")
    assert certificate == f"{CREDENTIALS}/certificate.pem"


def test_change_without_consent_and_a_foreign_package_are_refused(lite: Lite, site: Site) -> None:
    """Each with its reason; daemons and configuration stay."""
    before = lite.pids(), lite.host.root("cat /etc/greengrass/config.yaml")
    refused = lite.differently(
        {
            "greengrass_nucleus_lite_role_alias": "Other",
            "greengrass_nucleus_lite_allow_restart": False,
        },
        site.lite(package="something-else"),
    )
    said = " ".join(refused.must_fail().output.split())
    assert "Set greengrass_nucleus_lite_allow_restart to true" in said
    assert "is the package something-else, not aws-greengrass-lite" in said
    assert (lite.pids(), lite.host.root("cat /etc/greengrass/config.yaml")) == before
    lite.must_run(lite.claimed)


def test_upgrade_and_an_installation_that_was_cut_off(lite: Lite, site: Site) -> None:
    """One host gets new software and settings, the other what an earlier run has only unpacked.

    The package's script fails on accounts that exist; the role gets past it on both.
    """
    pids, accounts = lite.pids(), lite.host.root("getent passwd ggcore gg_component")
    lite.host.root("touch /var/lib/greengrass/of-a-component")
    package = lite.variables[lite.claimed]["greengrass_nucleus_lite_deb_sha256"]
    lite.claimed.root(
        "systemctl stop greengrass-lite.target; rm /etc/greengrass/.installed; "
        f"dpkg --unpack /var/cache/greengrass/{package}.deb"
    )
    new = {**site.lite("2"), "greengrass_nucleus_lite_role_alias": "AnotherAlias"}
    lite.variables[lite.host] |= new
    lite.play().must_pass()
    lite.must_run(lite.claimed)
    lite.must_run(lite.host)
    assert lite.pids() != pids
    assert lite.host.root("getent passwd ggcore gg_component") == accounts
    version = lite.host.root("dpkg-query -Wf '${Version} ${db:Status-Status}' aws-greengrass-lite")
    assert version == "2.6.0-2 installed"
    path = ("services", "aws.greengrass.NucleusLite", "configuration", "iotRoleAlias")
    assert lite.config(lite.host, *path) == "AnotherAlias"
    lite.host.root("ls /var/lib/greengrass/of-a-component; ! ls /run/greengrass-useradd")


def test_verify_names_all_that_is_wrong_with_a_core(lite: Lite) -> None:
    """A stopped daemon, an empty thing name and a missing component are findings with fixes."""
    lite.claimed.root("systemctl stop ggl.core.tesd; cp -p /var/lib/greengrass/config.db /run")
    emptied = "import sqlite3; d = sqlite3.connect('/var/lib/greengrass/config.db'); "
    statement = "UPDATE valueTable SET value = '\"\"' WHERE value LIKE '%thing-of-0042%'"
    program = f"{emptied}d.execute({statement!r}); d.commit()"
    lite.claimed.root(f"python3 -c {shlex.quote(program)}")
    lite.variables[lite.claimed]["greengrass_verify_components"] = ["com.example.Digits"]
    try:
        result = lite.play(name="verify.yml").must_fail()
    finally:
        del lite.variables[lite.claimed]["greengrass_verify_components"]
        lite.claimed.root("cp -p /run/config.db /var/lib/greengrass; systemctl start ggl.core.tesd")
    said = " ".join(result.output.split())
    assert "lite-02: 3 error(s)" in said
    assert "error: ggl.core.tesd.service is not active (inactive)." in said
    assert "error: the configuration that the core holds has no thingName: it would never" in said
    assert "error: the core has no component com.example.Digits; it has none." in said
    assert result.recap(lite.host)["failed"] == 0


def test_core_is_removed_with_consent_alone(lite: Lite) -> None:
    """Comes last. One host is left as it was found; the other, without consent, runs on."""
    refused = lite.play(name="remove.yml", only=lite.claimed).must_fail()
    said = " ".join(refused.output.split())
    assert "lite-02: this would delete the core (lite) with everything it holds" in said
    variables = {**lite.variables[lite.host], "greengrass_remove_consent": True}
    steps = four_steps(lite.fleet, "remove.yml", {lite.host: variables})
    steps.must_hold("greengrass_remove")
    assert inventory(lite.host) == lite.found
    lite.must_run(lite.claimed)
