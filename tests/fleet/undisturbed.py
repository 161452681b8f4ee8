"""A host of each kind of core that met no fault, for others to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play
from fleet.shell import at_once
from fleet.tree import differences

KINDS = ("V1", "lite")


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
        trees = (self.trees[kind] for kind in hosts.values())
        names = (host.name for host in hosts)
        found = dict(zip(names, at_once(differences, hosts, trees), strict=True))
        other = {(name, path) for name, paths in found.items() for path in paths}
        assert not [each for each in sorted(other) if not each[1].startswith(but)], found

    def second_run(self, hosts: dict[Host, str], but: tuple[str, ...] = ()) -> None:
        """Run site.yml again, now that the faults are gone; all must end like the undisturbed."""
        chosen = {host: self.variables[kind] for host, kind in hosts.items()}
        result = play(self.fleet, "site.yml", chosen).must_pass()
        assert [result.recap(host)["failed"] for host in hosts] == [0] * len(hosts)
        self.must_be_like(hosts, but)


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
