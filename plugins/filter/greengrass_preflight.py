"""Filter that judges what greengrass_preflight has read of a host.

Python and not conditions in YAML: Ansible would compile each of them anew for every host.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible.module_utils.compat.version import LooseVersion

WIDE = 64  # bits
OLDEST_JAVA = 8
Finding = dict[str, Any]
Found = dict[str, Any]


def finding(severity: str, what: str, fix: str) -> Finding:
    """Return a finding in the form that greengrass_report takes."""
    return {"holds": False, "severity": severity, "what": what, "fix": fix}


def at_least(version: str, wanted: str) -> bool:
    """Compare two versions; text that is none counts as too old."""
    try:
        return bool(LooseVersion(str(version)) >= LooseVersion(str(wanted)))
    except (TypeError, ValueError):
        return False


def preflight_findings(found: Found, wanted: dict[str, Any], is_root: bool) -> list[Finding]:
    """Return what does not hold of a host, to be told with its fix.

    `found` is what greengrass_host_facts returned, `wanted` the inputs of the role by their names
    without its prefix. To add a check, add it to the group that it belongs to.
    """
    runtime = wanted["runtime"]
    in_containers = runtime == "V1" or (
        runtime == "classic" and bool(wanted["containers_required"])
    )
    return [
        *system_findings(found["host"], wanted),
        *software_findings(found, wanted, is_root),
        *room_findings(found, wanted),
        *network_findings(found, wanted),
        *kernel_findings(found["host"], wanted, in_containers),
    ]


def system_findings(host: Found, wanted: dict[str, Any]) -> list[Finding]:
    """Judge what the host is."""
    told = []
    name, machine = host["os"].get("PRETTY_NAME", "not told"), host["machine"]
    likes = f"{host['os'].get('ID', '')} {host['os'].get('ID_LIKE', '')}"
    if (host["system"], host["service_mgr"]) != ("Linux", "systemd"):
        told.append(finding(
            "error",
            f"the host runs {host['system']} with {host['service_mgr']} service manager, not Linux "
            "with systemd.",
            "use a distribution with systemd (Raspberry Pi OS, Debian, Ubuntu, JetPack).",
        ))  # fmt: skip
    if wanted["board"] not in host["board"]:
        told.append(finding(
            "error",
            f"the board is {host['board'] or 'one without a model'}, the inventory expects a "
            f"{wanted['board']}.",
            "look whether ansible_host is the address of another device, or correct "
            "greengrass_preflight_board.",
        ))  # fmt: skip
    if wanted["runtime"] == "lite" and "debian" not in likes:
        told.append(finding(
            "error",
            f"the system is {name}; nucleus lite comes as a Debian package.",
            "use Debian 12, Raspberry Pi OS 12, Ubuntu 22.04, or newer.",
        ))  # fmt: skip
    if machine not in wanted["architectures"]:
        told.append(finding(
            "error",
            f"the machine is {machine}; the core software was published for "
            f"{', '.join(wanted['architectures'])}.",
            "no Greengrass V2 was published for this board (Pi Zero, Pi 1): use another one."
            if machine == "armv6l" else "install a system of such an architecture.",
        ))  # fmt: skip
    if host["bits"] != WIDE and machine in ("aarch64", "x86_64"):
        told.append(finding(
            "warning",
            f"the kernel is of {machine}, and the programs of the system are of 32 bits: software "
            f"for {machine} does not start here.",
            "give this host software for 32 bits (armv7l, armhf), or install a system of 64 bits.",
        ))  # fmt: skip
    return told


def software_findings(found: Found, wanted: dict[str, Any], is_root: bool) -> list[Finding]:
    """Judge what the host has."""
    told = []
    runtime, java, libc = wanted["runtime"], found["java"], found["host"]["libc"]
    has_glibc = re.match("glibc [0-9]", libc)
    if not (at_least(libc.split()[-1], wanted["glibc"]) if has_glibc else runtime == "V1"):
        told.append(finding(
            "error",
            f"the C library is {libc or 'not glibc'}, the core software needs glibc "
            f"{wanted['glibc']} or newer.",
            "move the host to a newer release (nucleus lite: Debian 12, Raspberry Pi OS 12, Ubuntu "
            "22.04, JetPack 6).",
        ))  # fmt: skip
    if missing := [name for name, path in found["commands"].items() if path == ""]:
        told.append(finding(
            "error",
            f"root's path lacks {', '.join(missing)}.",
            "install what is missing; runtimes of functions must have exactly these names "
            "(ln -s $(command -v java) /usr/bin/java8).",
        ))  # fmt: skip
    if runtime == "classic":
        told += java_findings(java, wanted["java"])
    if found["sudo_refused"] and is_root:
        told.append(finding(
            "error",
            "root may not run programs as another account and group, as the classic nucleus does "
            f"with components ({found['sudo_refused']}).",
            "let /etc/sudoers hold the line root ALL=(ALL:ALL) ALL.",
        ))  # fmt: skip
    return told + beside_findings(found["paths"], wanted)


def java_findings(version: str, program: str) -> list[Finding]:
    """Judge the Java of a classic nucleus."""
    if version == "":
        return [finding(
            "warning",
            f"there is no Java ({program}); the classic nucleus needs 8 or newer.",
            "install one (Debian: apt-get install default-jre-headless), unless a role of this "
            "run does.",
        )]  # fmt: skip
    major = re.match("[0-9]*", version.split(".", maxsplit=1)[0])
    if major and int(major[0] or 0) >= OLDEST_JAVA:
        return []
    return [finding(
        "error",
        f"{program} is version {version}, the classic nucleus needs 8 or newer.",
        "install a newer one (Debian: apt-get install default-jre-headless), or name another in "
        "greengrass_preflight_java.",
    )]  # fmt: skip


def beside_findings(paths: Found, wanted: dict[str, Any]) -> list[Finding]:
    """Judge traces of other kinds of core."""
    others = [
        path
        for kind, traces in wanted["traces"].items()
        for path in traces
        if kind != wanted["runtime"] and paths[path]["exists"]
    ]
    if not others:
        return []
    return [finding(
        "warning" if wanted["allow_beside"] else "error",
        f"the host is to run {wanted['runtime']} and has another Greengrass ({', '.join(others)} "
        "exists). V1 and the classic nucleus share greengrass.service and cannot both run.",
        "take the other away (playbooks/remove.yml with greengrass_runtime set to it, after "
        "consent); or set greengrass_preflight_allow_beside for nucleus lite beside one of the "
        "two.",
    )]  # fmt: skip


def room_findings(found: Found, wanted: dict[str, Any]) -> list[Finding]:
    """Judge disk and memory."""
    told = []
    directory, memory = wanted["directory"], found["host"]["memory_mib"]
    disk, tmp = (found["directories"][path] for path in (directory, "/tmp"))  # noqa: S108
    classic = wanted["runtime"] == "classic"
    if disk["free_mib"] < wanted["disk"]:
        told.append(finding(
            "error",
            f"{disk['free_mib']} MiB of disk are free for {directory}, {wanted['disk']} are "
            "needed.",
            "free disk space, or set greengrass_preflight_minimum_disk if you know that less will "
            "do.",
        ))  # fmt: skip
    if "ro" in disk["options"]:
        told.append(finding(
            "error",
            f"the disk of {directory} can only be read.",
            "mount it for writing; a disk with errors is mounted so by the kernel (dmesg tells).",
        ))  # fmt: skip
    if tmp["free_mib"] < wanted["tmp"]:
        told.append(finding(
            "error" if classic else "warning",
            f"{tmp['free_mib']} MiB are free in /tmp, {wanted['tmp']} are needed.",
            "free space there, or give its file system more.",
        ))  # fmt: skip
    if classic and "noexec" in tmp["options"]:
        told.append(finding(
            "error",
            "/tmp is mounted noexec: Java loads libraries there that the classic nucleus "  # noqa: S108
            "brings.",
            "mount -o remount,exec /tmp, and take noexec out of /etc/fstab or tmp.mount.",
        ))  # fmt: skip
    if memory < wanted["memory"]:
        told.append(finding(
            "error",
            f"the host has {memory} MiB of memory, {wanted['memory']} are needed.",
            "use a device with more memory.",
        ))  # fmt: skip
    return told


def network_findings(found: Found, wanted: dict[str, Any]) -> list[Finding]:
    """Judge clock, ports and endpoints."""
    told = []
    ahead = int(found["clock_ahead"])
    # A port at which the core itself listens, on a further run, is as it should be.
    taken = {
        port: program
        for port, program in found["ports"].items()
        if program and not re.search(wanted["directory"], program)
    }
    unreached = {name: why for name, why in found["endpoints"].items() if why}
    if abs(ahead) > wanted["clock_tolerance"]:
        told.append(finding(
            "error",
            f"the clock is {abs(ahead)} s {'ahead of' if ahead > 0 else 'behind'} this machine's: "
            f"good certificates look {'expired' if ahead > 0 else 'not valid yet'}, TLS fails, "
            "and AWS refuses 15 minutes.",
            "set the clock (timedatectl set-time), and keep it right with systemd-timesyncd or "
            "chrony.",
        ))  # fmt: skip
    if found["host"]["synchronized"] not in (True, ""):
        told.append(finding(
            "warning",
            "nothing keeps the clock right.",
            "enable systemd-timesyncd or chrony.",
        ))  # fmt: skip
    if taken:
        told.append(finding(
            "error",
            f"other programs listen at ports of the core: {listed(taken)}.",
            "stop them, or give the core another port (V1: greengrass_core_v1_daemon_port, and "
            "greengrass_preflight_local_ports to match).",
        ))  # fmt: skip
    if unreached:
        told.append(finding(
            "error",
            f"the host does not reach {listed(unreached)}.",
            "open these ports in the firewall on the way (MQTT 8883 or 443, HTTPS 8443 or 443), "
            "look whether the host resolves names, or name the proxy in the core's configuration.",
        ))  # fmt: skip
    return told


def listed(told: dict[str, str]) -> str:
    """Return names and what is known of them as part of a sentence."""
    return ", ".join(f"{name} ({each.strip()})" for name, each in told.items())


def kernel_findings(host: Found, wanted: dict[str, Any], in_containers: bool) -> list[Finding]:
    """Judge the kernel, and what containers of functions ask of it."""
    kernel = re.match("[0-9]+[.][0-9]+", host["kernel"])
    version, lacks = kernel[0] if kernel else "", host["kernel_lacks"]
    severity = "error" if wanted["containers_required"] else "warning"
    told = []
    if not at_least(version, "3.17"):
        told.append(finding(
            "error",
            f"the kernel is {host['kernel']}, the core needs 3.17 or newer.",
            "update the system.",
        ))  # fmt: skip
    if in_containers and not at_least(version, "4.4"):
        told.append(finding(
            severity,
            f"containerised functions need kernel 4.4 or newer, this is {host['kernel']}.",
            "update the system, or use functions without a container (isolation: none).",
        ))  # fmt: skip
    if in_containers and host["cgroup2"]:
        told.append(finding(
            severity,
            "the host uses control groups version 2; containerised functions need version 1.",
            f"{cgroup1(host['systemd'])}use functions without a container (isolation: none).",
        ))  # fmt: skip
    if in_containers and not host["cgroups"].get("memory", False):
        told.append(finding(
            severity,
            "the kernel's memory control group is off; containerised functions need it.",
            "Raspberry Pi OS: set greengrass_host_kernel_arguments to [cgroup_enable=memory, "
            "cgroup_memory=1] and run again with greengrass_host_allow_reboot; elsewhere give the "
            "kernel these arguments and reboot.",
        ))  # fmt: skip
    if lacks:
        told.append(finding(
            severity,
            f"the kernel was built without {', '.join(lacks)}, which containerised functions need.",
            "use a kernel of the distribution, or functions without a container (isolation: none).",
        ))  # fmt: skip
    return told


def cgroup1(systemd: str) -> str:
    """Return how to have version 1 of control groups, nothing where systemd has it no more.

    systemd 256 wants to be forced to it, 258 cannot have it (systemd's NEWS).
    """
    if at_least(systemd, "258"):
        return ""
    forced = " and SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1" if at_least(systemd, "256") else ""
    return (
        f"append systemd.unified_cgroup_hierarchy=0{forced} to the kernel command line and "
        "reboot, or "
    )


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., list[Finding]]]:
        """Return the filters by name."""
        return {"greengrass_preflight_findings": preflight_findings}
