"""Faults on real hosts: what is said, and that a second run leaves what an undisturbed one does.

All hosts of a kind get the same certificate and thing, so that they can be compared file by file with
one that met no fault.
"""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, Running, play
from fleet.server import HaltingServer
from fleet.site import Site
from fleet.stranger import checkout, play_as_stranger
from fleet.tree import differences, tree

pytestmark = pytest.mark.fleet

KINDS = ("V1", "lite")
SEED = 4
MOMENTS = 5
YEAR = 365 * 24 * 60 * 60


@dataclass
class Undisturbed:
    """A host of each kind that met no fault, what its inventory says, and what it holds."""

    fleet: Fleet
    variables: dict[str, dict[str, Any]]
    trees: dict[str, dict[str, str]]
    recaps: dict[str, dict[str, int]]
    worked: dict[str, list[str]]
    """The headers of the tasks that had something to do on the host of this kind."""

    def must_be_like(self, hosts: dict[Host, str], but: tuple[str, ...] = ()) -> None:
        """Fail unless each host holds what the undisturbed one of its kind does, `but` aside."""
        found = {host.name: differences(host, self.trees[kind]) for host, kind in hosts.items()}
        other = {(name, path) for name, paths in found.items() for path in paths}
        assert not [each for each in sorted(other) if not each[1].startswith(but)], found

    def second_run(self, hosts: dict[Host, str], but: tuple[str, ...] = ()) -> None:
        """Run site.yml again, now that the faults are gone; all must end like the undisturbed."""
        chosen = {host: self.variables[kind] for host, kind in hosts.items()}
        result = play(self.fleet, "site.yml", chosen).must_pass()
        assert [result.recap(host)["failed"] for host in hosts] == [0] * len(hosts)
        self.must_be_like(hosts, but)


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
        {kind: tree(host) for host, kind in hosts.items()},
        {kind: result.recap(host) for host, kind in hosts.items()},
        {kind: worked_on(result, host) for host, kind in hosts.items()},
    )


def worked_on(result: Result, host: Host) -> list[str]:
    """Return the headers of the tasks that had something to do on a host, in their order."""
    headers: list[str] = []
    header = ""
    for line in result.output.splitlines():
        if is_header(line):
            header = line
        elif line.endswith(f": [{host.name}]") and header not in headers:
            headers.append(header)
    return headers


def said_of(result: Result, host: Host, state: str) -> str:
    """Return in one line what was said last of a host that ended in a state."""
    said = result.output.split(f"\nfatal: [{host.name}]: {state}! =>")
    assert len(said) > 1, f"{host.name} must have ended as {state}:\n{result.output}"
    # Where secrets pass, only the line that comes before is shown.
    before = said[-2].rpartition("[ERROR]: ")[2]
    after = said[-1].split("\nTASK [")[0].split("\nfatal: ")[0]
    return " ".join(f"{before} {after}".split())


def is_header(line: str) -> bool:
    """Tell whether a task begins with this line."""
    return line.startswith(("TASK [", "RUNNING HANDLER ["))


# Faults that are there from the beginning --------------------------------------------------------


@dataclass
class Refused:
    """Hosts with a fault of each sort, after one run over all of them, and after the second."""

    result: Result
    hosts: dict[str, Host] = field(default_factory=dict)

    def says(self, name: str) -> str:
        """Return in one line what was said of a host's failure."""
        return said_of(self.result, self.hosts[name], "FAILED")


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
    return Refused(play(fleet, "site.yml", chosen).must_fail(), hosts)


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


def test_full_disks_are_told_with_what_did_not_fit(refused: Refused) -> None:
    """Also where it is a program that ran out of space; what had been unpacked gives its room back."""
    assert refused.hosts["full-v1"].root("ls -A /greengrass") == "certs"
    for name in ("full-v1", "full-lite", "cache-v1", "cache-lite"):
        assert "No space left on device" in refused.says(name), name


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
    fleet: Fleet, undisturbed: Undisturbed, tmp_path: Path
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
        for number, kind in enumerate(KINDS, start=1):
            server.wait_halted(2 * number)  # the two hosts of a kind are at this task together
            fleet.network.cut(f"link-{kind.lower()}")
            hosts[f"sshd-{kind.lower()}"].root(
                "systemctl restart ssh; loginctl terminate-user pi", check=False
            )
        result = run.finish()
        assert result.status == UNREACHABLE, result.output
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
    fleet: Fleet, undisturbed: Undisturbed
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
    for line in run.lines():
        for host in cuts.pop(line.rstrip("\n"), []) if is_header(line) else []:
            timers.append(Timer(draw.uniform(0, 1), host.cut_power))
            timers[-1].start()
    result = run.finish()
    for timer in timers:
        timer.join()
    assert len(timers) == len(hosts), f"never reached: {list(cuts)}\n{result.output}"
    fleet.boot_again(hosts)
    undisturbed.second_run(kinds)
