"""What this machine must have before it can boot test hosts."""

from __future__ import annotations

import os
import shutil
import subprocess

TOOLS = {
    "dpkg-deb": "dpkg",
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
}


def missing() -> list[str]:
    """Return what is missing, one phrase each; empty means that hosts can be booted."""
    phrases = [] if os.geteuid() == 0 else ["root"]
    for tool, package in TOOLS.items():
        if shutil.which(tool) is None:
            phrases.append(f"{tool} (package {package})")
    return phrases or _missing_rights()


def _missing_rights() -> list[str]:
    """Root in a container may lack what root needs here."""
    tried = subprocess.run(["unshare", "--mount", "--net", "true"], check=False)
    return [] if tried.returncode == 0 else ["the right to make namespaces (CAP_SYS_ADMIN)"]
