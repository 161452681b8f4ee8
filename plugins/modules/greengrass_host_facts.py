#!/usr/bin/python
"""Ansible module that reads in one round trip what roles ask about a host. It changes nothing.

It takes its arguments as JSON (`JSONARGS`) and needs nothing but Python on the host: loading
`AnsibleModule` costs a small board longer than the reading. The action plugin of the same name
checks the arguments on the machine that runs Ansible.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_host_facts
short_description: What a host is and has, in one round trip
description:
  - Reads machine, system, libraries, disks, memory, clock, control groups, commands, listening
    ports, endpoints within reach, and the files, units and packages that are asked for.
  - Changes nothing, in check mode or out of it. A thing that the host cannot tell is empty.
options:
  host:
    description: Whether to read what belongs to the whole host. Without, only what the others name.
    type: bool
    default: true
  now:
    description: Seconds since 1970 by the clock of the machine that asks.
    type: float
  directories:
    description: Directories, there or not, whose file systems are looked at.
    type: list
    elements: path
    default: []
  paths:
    description: Files and directories to look for. Files are read for their SHA-256.
    type: list
    elements: path
    default: []
  texts:
    description: Small files to return as text.
    type: list
    elements: path
    default: []
  units:
    description: Units of systemd.
    type: list
    elements: str
    default: []
  packages:
    description: Packages of dpkg.
    type: list
    elements: str
    default: []
  kernel_options:
    description: Options of the kernel's build to look for, without C(CONFIG_).
    type: list
    elements: str
    default: []
  commands:
    description: Programs to look for on the path of the user that runs this.
    type: list
    elements: str
    default: []
  java:
    description: The Java whose version to ask for. It starts a virtual machine; empty asks none.
    type: str
    default: ""
  sudo_as:
    description: An account and a group that root may have to run programs as; empty tries none.
    type: str
    default: ""
  ports:
    description: Local ports. Who listens there is told.
    type: list
    elements: int
    default: []
  endpoints:
    description: Where to connect to, as C(name:port), all at once.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds that a connection may take.
    type: int
    default: 5
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Read what a core is to run on
  ggfleet.greengrass.greengrass_host_facts:
    directories: [/greengrass, /tmp]
    commands: [sudo, python3]
    ports: [8000]
    endpoints: [a1b2c3d4e5f6g7-ats.iot.eu-west-1.amazonaws.com:8883]
  register: host
"""

RETURN = r"""
ansible_facts:
  description: >-
    C(greengrass_leftovers), the temporary directories of root and of the login user that Ansible
    made before the host was last booted, or more than a day ago, and that no run will remove; and
    C(greengrass_board) with the board's C(model) and, of a Jetson, the C(release) of its system.
  returned: always
  type: dict
host:
  description: >-
    Only with I(host). C(system), C(machine), C(kernel), C(bits) of programs, C(service_mgr),
    C(systemd) (its version), C(board), C(os) (os-release), C(libc), C(python), C(memory_mib),
    C(uid), C(synchronized) (empty when unknown), C(cgroup2), C(cgroups) (name to whether it is
    on), C(kernel_lacks), those of I(kernel_options) that the kernel was built without (empty when
    it does not tell).
  returned: always
  type: dict
clock_ahead:
  description: Seconds by which the clock is ahead of I(now).
  returned: always
  type: int
directories:
  description: For each C(free_mib), and C(options) of the mount.
  returned: always
  type: dict
paths:
  description: For each C(exists) and C(sha256), which is empty but for a file.
  returned: always
  type: dict
texts:
  description: For each file its text, empty where it is missing.
  returned: always
  type: dict
units:
  description: >-
    For each C(LoadState), C(ActiveState), C(UnitFileState), C(NeedDaemonReload) and C(ExecStart).
  returned: always
  type: dict
packages:
  description: For each C(status), such as C(installed), and C(version); both may be empty.
  returned: always
  type: dict
commands:
  description: For each its path, empty where it is missing.
  returned: always
  type: dict
java:
  description: The version, empty where there is none.
  returned: always
  type: str
sudo_refused:
  description: What sudo says when it refuses I(sudo_as); empty if it does not, or was not asked.
  returned: always
  type: str
ports:
  description: For each the command line of who listens, C(?) if hidden, empty if nobody does.
  returned: always
  type: dict
endpoints:
  description: For each why it cannot be reached, empty if it can.
  returned: always
  type: dict
"""

import ctypes
import gzip
import hashlib
import json
import os
import platform
import pwd
import re
import shutil
import socket
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from glob import iglob
from pathlib import Path

DAY = 24 * 60 * 60  # seconds
ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""
BOARD = Path("/sys/firmware/devicetree/base/model")
JETSON_RELEASE = Path("/etc/nv_tegra_release")
# What the error that adjtimex(2) tells grows to, in microseconds, when nobody sets the clock right.
UNKNOWN_ERROR = 16_000_000
LISTEN = "0A"  # the state as /proc/net/tcp has it
UNIT = ("Id", "LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "ExecStart")
PACKAGE = "${binary:Package}\t${db:Status-Status}\t${Version}\n"


class Timex(ctypes.Structure):
    """The beginning of `struct timex` of adjtimex(2), and room for its end."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    ]


def text_of(path: Path) -> str:
    """Return a file's text without what C puts at its end, empty where it cannot be read."""
    try:
        return path.read_bytes().decode(errors="replace").rstrip("\0\n")
    except OSError:
        return ""


def os_release(text: str) -> dict:
    """Return what /etc/os-release says."""
    lines = (line.partition("=") for line in text.splitlines() if "=" in line)
    return {name: value.strip("\"'") for name, _, value in lines}


def memory_mib(meminfo: str) -> int:
    """Return the memory of the host, from /proc/meminfo."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


def cgroups(text: str) -> dict:
    """Return whether each kind of /proc/cgroups is on."""
    rows = re.findall(r"^(\w+)\s+\d+\s+\d+\s+(\d)$", text, re.MULTILINE)
    return {name: enabled == "1" for name, enabled in rows}


def systemd_version(printed: str) -> str:
    """Return the version in what `systemctl --version` prints: 252 for `systemd 252 (252.39-1)`."""
    found = re.match(r"systemd (\d+)", printed)
    return found[1] if found else "0"


def kernel_lacks(wanted: list, release: str) -> list:
    """Return the options that the kernel was built without; none where it does not tell."""
    try:
        text = gzip.decompress(Path("/proc/config.gz").read_bytes()).decode()
    except OSError:
        text = text_of(Path("/boot", f"config-{release}"))
    return [
        name
        for name in wanted
        if text and not re.search(rf"^CONFIG_{name}=[ym]$", text, re.MULTILINE)
    ]


def is_synchronized(adjtimex=None) -> object:
    """Return whether the kernel holds its clock for right, or "" where it does not tell."""
    times = Timex()
    state = (adjtimex or ctypes.CDLL(None).adjtimex)(ctypes.byref(times))
    return times.maxerror < UNKNOWN_ERROR if state >= 0 else ""


def read_host(kernel_options: list) -> dict:
    """Return what belongs to the whole host."""
    machine = platform.uname()
    return {
        "system": machine.system,
        "machine": machine.machine,
        "kernel": machine.release,
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "service_mgr": "systemd" if Path("/run/systemd/system").is_dir() else "another",
        "systemd": systemd_version(ask("systemctl", "--version")[1]),
        "board": text_of(BOARD),
        "os": os_release(text_of(Path("/etc/os-release"))),
        "libc": " ".join(platform.libc_ver()),
        "python": platform.python_version(),
        "memory_mib": memory_mib(text_of(Path("/proc/meminfo"))),
        "uid": os.geteuid(),
        "synchronized": is_synchronized(),
        "cgroup2": Path("/sys/fs/cgroup/cgroup.controllers").exists(),
        "cgroups": cgroups(text_of(Path("/proc/cgroups"))),
        "kernel_lacks": kernel_lacks(kernel_options, machine.release),
    }


def booted_at(processes: Path = Path("/proc")) -> float:
    """Return when the first process of the host was started: of a container, its own boot."""
    machine = re.search(r"^btime (\d+)$", text_of(processes / "stat"), re.MULTILINE)
    # The 22nd field; the second, a name in brackets, may hold spaces.
    fields = text_of(processes / "1/stat").rpartition(")")[2].split()
    return int(machine[1]) + int(fields[19]) / os.sysconf("SC_CLK_TCK") if machine else 0


def leftovers(homes: list, before: float) -> list:
    """Return Ansible's temporary directories that are older than the time `before`."""
    made = (path for home in homes for path in Path(home, ".ansible/tmp").glob("ansible-*"))
    return sorted(str(p) for p in made if p.is_dir() and p.lstat().st_mtime < before)


def read_leftovers() -> list:
    """Return the temporary directories that interrupted runs of Ansible left."""
    logins = {"root", os.environ.get("SUDO_USER", "root")}
    homes = sorted({entry.pw_dir for entry in pwd.getpwall() if entry.pw_name in logins})
    try:
        return leftovers(homes, max(booted_at(), time.time() - DAY))
    except OSError:  # the login user may not look into root's
        return []


def read_directory(path: Path) -> dict:
    """Return how much is free for `path`, and how the file system is mounted that would hold it."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    named = {"noexec": os.ST_NOEXEC, "ro": os.ST_RDONLY, "nosuid": os.ST_NOSUID}
    return {
        "free_mib": found.f_bavail * found.f_frsize // 2**20,
        "options": [name for name, flag in named.items() if found.f_flag & flag],
    }


def read_path(path: Path) -> dict:
    """Return whether `path` is there, and a file's SHA-256."""
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return {"exists": False, "sha256": ""}
    return {"exists": True, "sha256": digest_of(path) if is_file else ""}


def digest_of(path: Path) -> str:
    """Return a file's SHA-256, empty for one that may not be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            for block in iter(lambda: file.read(2**20), b""):
                digest.update(block)
    except OSError:
        return ""
    return digest.hexdigest()


def parse_units(shown: str, names: list) -> dict:
    """Return what `systemctl show` printed of `names`, in their order."""
    blocks = [block.splitlines() for block in shown.strip().split("\n\n")]
    found = [dict(line.partition("=")[::2] for line in block) for block in blocks]
    return {name: found[number] for number, name in enumerate(names) if number < len(found)}


def parse_packages(shown: str, names: list) -> dict:
    """Return what dpkg-query printed; it is silent on packages that it does not know."""
    rows = (line.split("\t") for line in shown.splitlines())
    known = {
        name.partition(":")[0]: {"status": status, "version": version}
        for name, status, version in rows
    }
    return {name: known.get(name, {"status": "", "version": ""}) for name in names}


def listening(table: str) -> dict:
    """Return the socket's inode for each port that a table of /proc/net shows as listened at."""
    rows = (line.split() for line in table.splitlines()[1:])
    return {int(row[1].rpartition(":")[2], 16): row[9] for row in rows if row[3] == LISTEN}


def holder(inode: str) -> str:
    """Return the command line of the process that has a socket, C(?) if that cannot be seen."""
    for link in iglob("/proc/[0-9]*/fd/*"):  # noqa: PTH207 - passes over what goes meanwhile
        try:
            if os.readlink(link) == f"socket:[{inode}]":  # noqa: PTH115
                return text_of(Path(link).parents[1] / "cmdline").replace("\0", " ")
        except OSError:  # the process has gone meanwhile
            continue
    return "?"


def read_ports(ports: list) -> dict:
    """Return who listens at each port."""
    if not ports:
        return {}
    taken = {}
    for table in ("/proc/net/tcp6", "/proc/net/tcp"):
        taken.update(listening(text_of(Path(table))))
    return {str(port): holder(taken[port]) if port in taken else "" for port in ports}


def connect(endpoint: str, timeout: int) -> str:
    """Return why a TCP connection fails, nothing if it does not."""
    name, _, port = endpoint.rpartition(":")
    try:
        socket.create_connection((name.strip("[]"), int(port)), timeout).close()
    except (OSError, ValueError) as error:
        return str(error) or type(error).__name__
    return ""


def read_endpoints(endpoints: list, timeout: int) -> dict:
    """Return why each endpoint cannot be reached; all are tried at once."""
    with ThreadPoolExecutor(max_workers=max(1, len(endpoints))) as pool:
        tried = [(each, pool.submit(connect, each, timeout)) for each in endpoints]
        return {each: attempt.result() for each, attempt in tried}


def java_version(printed: str) -> str:
    """Return the version in what `java -version` prints: 1.8.0_392 is 8.0_392."""
    found = re.search(r'version "(?:1\.)?([^"]+)"', printed)
    return found[1] if found else ""


def ask(*argv: str) -> tuple:
    """Return exit status, output and errors of a program; 127 where it is missing."""
    if shutil.which(argv[0]) is None:
        return 127, "", f"{argv[0]} is missing"
    environment = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(argv, capture_output=True, env=environment, check=False)
    return done.returncode, *(text.decode(errors="replace") for text in (done.stdout, done.stderr))


def try_sudo(account: str, group: str) -> str:
    """Return why sudo does not let root run a program as this account and group."""
    status, _, refusal = ask("sudo", "-n", "-u", account, "-g", group, "true")
    return (refusal.strip() or f"exit {status}") if status else ""


def ask_programs(asked: dict) -> dict:
    """Return what only other programs tell."""
    units, packages = asked["units"], asked["packages"]
    show = ("systemctl", "show", f"--property={','.join(UNIT)}", *units)
    query = ("dpkg-query", "--show", f"--showformat={PACKAGE}", *packages)
    java, sudo_as = asked["java"], asked["sudo_as"]
    return {
        "units": parse_units(ask(*show)[1], units) if units else {},
        "packages": parse_packages(ask(*query)[1], packages) if packages else {},
        "java": java_version("".join(ask(java, "-version")[1:])) if java else "",
        "sudo_refused": try_sudo(*sudo_as.split(":")) if sudo_as else "",
    }


def main() -> None:
    """Read what was asked for and print it."""
    asked = json.loads(ARGUMENTS)
    found = {
        "changed": False,
        "ansible_facts": {
            "greengrass_leftovers": read_leftovers(),
            "greengrass_board": {"model": text_of(BOARD), "release": text_of(JETSON_RELEASE)},
        },
        "clock_ahead": round(time.time() - asked["now"]) if asked["now"] is not None else 0,
        "host": read_host(asked["kernel_options"]) if asked["host"] else {},
        "directories": {path: read_directory(Path(path)) for path in asked["directories"]},
        "paths": {path: read_path(Path(path)) for path in asked["paths"]},
        "texts": {path: text_of(Path(path)) for path in asked["texts"]},
        "commands": {name: shutil.which(name) or "" for name in asked["commands"]},
        "ports": read_ports(asked["ports"]),
        "endpoints": read_endpoints(asked["endpoints"], asked["timeout"]),
        **ask_programs(asked),
    }
    print(json.dumps(found))  # noqa: T201 - what Ansible reads


if __name__ == "__main__":
    main()
