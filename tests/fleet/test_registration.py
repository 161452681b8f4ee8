"""Cores that make their keys themselves: registered, rotated, cut off, failed, expired.

A V1 core and one with nucleus lite share a stand-in for AWS IoT that lets certificates in as AWS does.
The tests share the hosts and leave them whole, so their order does not matter.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.four_steps import FourSteps, four_steps, take_step
from fleet.host import Host
from fleet.network import BRIDGE_ADDRESS
from fleet.play import PROJECT, Result, Running, environment, write_inventory
from fleet.site import Site
from ggfleet.cloud.reading import Found, Reader
from iot_support import Iot, started_iot

pytestmark = pytest.mark.fleet

SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: some-bucket}
platforms: {pc: {architecture: x86_64, python: "3.11", glibc: "2.36"}}
cores: {inventory: hosts.yml, groups: {pcs: pc}}
functions:
  fn: {source: code, handler: function.handler, timeout: 5 s, isolation: none, pinned: true}
"""
PLACES = {"V1": "/greengrass/certs", "lite": "/var/lib/greengrass/credentials"}
OWNERS = {"V1": "root", "lite": "ggcore"}
MAIN = {"V1": "greengrass.service", "lite": "ggl.core.iotcored.service"}
STEPS = (
    "Have AWS IoT know the cores of this batch",
    "Show the new certificate to AWS",
    "Let both pairs change places",
    "Start the core, as its own role does",
    "Deactivate the old certificate",
    "Note that the rotation is over",
)
"""Before each of these a rotation is cut off: key made; signed; core stopped; switched; no way back; over."""
ROTATE = {"greengrass_rotation_consent": True, "greengrass_rotation_minimum_age": 0}


@dataclass
class Registered:
    """Two hosts, what their inventory says, AWS, and how they came to be."""

    fleet: Fleet
    iot: Iot
    hosts: dict[str, Host]
    variables: dict[Host, dict[str, Any]]
    things_after_check: list[bool]
    steps: FourSteps

    def play(self, name: str, *options: str, only: str = "", **variables: object) -> Result:
        """Run a playbook on both hosts or one, with some variables set differently this once."""
        return self.start(name, *options, only=only, **variables).finish()

    def start(self, name: str, *options: str, only: str = "", **variables: object) -> Running:
        """Begin to do so."""
        hosts = [self.hosts[only]] if only else list(self.variables)
        chosen = {host: {**self.variables[host], **variables} for host in hosts}
        return Running(self.fleet, name, chosen, *options)

    def rotate(self, *options: str, only: str = "", **variables: object) -> Result:
        """Rotate with consent, however young the certificates are."""
        return self.play("rotate_certificates.yml", *options, only=only, **{**ROTATE, **variables})

    def rotate_until(self, task: str, runtime: str) -> None:
        """Rotate on one host, and end the run at once before a task."""
        host = self.hosts[runtime]
        inventory = write_inventory(self.fleet, {host: {**self.variables[host], **ROTATE}})
        argv: list[str | Path] = [
            Path(sys.executable).with_name("ansible-playbook"), "--inventory=inventory/sample",
            f"--inventory={inventory}", f"--limit={host.name}", "playbooks/rotate_certificates.yml",
        ]  # fmt: skip
        cut = {
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent),
            "ANSIBLE_CALLBACKS_ENABLED": "cut",
            "GGFLEET_CUT_BEFORE": task,
        }
        done = subprocess.run(
            argv, cwd=PROJECT, env={**environment(self.fleet), **cut}, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 99, done.stdout + done.stderr

    def known(self, runtime: str) -> list[Found]:
        """Return the certificates that AWS has attached to a host's thing."""
        return Reader(self.iot.clients()).certificates_of(self.hosts[runtime].name)

    def on_device(self, runtime: str) -> str:
        """Return the certificate on the host, after asking whether the key is its own."""
        host, place = self.hosts[runtime], PLACES[runtime]
        mine = host.root(f"openssl pkey -in {place}/private.pem.key -pubout")
        its = host.root(f"openssl x509 -in {place}/certificate.pem.crt -noout -pubkey")
        assert mine == its
        return host.root(f"cat {place}/certificate.pem.crt")

    def must_be_whole(self, runtime: str) -> Found:
        """Fail unless one active certificate is attached, lies on the host, and the core runs."""
        [certificate] = self.known(runtime)
        assert certificate.status == "ACTIVE"
        assert self.on_device(runtime) == certificate.pem.strip()
        host, place = self.hosts[runtime], PLACES[runtime]
        assert host.root(f"systemctl is-active {MAIN[runtime]}") == "active"
        assert host.root(f"ls -d {place}.next {place}/.new 2> /dev/null", check=False) == ""
        return certificate

    def pid(self, runtime: str) -> str:
        """Return the main process of the core."""
        return self.hosts[runtime].root(
            f"systemctl show --property=MainPID --value {MAIN[runtime]}"
        )


def write_spec(folder: Path, names: list[str]) -> Path:
    """Write a spec whose cores are the hosts."""
    (folder / "code").mkdir(parents=True)
    (folder / "code/function.py").write_text("def handler(event, context):\n    pass\n")
    listed = "".join(f"    {name}:\n" for name in names)
    (folder / "hosts.yml").write_text(f"pcs:\n  hosts:\n{listed}")
    (folder / "fleet.yml").write_text(SPEC)
    return folder / "fleet.yml"


def write_command(folder: Path, iot: Iot) -> Path:
    """Write the generator's command, which talks to the stand-in alone."""
    settings = {**iot.environment, "PYTHONPATH": str(PROJECT / "generator")}
    words = " ".join(f"{name}={value}" for name, value in settings.items())
    path = folder / "ggfleet"
    path.write_text(f'#!/bin/sh\nexec env {words} {sys.executable} -m ggfleet "$@"\n')
    path.chmod(0o755)
    return path


@pytest.fixture(scope="module")
def registered(fleet: Fleet, site: Site) -> Iterator[Registered]:
    """Boot two hosts; check, apply, check and apply the playbook."""
    hosts = dict(zip(PLACES, fleet.boot("made-01", "made-02"), strict=True))
    folder = fleet.folder / "registration"
    spec = write_spec(folder, [host.name for host in hosts.values()])
    where = ("127.0.0.1", "0", fleet.network.name, BRIDGE_ADDRESS)
    with started_iot(folder / "iot", where=where) as iot:
        shared = {
            "greengrass_certificates_source": "device",
            "greengrass_certificates_root_ca": str(iot.folder / "root.ca.pem"),
            "greengrass_registration_spec": str(spec),
            "greengrass_registration_command": str(write_command(folder, iot)),
        }
        own = {"V1": site.core, "lite": site.lite()}
        variables = {
            host: {**shared, **own[runtime], "greengrass_runtime": runtime}
            for runtime, host in hosts.items()
        }
        names = "data.example.com credentials.example.com"
        for host in hosts.values():
            host.root(f"echo {BRIDGE_ADDRESS} {names} >> /etc/hosts")
        foretold = take_step(fleet, "site.yml", variables, "--check")
        known = [iot.reader().thing(host.name) for host in hosts.values()]
        steps = FourSteps(
            foretold,
            take_step(fleet, "site.yml", variables, "-vvv", "--diff"),
            take_step(fleet, "site.yml", variables, "--check"),
            take_step(fleet, "site.yml", variables),
        )
        yield Registered(fleet, iot, hosts, variables, known, steps)


both = pytest.mark.parametrize("runtime", PLACES)


def test_check_mode_only_foretells_and_a_second_run_changes_nothing(registered: Registered) -> None:
    """On both hosts and in AWS; the registration is foretold too."""
    registered.steps.must_hold("greengrass_registration", "greengrass_certificates")
    assert "create the thing made-01" in registered.steps.foretold.result.output
    assert registered.things_after_check == [False, False]


@both
def test_fresh_host_is_registered_with_a_key_of_its_own(
    registered: Registered, runtime: str
) -> None:
    """AWS knows the certificate for the device's key as active, with policies; the core runs."""
    certificate = registered.must_be_whole(runtime)
    name = registered.hosts[runtime].name
    assert registered.iot.reader().attached(certificate.arn) == [f"line-core-{name}-0"]
    listing = registered.hosts[runtime].root(
        f"stat --format '%a %U:%G' {PLACES[runtime]}/private.pem.key"
    )
    assert listing == f"600 {OWNERS[runtime]}:{OWNERS[runtime]}"


@both
def test_private_key_never_leaves_the_device(registered: Registered, runtime: str) -> None:
    """No line of it is in the output, even with -vvv, or in a file of the machine that ran Ansible."""
    key = registered.hosts[runtime].root(f"cat {PLACES[runtime]}/private.pem.key")
    assert "PRIVATE KEY" in key
    secret = key.splitlines()[1]
    assert secret not in registered.steps.applied.result.output
    # The hosts' own file systems lie in the same folder.
    found = subprocess.run(
        ["grep", "-rlF", "--exclude-dir=upper", "--exclude-dir=root", "--exclude-dir=work",
         secret, registered.fleet.folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.stdout == ""


def test_rotation_asks_for_consent_and_leaves_young_certificates_alone(
    registered: Registered,
) -> None:
    """A refused host is as it was; so is one whose certificate is of today; check mode only tells."""
    before = [(registered.must_be_whole(runtime), registered.pid(runtime)) for runtime in PLACES]
    refused = registered.rotate(greengrass_rotation_consent=False).must_fail()
    assert "Set greengrass_rotation_consent to true" in " ".join(refused.output.split())
    young = registered.rotate(greengrass_rotation_minimum_age=1).must_pass()
    assert [young.recap(host)["changed"] for host in registered.variables] == [0, 0]
    checked = registered.rotate("--check").must_pass()
    assert [checked.recap(host)["changed"] for host in registered.variables] == [1, 1]
    after = [(registered.must_be_whole(runtime), registered.pid(runtime)) for runtime in PLACES]
    assert after == before


def test_rotation_brings_new_keys_and_deactivates_the_old_certificates(
    registered: Registered,
) -> None:
    """Both hosts run with new ones; old ones are inactive and detached, or deleted with consent."""
    before = {runtime: registered.must_be_whole(runtime) for runtime in PLACES}
    registered.rotate().must_pass()
    reader = registered.iot.reader()
    for runtime, old in before.items():
        assert registered.must_be_whole(runtime).id != old.id
        left = reader.certificate(old.id)
        assert left is not None
        assert (left.status, reader.attached(old.arn)) == ("INACTIVE", [])
    second = {runtime: registered.must_be_whole(runtime) for runtime in PLACES}
    registered.rotate(only="V1", greengrass_rotation_delete=True).must_pass()
    assert reader.certificate(second["V1"].id) is None
    result = registered.play("site.yml").must_pass()
    assert [result.recap(host)["changed"] for host in registered.variables] == [0, 0]


def test_certificate_that_is_not_let_in_never_reaches_the_core(registered: Registered) -> None:
    """Each core runs on undisturbed with the old pair; the new certificate is revoked.

    Both rotations wait for AWS to let a new certificate in, at the same time. One over both hosts
    would end with the first.
    """
    before = [(registered.must_be_whole(runtime), registered.pid(runtime)) for runtime in PLACES]
    refuse = registered.iot.folder / "refuse"
    refuse.touch()
    try:
        runs = [
            registered.start("rotate_certificates.yml", only=runtime, **ROTATE)
            for runtime in PLACES
        ]
        results = [run.finish() for run in runs]
    finally:
        refuse.unlink()
    for failed in results:
        said = " ".join(failed.must_fail().output.split())
        assert "answered the new certificate with 403" in said
        assert (
            "The old key and certificate are in place, and the new certificate is revoked." in said
        )
        assert "never-log-this" not in failed.output
    after = [(registered.must_be_whole(runtime), registered.pid(runtime)) for runtime in PLACES]
    assert after == before


def test_core_that_is_not_whole_with_the_new_pair_gets_the_old_one_back(
    registered: Registered,
) -> None:
    """A finding of greengrass_verify after the switch; the core runs with the old pair again."""
    before = registered.must_be_whole("lite")
    failed = registered.rotate(only="lite", greengrass_verify_components=["com.example.None"])
    said = " ".join(failed.must_fail().output.split())
    assert "The old key and certificate are in place, and the new certificate is revoked." in said
    assert registered.must_be_whole("lite") == before
    assert (
        registered.play("site.yml", only="lite")
        .must_pass()
        .recap(registered.hosts["lite"])["changed"]
        == 0
    )


@pytest.mark.parametrize("step", STEPS)
def test_rotation_that_is_cut_off_is_completed_by_the_next_run(
    registered: Registered, step: str
) -> None:
    """Before each step. Between both runs a whole pair of an active certificate is in place."""
    before = registered.must_be_whole("V1")
    registered.rotate_until(step, "V1")
    between = registered.on_device("V1")
    active = [each.pem.strip() for each in registered.known("V1") if each.status == "ACTIVE"]
    assert between in active
    registered.rotate(only="V1").must_pass()
    assert registered.must_be_whole("V1").id != before.id


def test_expired_certificate_is_told_and_rotation_mends_it_once(registered: Registered) -> None:
    """site.yml stops with the reason and the playbook that helps, which then does, in four steps."""
    days = registered.iot.folder / "days"
    days.write_text("-1")
    try:
        registered.rotate(only="V1", greengrass_rotation_prove=False)
    finally:
        days.unlink()
    # The stand-in signs what has ended already; AWS would not. On the device it looks the same.
    registered.on_device("V1")
    said = " ".join(registered.play("site.yml", only="V1").must_fail().output.split())
    assert "the certificate of made-01 expired on" in said
    assert "run playbooks/rotate_certificates.yml" in said
    host = registered.hosts["V1"]
    given = {"greengrass_rotation_consent": True, "greengrass_rotation_minimum_age": 1}
    variables = {**registered.variables[host], **given}
    steps = four_steps(registered.fleet, "rotate_certificates.yml", {host: variables})
    steps.must_hold("greengrass_rotation")
    registered.must_be_whole("V1")
    registered.play("site.yml", only="V1").must_pass()
