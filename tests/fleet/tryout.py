"""Boot a host to try playbooks on by hand: `sudo PYTHONPATH=tests .venv/bin/python -m fleet.tryout`.

Names of the sample inventory may follow; without one it is gateway-01. Ctrl-C ends the hosts.
"""

from __future__ import annotations

import contextlib
import signal
import sys

from fleet import requirements
from fleet.fleet import Fleet
from fleet.play import write_inventory
from fleet.site import Site


def main(names: list[str]) -> None:
    """Boot, say how to reach the hosts, wait for Ctrl-C."""
    lacking = requirements.missing()
    if lacking:
        sys.exit(f"booting test hosts needs {', '.join(lacking)}")
    with contextlib.closing(Fleet()) as fleet, contextlib.closing(Site(fleet)) as site:
        hosts = fleet.boot(*names)
        inventory = write_inventory(fleet, {host: site.variables(host) for host in hosts})
        print(f"Up. {inventory} points the sample's hosts at them and at a stand-in core:\n")
        print(f"  ansible-playbook -i inventory/sample -i {inventory} -l {','.join(names)} "
              "playbooks/site.yml")  # fmt: skip
        for host in hosts:
            print(f"  {fleet.folder}/ssh root@{host.address}    # {host.name}")
        print("\nCtrl-C ends them.", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            # Set here, because a shell starts what it puts in the background without Ctrl-C.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.default_int_handler)
            signal.pause()


if __name__ == "__main__":
    main(sys.argv[1:] or ["gateway-01"])
