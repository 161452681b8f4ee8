"""Boot a host to try playbooks on by hand: `sudo PYTHONPATH=tests .venv/bin/python -m fleet.tryout`.

Names of the sample inventory may follow; without one it is gateway-01. Ctrl-C ends the hosts.
`--into FOLDER` is for programs: once the hosts are up, hosts.json there is their inventory, and
tryout.pid the process that SIGTERM ends with all hosts.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
from pathlib import Path

from fleet import requirements
from fleet.fleet import Fleet
from fleet.play import write_inventory
from fleet.site import Site


def main() -> None:
    """Boot, say how to reach the hosts, wait for Ctrl-C."""
    parser = argparse.ArgumentParser(prog="fleet.tryout")
    parser.add_argument("names", nargs="*", default=["gateway-01"])
    parser.add_argument("--into", type=Path)
    arguments = parser.parse_args()
    lacking = requirements.missing()
    if lacking:
        parser.exit(1, f"booting test hosts needs {', '.join(lacking)}\n")
    # Set here, because a shell starts what it puts in the background without Ctrl-C.
    for end in (signal.SIGINT, signal.SIGTERM):
        signal.signal(end, signal.default_int_handler)
    with (
        contextlib.suppress(KeyboardInterrupt),
        contextlib.closing(Fleet()) as fleet,
        contextlib.closing(Site(fleet)) as site,
    ):
        hosts = fleet.boot(*arguments.names)
        software = site.lite()
        variables = {host: {**site.variables(host), **software} for host in hosts}
        inventory = write_inventory(fleet, variables)
        if arguments.into:
            tell(inventory, arguments.into)
        names = ",".join(arguments.names)
        print(f"Up. {inventory} points the sample's hosts at them and at stand-in cores:\n")
        print(
            f"  ansible-playbook -i inventory/sample -i {inventory} -l {names} playbooks/site.yml"
        )
        for host in hosts:
            print(f"  {fleet.folder}/ssh root@{host.address}    # {host.name}")
        print("\nCtrl-C ends them.", flush=True)
        signal.pause()


def tell(inventory: Path, folder: Path) -> None:
    """Write what another program needs to know; the inventory comes last and whole."""
    (folder / "tryout.pid").write_text(f"{os.getpid()}\n")
    shutil.copy(inventory, folder / "hosts.new")
    (folder / "hosts.new").rename(folder / "hosts.json")


if __name__ == "__main__":
    main()
