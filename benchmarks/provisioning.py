"""How long it takes to make hosts into Greengrass cores, beside other ways of doing it.

    sudo PYTHONPATH=generator:tests .venv/bin/python benchmarks/provisioning.py --help

Boots test hosts (as tests/fleet does) and makes a V1 core of each, from the stand-in for the core
software, in five ways that take turns, each on fresh hosts: a naive playbook with Ansible's
defaults, playbooks/site.yml, the same under Mitogen, the roles of site.yml that do what the naive
playbook does, and pyinfra with these operations. Each runs twice; the second run finds everything
done. Afterwards the hosts must be the same whichever way was gone: contents, owners and modes of
files, accounts, kernel settings, unit.

The control node's CPU seconds are those of the command and of all it starts; the hosts' are those
of their control groups. Both share this machine, so seconds are those of a slow controller.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fleet import requirements
from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import PROJECT, environment
from fleet.rootfs import LOGIN
from fleet.site import Site

HERE = Path(__file__).resolve().parent / "provisioning"
BIN = Path(sys.executable).parent
NAIVE, OURS, MITOGEN, PYINFRA = "naive", "ggfleet", "ggfleet, Mitogen", "pyinfra"
ALONE = "ggfleet, the operations alone"
WAYS = (NAIVE, OURS, MITOGEN, ALONE, PYINFRA)
RUNS = ("first", "second")
REGION, ACCOUNT = "eu-west-1", "123456789012"
IOT_HOST = f"a1b2c3d4e5f6g7-ats.iot.{REGION}.amazonaws.com"
# What must be the same: all but what only ours leaves (marks) and what only unpacking to / leaves.
OUTCOME = r"""
find /greengrass /etc/sysctl.d/98-greengrass.conf /etc/systemd/system/greengrass.service \
  \( -name '.started-with' -o -name '.installed-*' -o -path '/greengrass/STAND-IN' \
     -o -path '/greengrass/ggc/var/*' -o -name __pycache__ \) -prune \
  -o -printf '%p %m %u:%g %y\n' | sort
find /greengrass/certs /greengrass/ggc/core /greengrass/ggc/packages \
  /etc/sysctl.d/98-greengrass.conf /etc/systemd/system/greengrass.service \
  -type f -not -name '.installed-*' -not -path '*/__pycache__/*' -exec sha256sum {} + | sort -k2
cat /greengrass/config/config.json
getent passwd ggc_user | cut -d: -f1,6,7; id --name --groups ggc_user
getent group ggc_ml | cut -d: -f1
cat /proc/sys/fs/protected_hardlinks /proc/sys/fs/protected_symlinks
systemctl is-active greengrass; systemctl is-enabled greengrass
python3 -c 'import urllib.request as u
print(u.urlopen("http://localhost:8000/2016-11-01/health/workers").read())'
"""
TOLD = 3000
"""Characters of what a command that failed has said last."""


@dataclass(frozen=True)
class Row:
    """One run: seconds, CPU seconds of the control node and of all hosts."""

    way: str
    hosts: int
    run: str
    wall: float
    cpu: float
    cpu_of_hosts: float


class Bench:
    """The test fleet, and how each way reaches it."""

    def __init__(self, fleet: Fleet, site: Site) -> None:
        """Hosts are booted by `fresh`."""
        self.fleet, self.site = fleet, site
        self._count = 0
        self._given: dict[str, dict[str, Any]] = {}

    @contextlib.contextmanager
    def fresh(self, number: int) -> Iterator[list[Host]]:
        """Boot `number` new hosts; end them afterwards."""
        names = [f"bench-{self._count + each:03d}" for each in range(number)]
        self._count += number
        hosts = self.fleet.boot(*names)
        try:
            yield hosts
        finally:
            for host in hosts:
                host.close()

    def measure(self, way: str, number: int) -> tuple[list[Row], set[str]]:
        """Go one way twice on fresh hosts; return what it took, and what the hosts are then."""
        with self.fresh(number) as hosts:
            argv, extra = self._command(way, hosts)
            rows = [self._run(way, hosts, name, argv, extra) for name in RUNS]
            return rows, {outcome(host, self._given[host.name]) for host in hosts}

    def play(self, hosts: Sequence[Host], tasks: Sequence[dict[str, Any]]) -> Row:
        """Run these tasks twice with the project's settings; return what the second run took."""
        play = {"hosts": "greengrass", "gather_facts": False, "become": True, "tasks": list(tasks)}
        path = self.fleet.folder / "play.yml"
        path.write_text(json.dumps([play]))
        argv = [str(BIN / "ansible-playbook"), "-i", str(self._inventory(hosts)), str(path)]
        return [self._run(OURS, hosts, name, argv, {}) for name in RUNS][-1]

    def _run(
        self, way: str, hosts: Sequence[Host], name: str, argv: list[str], extra: dict[str, str]
    ) -> Row:
        before, begin = cpu_of(hosts), time.perf_counter()
        wall_and_cpu = self._timed(way, argv, {**environment(self.fleet), **extra}, begin)
        progress(f"{way}, {len(hosts)} hosts, {name} run: {wall_and_cpu[0]:.1f} s")
        return Row(way, len(hosts), name, *wall_and_cpu, cpu_of(hosts) - before)

    def _timed(
        self, way: str, argv: list[str], variables: dict[str, str], begin: float
    ) -> tuple[float, float]:
        said = self.fleet.folder / "said"
        with said.open("w") as output:
            # Inside the hosts' network, so that every way uses its own SSH as it comes.
            running = subprocess.Popen(
                ["ip", "netns", "exec", self.fleet.network.name, *argv],
                cwd=HERE if way in (NAIVE, PYINFRA) else PROJECT, env=variables,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            )  # fmt: skip
            _, status, usage = os.wait4(running.pid, 0)
        wall = time.perf_counter() - begin
        running.returncode = os.waitstatus_to_exitcode(status)
        if running.returncode != 0:
            sys.exit(f"{way} failed:\n{said.read_text()[-TOLD:]}")
        return wall, usage.ru_utime + usage.ru_stime

    def _command(self, way: str, hosts: Sequence[Host]) -> tuple[list[str], dict[str, str]]:
        """Return what to run, and what it needs in its environment."""
        if way == PYINFRA:
            inventory = self._pyinfra_inventory(hosts)
            return [str(BIN / "pyinfra"), "-y", str(inventory), "pyinfra_deploy.py"], {}
        playbook, first = str(BIN / "ansible-playbook"), str(self._inventory(hosts))
        if way == NAIVE:
            empty = self.fleet.folder / "empty.cfg"
            empty.touch()
            return [playbook, "-i", first, "naive.yml"], {"ANSIBLE_CONFIG": str(empty)}
        limit = ",".join(host.name for host in hosts)
        ours = "benchmarks/provisioning/operations.yml" if way == ALONE else "playbooks/site.yml"
        argv = [playbook, "-i", "inventory/sample", "-i", first, "-l", limit, ours]
        return argv, mitogen() if way == MITOGEN else {}

    def _variables(self, host: Host) -> dict[str, Any]:
        """Return what both kinds of playbook are told about a host."""
        told = self.site.variables(host)
        self._given[host.name] = told
        return {
            **told,
            # The stand-in has no AWS to connect to, and verify would wait for it.
            "greengrass_verify_connection": "ignore",
            "private_key": told["greengrass_certificates_private_key"],
            "certificate": told["greengrass_certificates_certificate"],
            "root_ca": told["greengrass_certificates_root_ca"],
            "tarball_url": told["greengrass_core_v1_tarball_url"],
            "tarball_sha256": told["greengrass_core_v1_tarball_sha256"],
            "thing_arn": f"arn:aws:iot:{REGION}:{ACCOUNT}:thing/{host.name}",
            "iot_host": IOT_HOST,
        }

    def _inventory(self, hosts: Sequence[Host]) -> Path:
        entries = {
            host.name: {
                "ansible_host": host.address,
                "ansible_user": LOGIN,
                "ansible_ssh_private_key_file": str(self.fleet.key),
                "ansible_ssh_common_args": f"-o UserKnownHostsFile={self.fleet.known_hosts}"
                " -o IdentitiesOnly=yes",
                **self._variables(host),
            }
            for host in hosts
        }
        path = self.fleet.folder / "inventory.json"
        path.write_text(json.dumps({"greengrass": {"hosts": entries}}))
        return path

    def _pyinfra_inventory(self, hosts: Sequence[Host]) -> Path:
        entries = [
            (
                host.address,
                {
                    "ssh_user": LOGIN,
                    "ssh_key": str(self.fleet.key),
                    "ssh_known_hosts_file": str(self.fleet.known_hosts),
                    "_sudo": True,
                    **self._variables(host),
                },
            )
            for host in hosts
        ]
        path = self.fleet.folder / "pyinfra_inventory.py"
        path.write_text(f"greengrass = {entries!r}\n")
        return path


def mitogen() -> dict[str, str]:
    """Return what makes Ansible run under Mitogen."""
    found = find_spec("ansible_mitogen")
    assert found is not None
    assert found.origin is not None
    plugins = Path(found.origin).parent / "plugins/strategy"
    return {"ANSIBLE_STRATEGY_PLUGINS": str(plugins), "ANSIBLE_STRATEGY": "mitogen_linear"}


def outcome(host: Host, given: dict[str, Any]) -> str:
    """Return what a host is after a run, without what must differ between hosts."""
    told = host.root(OUTCOME).replace(host.name, "HOST")
    for name in ("certificate", "private_key"):
        source = Path(given[f"greengrass_certificates_{name}"])
        told = told.replace(hashlib.sha256(source.read_bytes()).hexdigest(), "as given")
    return told


def cpu_of(hosts: Sequence[Host]) -> float:
    """Return the CPU seconds that the hosts have used."""
    return sum(host.cpu_seconds() for host in hosts)


def main() -> None:
    """Measure, compare outcomes, print tables."""
    options = arguments()
    lacking = [*requirements.missing(), *missing_tools(options.ways)]
    if lacking:
        sys.exit(f"this benchmark needs {', '.join(lacking)}")
    sizes = [int(word) for word in options.hosts.split(",")]
    with contextlib.closing(Fleet()) as fleet, contextlib.closing(Site(fleet)) as site:
        rows = measure(Bench(fleet, site), options.ways, sizes)
    if options.json:
        print(json.dumps({"machine": machine(), "rows": [asdict(row) for row in rows]}, indent=2))
    else:
        tables = (costs(rows), ratios(rows), growth(rows, sizes))
        print(f"{machine()}\n\n" + "\n\n".join("\n".join(table) for table in tables))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    first, _, rest = str(__doc__).partition("\n\n")
    parser = argparse.ArgumentParser(description=first, epilog=rest.partition("\n\n")[2])
    parser.add_argument(
        "--hosts", default="1,5,10", metavar="N,N,...",
        help="how many hosts at once (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--ways", default=list(WAYS), metavar="WAY;WAY;...",
        type=lambda text: text.split(";"), help=f"which of {'; '.join(WAYS)} (default: all)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


def missing_tools(ways: Sequence[str]) -> list[str]:
    """Return what this environment lacks for the other ways."""
    found = {PYINFRA: "pyinfra", MITOGEN: "ansible_mitogen"}
    return [f"{find} (pip)" for way, find in found.items() if way in ways and not find_spec(find)]


def measure(bench: Bench, ways: Sequence[str], sizes: Sequence[int]) -> list[Row]:
    """Go every way with every number of hosts; refuse outcomes that differ."""
    rows: list[Row] = []
    for size in sizes:
        outcomes: dict[str, set[str]] = {}
        for way in ways:
            measured, outcomes[way] = bench.measure(way, size)
            rows += measured
        must_agree(outcomes)
    progress("")
    return rows


def must_agree(outcomes: dict[str, set[str]]) -> None:
    """Exit with the difference unless all hosts are the same after every way."""
    (first, expected), *others = outcomes.items()
    for way, found in ((first, expected), *others):
        if len(found | expected) != 1:
            several = [set(text.splitlines()) for text in (*expected, *found)]
            differing = set.union(*several) - set.intersection(*several)
            sys.exit(f"{first} and {way} differ:\n" + "\n".join(sorted(differing)))


def costs(rows: Sequence[Row]) -> Iterator[str]:
    """A Markdown table: what each run took."""
    yield "| way | hosts | run | s | CPU s, control node | CPU s, hosts |"
    yield "|---|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row.way} | {row.hosts} | {row.run} | {row.wall:.1f} | {row.cpu:.1f} "
            f"| {row.cpu_of_hosts:.1f} |"
        )


def ratios(rows: Sequence[Row]) -> Iterator[str]:
    """A Markdown table: seconds of ours as a part of the others'."""
    wall = {(row.way, row.hosts, row.run): row.wall for row in rows}
    ways = {row.way for row in rows}
    ours = [way for way in (OURS, MITOGEN, ALONE) if way in ways]
    pairs = [(way, other) for way in ours for other in (NAIVE, PYINFRA) if other in ways]
    yield "| seconds, times | " + " | ".join(f"{a} / {b}" for a, b in pairs) + " |"
    yield "|---" * (len(pairs) + 1) + "|"
    for size, name in dict.fromkeys((row.hosts, row.run) for row in rows):
        cells = (f"{wall[a, size, name] / wall[b, size, name]:.2f}" for a, b in pairs)
        yield f"| {size} hosts, {name} run | " + " | ".join(cells) + " |"


def growth(rows: Sequence[Row], sizes: Sequence[int]) -> Iterator[str]:
    """A Markdown table: what a further host costs, and how many the control node could serve."""
    few, many = min(sizes), max(sizes)
    if few == many:
        return
    found = {(row.way, row.hosts, row.run): row for row in rows}
    yield (
        f"| from {few} to {many} hosts | s for each | CPU s for each, control node "
        "| hosts a minute for each core of it |"
    )
    yield "|---|---|---|---|"
    for way, name in dict.fromkeys((row.way, row.run) for row in rows):
        less, more = found[way, few, name], found[way, many, name]
        wall, cpu = ((b - a) / (many - few) for a, b in (
            (less.wall, more.wall), (less.cpu, more.cpu),
        ))  # fmt: skip
        yield f"| {way}, {name} run | {wall:.2f} | {cpu:.2f} | {60 / cpu:.0f} |"


def machine() -> str:
    """Where this was measured, with what, and how busy it was."""
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    tools = ("ansible-core", "mitogen", "pyinfra")
    used = ", ".join(f"{name} {version(name)}" for name in tools)
    kind, python = platform.machine(), platform.python_version()
    return f"{os.cpu_count()} {kind} cores, load {load}; Python {python}, {used}"


def progress(text: str) -> None:
    """Tell what has been done."""
    if text:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
