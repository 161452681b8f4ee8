"""Hosts and inputs on which the classic nucleus is refused, and one where Java has to be installed.

The role is run without preflight, which finds some of this before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.standin import java

pytestmark = pytest.mark.fleet

PLAYBOOK = "../tests/fleet/nucleus.yml"
UNIT = "/etc/systemd/system/greengrass.service"
V1 = f"""\
mkdir -p /greengrass/ggc/core; cp /bin/true /greengrass/ggc/core/greengrassd
printf '[Service]\\nExecStart=/greengrass/ggc/core/greengrassd start\\n' > {UNIT}
"""
OLD_JAVA = """\
printf '#!/bin/sh\\necho java version \\\\"1.7.0_80\\\\" >&2\\n' > /usr/local/bin/java
chmod 755 /usr/local/bin/java
"""


@dataclass(frozen=True)
class Refused:
    """Hosts, each with a fault of its own, after one run over all of them."""

    fleet: Fleet
    result: Result
    said: str
    digest: Host
    zip: Host
    without_java: Host
    has_v1: Host
    foreign: Host


@pytest.fixture(scope="module")
def refused(fleet: Fleet, site: Site) -> Refused:
    """Run the role once over all hosts; what stops one must not hide what stops another."""
    names = ("digest", "zip", "old-java", "no-java", "has-v1", "no-sudo", "by-hand", "torn")
    hosts = digest, other, old, none, v1, sudo, by_hand, torn = fleet.boot(*names)
    old.root(OLD_JAVA)
    none.root(
        f"rm /usr/bin/java; echo '{site.java_package()}' > /etc/apt/sources.list.d/standin.list"
    )
    v1.root(V1)
    sudo.root("sed -i '/^root/d' /etc/sudoers")
    by_hand.root("mkdir -p /greengrass/v2/config; echo held > /greengrass/v2/config/config.tlog")
    torn.root("rm /usr/bin/java")
    base = {**site.classic("r"), "greengrass_runtime": "classic"}
    variables = {host: {**base, **site.certificates(host)} for host in hosts}
    variables[digest]["greengrass_nucleus_zip_sha256"] = "0" * 64
    variables[other] |= site.classic("r", component="com.example.Other")
    variables[old]["greengrass_nucleus_java_package"] = ""
    variables[none]["greengrass_nucleus_java_package"] = java.PACKAGE
    variables[torn]["greengrass_nucleus_java_package"] = ""
    result = play(fleet, PLAYBOOK, variables).must_fail()
    said = " ".join(result.output.split())
    return Refused(fleet, result, said, digest, other, none, v1, by_hand)


def test_zip_with_another_checksum_is_refused(refused: Refused) -> None:
    """Neither the download nor a unit is there afterwards."""
    assert "did not match" in refused.said
    assert refused.digest.root("ls -A /greengrass/v2").split() == [".installer", "certs"]
    assert refused.digest.root("ls -A /greengrass/v2/.installer") == ""
    assert refused.digest.root(f"ls {UNIT}", check=False) == ""


def test_zip_of_something_else_is_refused(refused: Refused) -> None:
    """The message names what it holds; the installer has not been run."""
    assert "holds com.example.Other, not aws.greengrass.Nucleus" in refused.said
    assert refused.zip.root("ls -A /greengrass/v2").split() == [".installer", "certs"]


def test_java_that_is_missing_or_too_old_is_refused(refused: Refused) -> None:
    """Where no package may be installed; the message says how to get another."""
    assert "old-java: java is version 7, and the nucleus needs 8 or newer." in refused.said
    assert "torn: java is missing, and the nucleus needs 8 or newer." in refused.said
    assert "Set greengrass_nucleus_java_package to a package that brings one" in refused.said


def test_java_that_is_missing_is_installed_from_a_package(refused: Refused) -> None:
    """The run of that host ends well, and its core runs."""
    counts = refused.result.recap(refused.without_java)
    assert (counts["failed"], counts["unreachable"]) == (0, 0)
    status = refused.without_java.root(f"dpkg-query -Wf '${{db:Status-Status}}' {java.PACKAGE}")
    assert status == "installed"
    assert refused.without_java.root("systemctl is-active greengrass") == "active"


def test_host_on_which_no_component_could_run_is_refused(refused: Refused) -> None:
    """The nucleus starts components with sudo as another account."""
    assert "no-sudo: root cannot run a command as ggc_user:ggc_group with sudo" in refused.said


def test_configuration_of_another_nucleus_is_not_overwritten(refused: Refused) -> None:
    """Nobody can tell whether it ever ran, so it is not ours to replace."""
    assert "by-hand: /greengrass/v2/config/config.tlog holds the configuration of" in refused.said
    assert refused.foreign.root("cat /greengrass/v2/config/config.tlog") == "held"


def test_host_with_v1_is_refused_and_removal_leaves_v1_alone(refused: Refused) -> None:
    """Unit, files and accounts that the two share stay when the classic nucleus is removed."""
    host = refused.has_v1
    assert "has-v1 has another Greengrass (greengrass.service does not start" in refused.said
    consent = {"greengrass_runtime": "classic", "greengrass_remove_consent": True}
    play(refused.fleet, "remove.yml", {host: consent}).must_pass()
    assert "greengrassd start" in host.root(f"cat {UNIT}")
    assert host.root("ls /greengrass") == "ggc"
    host.root("getent passwd ggc_user")
