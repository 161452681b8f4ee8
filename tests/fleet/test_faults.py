"""Faults on real hosts: what is said, and that a second run leaves what an undisturbed one does.

All hosts of a kind get the same certificate and thing, so that they can be compared file by file with
one that met no fault.
"""

from __future__ import annotations

import collections
import random
import shutil
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread, Timer
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, Running, play
from fleet.server import HaltingServer
from fleet.shell import at_once
from fleet.site import Site
from fleet.stranger import checkout, play_as_stranger
from fleet.told import SECONDS, Told
from fleet.tree import tree
from fleet.undisturbed import KINDS, Undisturbed, is_header, said_of, worked_on

pytestmark = pytest.mark.fleet

SEED = 4
MOMENTS = 5
YEAR = 365 * 24 * 60 * 60


@pytest.fixture(scope="module")
def undisturbed(fleet: Fleet, site: Site) -> Undisturbed:
    """Provision a host of each kind."""
    hosts = dict(zip(fleet.boot("like-v1", "like-lite"), KINDS, strict=True))
    common = {"greengrass_thing_name": "core", **site.certificate_of("core")}
    variables = {
        "V1": {**common, **site.core},
        "lite": {**common, **site.lite("faults"), "greengrass_runtime": "lite"},
    }
    chosen = {host: variables[kind] for host, kind in hosts.items()}
    result = play(fleet, "site.yml", chosen).must_pass()
    return Undisturbed(
        fleet,
        variables,
        dict(zip(KINDS, at_once(tree, hosts), strict=True)),
        {kind: result.recap(host) for host, kind in hosts.items()},
        {kind: worked_on(result, host) for host, kind in hosts.items()},
    )


# Faults that are there from the beginning --------------------------------------------------------


@dataclass
class Refused:
    """Hosts with a fault of each sort, after one run over all of them, and after the second."""

    result: Result
    began: float
    hosts: dict[str, Host] = field(default_factory=dict)

    def says(self, name: str) -> str:
        """Return in one line what was said of a host's failure."""
        return said_of(self.result, self.hosts[name], "FAILED")

    def seconds(self, sort: str) -> list[float]:
        """Return how long after the run's beginning a fault was told, of each kind of core."""
        names = [self.hosts[f"{sort}-{kind.lower()}"].name for kind in KINDS]
        return [self.result.told[name] - self.began for name in names]


DIGEST = {"V1": "greengrass_core_v1_tarball_sha256", "lite": "greengrass_nucleus_lite_deb_sha256"}
ROOT = {"V1": "/greengrass", "lite": "/var/lib/greengrass"}
CACHE = "/var/cache/greengrass"
SORTS = ("digest", "expired", "clock", "full", "cache")
# As for a disk that fills up only after preflight has looked at it.
SMALL = {"greengrass_preflight_minimum_disk": 0}
# All that a run starts on the host lives a year ahead: Python, and what Python starts. sshd is left
# alone: its sandbox ends a process that looks up a false clock.
AHEAD = r"""
real=$(readlink -f /usr/bin/python3); lib=$(ls /usr/lib/*/faketime/libfaketime.so.1)
mv $real $real.real && chmod +x $real.real
printf '#!/bin/sh\nLD_PRELOAD=%s FAKETIME=+365d DONT_FAKE_MONOTONIC=1 exec %s.real "$@"\n' $lib $real > $real
chmod +x $real
"""
IN_TIME = "real=$(readlink -f /usr/bin/python3) && mv $real.real $real"


def fill(folder: str, size: str) -> str:
    """Return a command that mounts a small disk at a folder."""
    return f"mkdir -p {folder} && mount -t tmpfs -o size={size},mode=755 none {folder}"


@pytest.fixture(scope="module")
def refused(fleet: Fleet, site: Site, undisturbed: Undisturbed) -> Refused:
    """Plant one fault on each host, run once over all of them."""
    names = [f"{sort}-{kind.lower()}" for kind in KINDS for sort in SORTS]
    half = len(names) // 2
    hosts = dict(zip(names, fleet.boot(*names[:half]) + fleet.boot(*names[half:]), strict=True))
    expired = site.certificate_of("expired", days=-1)
    chosen = {}
    for kind in KINDS:
        wrong: dict[str, dict[str, Any]] = {
            "digest": {DIGEST[kind]: "0" * 64},
            "expired": expired,
            "clock": {},
            "full": SMALL,
            "cache": {},
        }
        for sort, variables in wrong.items():
            chosen[hosts[f"{sort}-{kind.lower()}"]] = {**undisturbed.variables[kind], **variables}
        hosts[f"clock-{kind.lower()}"].root(AHEAD)
        # Room for two of the three certificates of nucleus lite, and for the beginning of V1's tarball.
        size = {"V1": "16k", "lite": "8k"}[kind]
        hosts[f"full-{kind.lower()}"].root(fill(ROOT[kind], size))
        hosts[f"cache-{kind.lower()}"].root(
            f"{fill(CACHE, '4k')}; head --bytes=4096 /dev/zero > {CACHE}/other"
        )
    began = time.monotonic()
    return Refused(play(fleet, "site.yml", chosen).must_fail(), began, hosts)


@pytest.mark.parametrize("sort", SORTS)
def test_the_run_tells_before_it_ends(refused: Refused, record_property: Told, sort: str) -> None:
    """How many seconds after its beginning is shown at the end of the tests."""
    record_property(f"{SECONDS}{sort}", refused.seconds(sort))


def test_wrong_digest_is_told_with_both(refused: Refused) -> None:
    """What was wanted and what came."""
    for kind in KINDS:
        said = refused.says(f"digest-{kind.lower()}")
        assert f"did not match {'0' * 64}; it was " in said


def test_expired_certificate_and_wrong_clock_are_told_apart(refused: Refused) -> None:
    """A host whose clock is ahead has a good certificate, and is not told to get another."""
    for kind in KINDS:
        said = refused.says(f"expired-{kind.lower()}")
        assert f"expired-{kind.lower()}: the certificate expired on " in said
        assert "Nothing was copied." in said
        assert "clock" not in said.replace(f"clock-{kind.lower()}", "")
        said = refused.says(f"clock-{kind.lower()}")
        assert f"clock-{kind.lower()}: 1 error(s)" in said
        seconds = int(said.split("error: the clock is ")[1].split(" s ")[0])
        assert abs(seconds - YEAR) < 60
        assert "s ahead of this machine's: good certificates look expired" in said
        assert "fix: set the clock (timedatectl set-time)" in said


def test_full_disks_are_told_with_what_did_not_fit(
    refused: Refused, undisturbed: Undisturbed
) -> None:
    """Also where it is a program that ran out of space; what had been unpacked gives its room back."""
    assert refused.hosts["full-v1"].root("ls -A /greengrass") == "certs"
    for name in ("full-v1", "cache-v1", "cache-lite"):
        assert "No space left on device" in refused.says(name), name
    credentials = "/var/lib/greengrass/credentials"
    given = undisturbed.variables["lite"]["greengrass_certificates_root_ca"]
    needed = Path(given).stat().st_size
    said = refused.says("full-lite")
    assert (
        f"the disk at {ROOT['lite']} is full: {credentials}/root.ca.pem needs {needed} bytes"
        " and an inode, 0 are free. Make room there, then run again." in said
    )


def test_second_run_without_the_faults_leaves_what_an_undisturbed_one_does(
    refused: Refused, undisturbed: Undisturbed
) -> None:
    """Comes after the others of these hosts. Nothing is half configured, nothing is left over."""
    for kind in KINDS:
        refused.hosts[f"clock-{kind.lower()}"].root(IN_TIME)
        refused.hosts[f"full-{kind.lower()}"].root(f"umount {ROOT[kind]}")
        refused.hosts[f"cache-{kind.lower()}"].root(f"umount {CACHE}")
    undisturbed.second_run(
        {refused.hosts[f"{sort}-{kind.lower()}"]: kind for kind in KINDS for sort in SORTS}
    )


# A controller that is not a fault, though it may look like one -----------------------------------


def test_user_with_a_locked_down_umask_makes_the_same_hosts(
    fleet: Fleet, undisturbed: Undisturbed
) -> None:
    """Another user, another home, umask 077 from the checkout on: same recaps, same hosts."""
    kinds = dict(zip(fleet.boot("stranger-v1", "stranger-lite"), KINDS, strict=True))
    with checkout() as home:
        assert home.joinpath("roles").stat().st_mode & 0o777 == 0o700
        chosen = {host: undisturbed.variables[kind] for host, kind in kinds.items()}
        result = play_as_stranger(fleet, home, chosen).must_pass()
    assert {kind: result.recap(host) for host, kind in kinds.items()} == undisturbed.recaps
    undisturbed.must_be_like(kinds)


# Faults that come in the middle ------------------------------------------------------------------


def test_lost_links_and_sessions_in_the_middle_of_a_download(
    fleet: Fleet, undisturbed: Undisturbed, tmp_path: Path, record_property: Told
) -> None:
    """Half of the file is there when one cable is pulled, and on the other host sshd ends."""
    names = [f"{sort}-{kind.lower()}" for kind in KINDS for sort in ("link", "sshd")]
    hosts = dict(zip(names, fleet.boot(*names), strict=True))
    kinds = dict(zip(hosts.values(), (*2 * ["V1"], *2 * ["lite"]), strict=True))
    with closing(HaltingServer(fleet.network, tmp_path)) as server:
        chosen = {
            host: halting(undisturbed, kind, server, tmp_path) for host, kind in kinds.items()
        }
        run = Running(fleet, "site.yml", chosen)
        reader = in_background(run)
        faults: dict[str, float] = {}
        for number, kind in enumerate(KINDS, start=1):
            server.wait_halted(2 * number)  # the two hosts of a kind are at this task together
            fleet.network.cut(f"link-{kind.lower()}")
            faults |= dict.fromkeys(
                (f"link-{kind.lower()}", f"sshd-{kind.lower()}"), time.monotonic()
            )
            hosts[f"sshd-{kind.lower()}"].root(
                "systemctl restart ssh; loginctl terminate-user pi", check=False
            )
        reader.join()
        result = run.finish()
        assert result.status == UNREACHABLE, result.output
        for sort in ("link", "sshd"):
            names = [f"{sort}-{kind.lower()}" for kind in KINDS]
            record_property(
                f"{SECONDS}{sort}", [result.told[name] - faults[name] for name in names]
            )
        for host in hosts.values():
            assert result.recap(host)["unreachable"] == 1
            said = said_of(result, host, "UNREACHABLE")
            assert any(words in said for words in LOST), said
            assert host.address in said
        server.go_on()
        for kind in KINDS:
            fleet.network.mend(f"link-{kind.lower()}")
        undisturbed.second_run(kinds, but=OF_ENDED_SESSIONS)
        undisturbed.must_be_like({hosts[f"link-{kind.lower()}"]: kind for kind in KINDS})


def in_background(run: Running) -> Thread:
    """Read what a run prints while a test does something else, for the moments to be noted."""
    reader = Thread(target=lambda: collections.deque(run.lines(), maxlen=0))
    reader.start()
    return reader


def test_sshd_that_restarts_and_keeps_its_sessions_is_not_noticed(
    fleet: Fleet, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    """As an upgrade of its package does, while half of each download is there: one run is enough."""
    hosts = fleet.boot("restart-v1", "restart-lite")
    kinds = dict(zip(hosts, KINDS, strict=True))
    with closing(HaltingServer(fleet.network, tmp_path)) as server:
        chosen = {
            host: halting(undisturbed, kind, server, tmp_path) for host, kind in kinds.items()
        }
        run = Running(fleet, "site.yml", chosen)
        for number, (host, kind) in enumerate(kinds.items(), start=1):
            server.wait_halted(number)
            before = host.root(SSHD)
            host.root("systemctl restart ssh")
            assert host.root(SSHD) != before
            server.go_on(chosen[host][URL[kind]].rpartition("/")[2])
        result = run.finish().must_pass()
    assert [result.recap(host)["unreachable"] for host in hosts] == [0, 0]
    undisturbed.must_be_like(kinds, but=MARK)


MARK = ("/greengrass/ggc/packages/1.11.6/.installed-",)  # holds the address of the download
SSHD = "systemctl show --property=MainPID ssh"
# Ansible's own directories with the module that was ended. They stay until the next boot, or a day.
OF_ENDED_SESSIONS = ("/root/.ansible/tmp/ansible-", "/tmp/ansible_")
UNREACHABLE = 4  # the exit status of ansible-playbook
# Which of them ssh says depends on what it was about when the host went.
LOST = ("Failed to connect to the host via ssh", "Data could not be sent to remote host")
URL = {"V1": "greengrass_core_v1_tarball_url", "lite": "greengrass_nucleus_lite_deb_url"}


def halting(
    undisturbed: Undisturbed, kind: str, server: HaltingServer, folder: Path
) -> dict[str, Any]:
    """Return variables that make a host download from a server that stops in the middle."""
    variables = undisturbed.variables[kind]
    _, _, path = variables[URL[kind]].split("//")[1].partition("/")
    shutil.copy(undisturbed.fleet.folder / "downloads" / path, folder)
    return {**variables, URL[kind]: f"{server.url}/{Path(path).name}"}


def test_power_cut_at_ten_moments_leaves_nothing_half_done(
    fleet: Fleet, undisturbed: Undisturbed, record_property: Told
) -> None:
    """Five hosts of each kind in one run, each cut at another of the tasks that concern it.

    The tasks are drawn from five equal parts of the run, the same ones each time, and the power goes
    within a second after the task has begun.
    """
    draw = random.Random(SEED)
    names = [f"power-{kind.lower()}-{number}" for kind in KINDS for number in range(MOMENTS)]
    hosts = fleet.boot(*names[:MOMENTS]) + fleet.boot(*names[MOMENTS:])
    kinds = dict(zip(hosts, [kind for kind in KINDS for _ in range(MOMENTS)], strict=True))
    cuts: dict[str, list[Host]] = {}
    for kind in KINDS:
        tasks = undisturbed.worked[kind]
        for part, host in enumerate(host for host in hosts if kinds[host] == kind):
            bounds = (len(tasks) * part // MOMENTS, len(tasks) * (part + 1) // MOMENTS)
            cuts.setdefault(tasks[draw.randrange(*bounds)], []).append(host)
    run = Running(fleet, "site.yml", {host: undisturbed.variables[kinds[host]] for host in hosts})
    timers: list[Timer] = []
    moments: dict[str, float] = {}

    def cut(host: Host) -> None:
        moments[host.name] = time.monotonic()
        host.cut_power()

    for line in run.lines():
        for host in cuts.pop(line.rstrip("\n"), []) if is_header(line) else []:
            timers.append(Timer(draw.uniform(0, 1), cut, [host]))
            timers[-1].start()
    result = run.finish()
    for timer in timers:
        timer.join()
    told = [result.told[name] - moment for name, moment in moments.items() if name in result.told]
    record_property(f"{SECONDS}power", told)
    assert len(timers) == len(hosts), f"never reached: {list(cuts)}\n{result.output}"
    fleet.boot_again(hosts)
    undisturbed.second_run(kinds)
