"""The classic nucleus on its whole way: fresh, installed, changed, cut off, provisioned by claim.

The tests share the hosts. Each leaves them as their variables say, so their order does not matter;
only the last one takes the core of one of them away. Java is real, the nucleus a stand-in.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.fleet import Fleet
from fleet.four_steps import FourSteps, four_steps
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.traces import inventory

pytestmark = pytest.mark.fleet

# Host, certificates and core: what one of these tests changes, no other role looks at.
SHORT = "../tests/fleet/nucleus.yml"
ROOT = "/greengrass/v2"
NUCLEUS = ("services", "aws.greengrass.Nucleus", "configuration")
PIN = "918273"
LIBRARY = "/usr/lib/pkcs11-standin.so"
PERMISSIONS = {
    ROOT: "755 root:root",
    f"{ROOT}/certs/certificate.pem.crt": "644 root:root",
    f"{ROOT}/certs/private.pem.key": "600 root:root",
    f"{ROOT}/config": "700 root:root",
    f"{ROOT}/config/config.yaml": "600 root:root",
    f"{ROOT}/.installed": "600 root:root",
    "/etc/systemd/system/greengrass.service": "644 root:root",
}
SETTINGS = {
    "greengrass_nucleus_mqtt_port": 443,
    "greengrass_nucleus_data_plane_port": 443,
    "greengrass_nucleus_proxy_url": "http://proxy.example.com:3128",
    "greengrass_nucleus_proxy_username": "line",
    "greengrass_nucleus_proxy_password": PIN,
    "greengrass_nucleus_no_proxy": ["10.0.0.0/8", "mirror.example.com"],
    "greengrass_nucleus_jvm_options": ["-XX:+UseSerialGC", "-Xmx64m"],
    "greengrass_nucleus_resource_limits": {"cpus": 0.5, "memory": 65536},
    "greengrass_nucleus_extra_config": {
        "services": {"aws.greengrass.Nucleus": {"configuration": {"s3EndpointType": "REGIONAL"}}}
    },
}
CLAIM = {
    "greengrass_nucleus_provisioning": "claim",
    "greengrass_nucleus_claim_template": "line-vision",
    "greengrass_nucleus_claim_parameters": {"SerialNumber": "0042"},
}
PKCS11 = {
    "greengrass_certificates_source": "hardware",
    "greengrass_nucleus_pkcs11_library": LIBRARY,
    "greengrass_nucleus_pkcs11_slot": 7,
    "greengrass_nucleus_pkcs11_user_pin": PIN,
}


@dataclass
class Classic:
    """Three hosts, what their inventory says, and how they came to be."""

    fleet: Fleet
    host: Host
    claimed: Host
    hardware: Host
    variables: dict[Host, dict[str, Any]]
    found: set[str]
    steps: FourSteps

    def play(self, *hosts: Host, name: str = "site.yml", options: tuple[str, ...] = ()) -> Result:
        """Run a playbook on some hosts, or on all."""
        chosen = {host: self.variables[host] for host in hosts or self.variables}
        return play(self.fleet, name, chosen, *options)

    def differently(self, host: Host, **variables: Any) -> Result:
        """Run the roles on one host with some variables set differently this once."""
        return play(self.fleet, SHORT, {host: {**self.variables[host], **variables}})


def pid(host: Host) -> str:
    """Return the main process of the core."""
    return host.root("systemctl show --property=MainPID --value greengrass")


def held(host: Host) -> dict[str, Any]:
    """Return what the nucleus has written out when it was last started."""
    text = host.root(f"cat {ROOT}/config/effectiveConfig.yaml")
    effective: dict[str, Any] = yaml.safe_load(text)
    return effective


def at(node: Any, *path: str) -> Any:
    """Return what stands at `path`."""
    for name in path:
        node = node[name]
    return node


def must_run(host: Host) -> None:
    """Fail unless the unit is active, has not been restarted by systemd, and will be at boot."""
    assert host.root("systemctl is-active greengrass") == "active"
    assert host.root("systemctl is-enabled greengrass") == "enabled"
    assert host.root("systemctl show --property=NRestarts --value greengrass") == "0"


@pytest.fixture(scope="module")
def classic(fleet: Fleet, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Classic:
    """Boot three hosts; check, apply, check and apply the playbook."""
    host, claimed, hardware = fleet.boot("classic-01", "classic-02", "classic-03")
    hardware.root(f"touch {LIBRARY}")
    software = {**site.classic(), "greengrass_runtime": "classic"}
    kept = {"greengrass_nucleus_controller_cache": str(cache(tmp_path_factory))}
    shared = {**site.here(software), **kept}
    variables = {
        host: {**software, **site.certificates(host), **SETTINGS},
        claimed: {
            **shared,
            **site.certificates(claimed),
            **CLAIM,
            **site.here(site.plugin("claim")),
        },
        hardware: {
            **shared,
            **site.certificates(hardware),
            **PKCS11,
            **site.here(site.plugin("pkcs11")),
        },
    }
    found = inventory(host)
    steps = four_steps(fleet, "site.yml", variables)
    return Classic(fleet, host, claimed, hardware, variables, found, steps)


def cache(factory: pytest.TempPathFactory) -> Path:
    """Return where downloads are kept on this machine, by name."""
    return factory.getbasetemp() / "downloads"


def test_check_mode_only_foretells_and_a_second_run_changes_nothing(classic: Classic) -> None:
    """On all three hosts. Check mode foretells no more changes than the run after it makes."""
    classic.steps.must_hold("greengrass_nucleus")
    name = classic.host.name
    assert classic.steps.foretold.changed[name] <= classic.steps.applied.changed[name]


def test_fresh_host_becomes_a_running_core(classic: Classic) -> None:
    """One run of site.yml is enough; nothing of the installation stays beside the core."""
    must_run(classic.host)
    assert held(classic.host)["system"]["thingName"] == "classic-01"
    loader = classic.host.root(f"readlink -f {ROOT}/alts/current/distro/bin/loader")
    assert loader.startswith(f"{ROOT}/packages/artifacts-unarchived/aws.greengrass.Nucleus/2.18.0/")
    classic.host.root(f"! ls {ROOT}/.installer 2> /dev/null; test -S {ROOT}/ipc.socket")


def test_files_belong_to_root_and_secrets_to_nobody_else(classic: Classic) -> None:
    """Modes and owners, and neither password nor PIN in what a run prints."""
    listing = classic.host.root(f"stat --format '%n %a %U:%G' {' '.join(PERMISSIONS)}")
    assert dict(line.split(" ", 1) for line in listing.splitlines()) == PERMISSIONS
    assert PIN not in classic.steps.applied.result.output


def test_settings_reach_the_nucleus(classic: Classic) -> None:
    """Ports, proxy, account, limits and further entries, with their types; Java has its options."""
    configuration = at(held(classic.host), *NUCLEUS)
    assert configuration["mqtt"] == {"port": 443}
    assert configuration["greengrassDataPlanePort"] == 443
    assert configuration["networkProxy"] == {
        "noProxyAddresses": "10.0.0.0/8,mirror.example.com",
        "proxy": {"url": "http://proxy.example.com:3128", "username": "line", "password": PIN},
    }
    assert configuration["runWithDefault"] == {
        "posixUser": "ggc_user:ggc_group",
        "systemResourceLimits": {"cpus": 0.5, "memory": 65536},
    }
    assert configuration["s3EndpointType"] == "REGIONAL"
    java = classic.host.root("tr '\\0' ' ' < /proc/$(pgrep -x java)/cmdline")
    assert "-XX:+UseSerialGC -Xmx64m" in java


def test_downloads_were_made_once_for_both_hosts(
    classic: Classic, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The zip and two plugins, each under its digest, on this machine."""
    names = {path.name for path in cache(tmp_path_factory).iterdir()}
    claimed, hardware = classic.variables[classic.claimed], classic.variables[classic.hardware]
    assert names == {
        claimed["greengrass_nucleus_zip_sha256"],
        claimed["greengrass_nucleus_claim_plugin_sha256"],
        hardware["greengrass_nucleus_pkcs11_plugin_sha256"],
    }


def test_claim_brings_certificate_and_thing(classic: Classic) -> None:
    """The core holds what the claim brought, and did not need a restart for it."""
    must_run(classic.claimed)
    classic.claimed.root("systemctl restart greengrass && sleep 2")
    system = held(classic.claimed)["system"]
    assert system["thingName"] == "thing-of-0042"
    assert system["certificateFilePath"] == f"{ROOT}/thingCert.crt"


def test_key_in_hardware_is_named_and_not_copied(classic: Classic) -> None:
    """The configuration has URIs and the module's data; the host has the root CA alone."""
    must_run(classic.hardware)
    configuration = held(classic.hardware)
    assert configuration["system"]["privateKeyPath"] == "pkcs11:object=greengrass;type=private"
    assert configuration["system"]["certificateFilePath"] == "pkcs11:object=greengrass;type=cert"
    module = configuration["services"]["aws.greengrass.crypto.Pkcs11Provider"]["configuration"]
    assert module == {"name": "greengrass", "library": LIBRARY, "slot": 7, "userPin": PIN}
    assert classic.hardware.root(f"ls {ROOT}/certs") == "root.ca.pem"
    states = classic.hardware.root(f"grep Pkcs11Provider {ROOT}/logs/greengrass.log")
    assert "newState=RUNNING" in states


def test_what_the_core_holds_is_left_to_deployments(classic: Classic, site: Site) -> None:
    """Another zip and another setting change nothing of an installed core, and the run says so."""
    before = pid(classic.host), classic.host.root(f"cat {ROOT}/config/config.tlog")
    result = classic.differently(
        classic.host, **site.classic("2"), greengrass_nucleus_role_alias="Other"
    ).must_pass()
    said = " ".join(result.output.split())
    assert "warning: zip or settings of the nucleus differ from what it was installed with" in said
    assert "fix: deploy aws.greengrass.Nucleus" in said
    assert result.recap(classic.host)["changed"] == 0
    assert (pid(classic.host), classic.host.root(f"cat {ROOT}/config/config.tlog")) == before


def test_new_certificate_needs_a_restart_and_that_needs_consent(
    classic: Classic, site: Site
) -> None:
    """Without it the run fails and the core runs on; with it the core is restarted once."""
    before = pid(classic.host)
    classic.variables[classic.host] |= site.certificates(classic.host)
    refused = classic.differently(classic.host, greengrass_nucleus_allow_restart=False).must_fail()
    assert "Set greengrass_nucleus_allow_restart to true" in " ".join(refused.output.split())
    assert pid(classic.host) == before
    classic.differently(classic.host).must_pass()
    assert pid(classic.host) != before
    must_run(classic.host)


def test_installation_that_was_cut_off_is_completed(classic: Classic) -> None:
    """Half an unpacked zip, no mark and no unit; a nucleus with a unit and no mark is kept as it is."""
    classic.claimed.root(
        f"systemctl disable --now greengrass; rm /etc/systemd/system/greengrass.service; cd {ROOT}; "
        "rm .installed; mkdir -p .installer/distribution/lib; systemctl daemon-reload"
    )
    classic.hardware.root(f"rm {ROOT}/.installed")
    result = classic.play(classic.claimed, classic.hardware, name=SHORT).must_pass()
    assert result.recap(classic.claimed)["changed"] > 0
    assert result.recap(classic.hardware)["changed"] == 0
    must_run(classic.claimed)
    assert held(classic.claimed)["system"]["thingName"] == "thing-of-0042"
    classic.claimed.root(f"! ls {ROOT}/.installer 2> /dev/null")


def test_verify_names_all_that_is_wrong_with_a_core(classic: Classic) -> None:
    """A stopped unit, an empty role alias, a failed and a missing component: each with its fix."""
    change = (
        '{"TS":9999999999999,"TP":["services","aws.greengrass.Nucleus","configuration",'
        '"iotRoleAlias"],"W":"changed","V":""}'
    )
    state = "service-set-state. {serviceName=com.example.Digits, currentState=X, newState=BROKEN}"
    classic.claimed.root(
        f"systemctl stop greengrass; cd {ROOT}; cp config/config.tlog /run; "
        f"echo {shlex.quote(change)} >> config/config.tlog; "
        f"echo {shlex.quote(state)} >> logs/greengrass.log"
    )
    classic.variables[classic.claimed]["greengrass_verify_components"] = ["com.example.Words"]
    try:
        result = classic.play(name="verify.yml").must_fail()
    finally:
        del classic.variables[classic.claimed]["greengrass_verify_components"]
        classic.claimed.root(f"cp /run/config.tlog {ROOT}/config; systemctl start greengrass")
    said = " ".join(result.output.split())
    assert "classic-02: 5 error(s), 1 warning(s)" in said
    assert "error: greengrass.service is not active (inactive)." in said
    assert f"error: the core does not answer: {ROOT}/ipc.socket" in said
    assert "error: the nucleus is STOPPING. fix: read /greengrass/v2/logs/greengrass.log" in said
    assert "error: the configuration that the core holds has no iotRoleAlias" in said
    assert "error: the core has no component com.example.Words; it has aws.greengrass.Nu" in said
    assert "warning: components have failed: com.example.Digits." in said
    assert [result.recap(host)["failed"] for host in (classic.host, classic.hardware)] == [0, 0]


def test_core_is_removed_with_consent_alone(classic: Classic) -> None:
    """Comes last. One host is left as it was found; the others, without consent, run on."""
    said = " ".join(classic.play(classic.claimed, name="remove.yml").must_fail().output.split())
    assert "classic-02: this would delete the core (classic) with everything it holds" in said
    variables = {**classic.variables[classic.host], "greengrass_remove_consent": True}
    steps = four_steps(classic.fleet, "remove.yml", {classic.host: variables})
    steps.must_hold("greengrass_remove")
    assert inventory(classic.host) == classic.found
    must_run(classic.claimed)
