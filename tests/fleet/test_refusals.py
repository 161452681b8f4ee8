"""Hosts and inputs that must be refused: with what to do, and with nothing left behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site

pytestmark = pytest.mark.fleet


@dataclass(frozen=True)
class Refused:
    """Five hosts, each with a fault of its own, after one run over all of them."""

    result: Result
    wrong_checksum: Host
    foreign_key: Host
    has_v2: Host
    wrong_version: Host


@pytest.fixture(scope="module")
def refused(fleet: Fleet, site: Site) -> Refused:
    """Run site.yml once over several hosts; what stops one must not hide what stops another."""
    one, two, three, four, five = fleet.boot(
        "pi-01", "pi-02", "orin-01", "gateway-02", "gateway-03"
    )
    _, foreign = site.authority.issue("another device")
    three.root("mkdir -p /greengrass/v2")
    five.root("echo fs.protected_symlinks = 0 > /etc/sysctl.d/99-later.conf")
    hosts = {
        one: {**site.variables(one), "greengrass_core_v1_tarball_sha256": "0" * 64},
        two: {**site.variables(two), "greengrass_certificates_private_key": str(foreign)},
        three: {**site.variables(three), "greengrass_preflight_allow_beside": True},
        four: {**site.variables(four), "greengrass_core_v1_version": "1.10.0"},
        five: site.variables(five),
    }
    result = play(fleet, "site.yml", hosts)
    return Refused(result.must_fail(), one, two, three, four)


def test_tarball_with_another_checksum_is_refused(refused: Refused) -> None:
    """Neither the download nor any part of it stays, and no unit is written."""
    assert "did not match" in refused.result.output
    host = refused.wrong_checksum
    assert host.root("ls -A /var/cache/greengrass") == ""
    assert host.root("ls -A /greengrass").split() == ["certs"]
    assert host.root("ls /etc/systemd/system/greengrass.service", check=False) == ""


def test_key_of_another_certificate_is_refused_before_copying(refused: Refused) -> None:
    """The message says what is wrong, and the host has no certs folder."""
    assert "pi-02: the private key does not belong to the certificate" in refused.result.output
    assert refused.foreign_key.root("ls -A /greengrass") == ""


def test_host_with_greengrass_v2_is_refused(refused: Refused) -> None:
    """Also where preflight only warns; the message names what was found, and V2 stays untouched."""
    said = " ".join(refused.result.output.split())
    assert (
        "warning: the host is to run V1 and has another Greengrass (/greengrass/v2 exists)" in said
    )
    assert "orin-01 has another Greengrass (/greengrass/v2 exists)" in refused.result.output
    assert refused.has_v2.root("ls -A /greengrass").split() == ["certs", "v2"]


def test_tarball_of_another_version_is_refused(refused: Refused) -> None:
    """The message names the tarball and the input; no part of it is put into place."""
    said = " ".join(refused.result.output.split())
    assert (
        "holds no greengrass/ggc/packages/1.10.0/bin/daemon: set greengrass_core_v1_version" in said
    )
    assert refused.wrong_version.root("find /greengrass -name greengrassd -path '*/ggc/*' "
                                      "-not -path '*/.unpacked/*'") == ""  # fmt: skip


def test_kernel_setting_that_another_file_takes_back_is_refused(refused: Refused) -> None:
    """The message names both settings with what the kernel says."""
    said = " ".join(refused.result.output.split())
    assert "gateway-03: fs.protected_hardlinks and fs.protected_symlinks must be 1" in said
    assert "the kernel says 1 and 0" in said


@dataclass(frozen=True)
class Faulty:
    """Two hosts with many faults, and what preflight said of them in one run."""

    result: Result
    said: str
    v1: Host
    classic: Host


@pytest.fixture(scope="module")
def faulty(fleet: Fleet, site: Site) -> Faulty:
    """Plant faults that a V1 core would meet on one host, those of a classic nucleus on the other."""
    v1, classic = fleet.boot("faulty", "faulty-classic")
    v1.root(
        "rm /etc/sudoers.d/login; mkdir /greengrass; mount -t tmpfs -o size=8m none /greengrass; "
        "touch /etc/systemd/system/greengrass-lite.target"
    )
    classic.root(
        "mount -t tmpfs -o noexec,size=8m none /tmp; sed -i '/^root/d' /etc/sudoers; "
        "systemd-run --quiet python3 -m http.server 8000; mkdir -p /greengrass/v2; "
        "mount -t tmpfs none /greengrass/v2; mount -o remount,ro /greengrass/v2"
    )
    bridge = site.core["greengrass_core_v1_tarball_url"].split("/")[2]  # where the site serves
    hosts: dict[Host, dict[str, Any]] = {
        v1: {
            "greengrass_preflight_containers_required": True,
            "greengrass_preflight_architectures": ["armv7l"],
        },
        classic: {
            "greengrass_runtime": "classic",
            "greengrass_preflight_java": "java8",
            "greengrass_preflight_board": "Jetson",
            "greengrass_preflight_programs": ["python3.8"],
            "greengrass_preflight_local_ports": [8000],
            "greengrass_preflight_minimum_glibc": "2.99",
            "greengrass_preflight_endpoints": [
                bridge,
                f"{bridge.split(':')[0]}:8883",
                "no.invalid:443",
            ],
        },
    }
    result = play(fleet, "preflight.yml", hosts).must_fail()
    return Faulty(result, " ".join(result.output.split()), v1, classic)


def test_preflight_reports_all_faults_in_one_message(faulty: Faulty) -> None:
    """Five planted faults of a host: five findings, each with a fix, one failed task."""
    assert "faulty: 5 error(s)" in faulty.result.output
    for finding in (
        "error: the login user cannot become root.",
        "error: 8 MiB of disk are free for /greengrass, 400 are needed.",
        "error: the machine is x86_64; the core software was published for armv7l.",
        "error: the host uses control groups version 2",
        "error: the host is to run V1 and has another Greengrass",
    ):
        assert finding in faulty.result.output
    assert faulty.result.recap(faulty.v1)["failed"] == 1
    assert faulty.result.output.count("  fix: ") >= 5


def test_preflight_reports_what_only_the_classic_nucleus_minds(faulty: Faulty) -> None:
    """Ports, endpoints, /tmp, sudo, Java, the C library and the board, with what was found."""
    assert "faulty-classic: 9 error(s)" in faulty.said
    for finding in (
        "error: the board is one without a model, the inventory expects a Jetson.",
        "error: the C library is glibc 2.36, the core software needs glibc 2.99 or newer.",
        "error: root's path lacks python3.8.",
        "error: root may not run programs as another account and group",
        "error: the disk of /greengrass/v2 can only be read.",
        "MiB are free in /tmp, 32 are needed.",
        "error: /tmp is mounted noexec",
        "error: other programs listen at ports of the core: 8000 (/usr/bin/python3 -m http.server 8000).",
        ":8883 ([Errno 111] Connection refused), no.invalid:443 ([Errno -3]",
        "warning: there is no Java (java8); the classic nucleus needs 8 or newer.",
    ):
        assert finding in faulty.said
    assert "another Greengrass (/greengrass/v2" not in faulty.said


def test_preflight_names_missing_python(fleet: Fleet) -> None:
    """Without Python no module runs, and still the report comes, not a stack of failures."""
    [host] = fleet.boot("pythonless")
    host.root("rm /usr/bin/python3*")
    result = play(fleet, "preflight.yml", {host: {}}).must_fail()
    assert "error: python3 is missing" in result.output
