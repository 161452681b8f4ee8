"""What this machine must have before it can boot test hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from fleet.system import BOOKWORM, System

TOOLS = {
    "dpkg-deb": "dpkg",
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "ssh": "openssh-client",
    "ssh-keygen": "openssh-client",
    "unshare": "util-linux",
}


EMULATION_TOOLS = {"qemu-aarch64-static": "qemu-user-static", "arch-test": "arch-test"}
FILE_SYSTEMS = Path("/proc/filesystems")


def missing(system: System = BOOKWORM) -> list[str]:
    """Return what is missing, one phrase each; empty means that such hosts can be booted."""
    phrases = [] if os.geteuid() == 0 else ["root"]
    tools = {**TOOLS, **EMULATION_TOOLS} if system.is_emulated else TOOLS
    for tool, package in tools.items():
        if shutil.which(tool) is None:
            phrases.append(f"{tool} (package {package})")
    if system.is_emulated and "binfmt_misc" not in FILE_SYSTEMS.read_text():
        phrases.append("the kernel's binfmt_misc (modprobe binfmt_misc)")
    return phrases or _missing_rights()


def _missing_rights() -> list[str]:
    """Root in a container may lack what root needs here."""
    tried = subprocess.run(["unshare", "--mount", "--net", "true"], check=False)
    return [] if tried.returncode == 0 else ["the right to make namespaces (CAP_SYS_ADMIN)"]
