"""All that a host holds, so that two hosts can be compared: files, accounts, units."""

from __future__ import annotations

import json

from fleet.host import Host

# What belongs to one host alone, lives in memory, or is kept by the system and not by a run.
NOT_COMPARED = (
    "/boot", "/dev", "/etc/hostname", "/etc/hosts", "/etc/machine-id", "/etc/ssh", "/proc", "/run", "/sys",
    "/var/cache/apt", "/var/cache/debconf", "/var/cache/ldconfig", "/var/lib/apt", "/var/lib/dbus",
    "/var/lib/private", "/var/lib/systemd", "/var/log", "/var/tmp/systemd-private", "/tmp/systemd-private",
    "/etc/.pwd.lock", "/greengrass/ggc/var/log", "/usr/lib/ggfleet", "/var/lib/dpkg/lock",
)  # fmt: skip
# Their existence and mode count, their contents hold times.
WITHOUT_CONTENT = ("/etc/shadow", "/var/lib/greengrass/config.db")
LIST = """\
import hashlib, json, os, stat, sys
skipped, without = map(tuple, json.loads(sys.stdin.read()))
found = {}
def look(path):
    about = os.lstat(path)
    words = [oct(about.st_mode), str(about.st_uid), str(about.st_gid)]
    if stat.S_ISLNK(about.st_mode):
        words.append(os.readlink(path))
    elif stat.S_ISREG(about.st_mode) and path not in without:
        words.append(hashlib.sha256(open(path, "rb").read()).hexdigest())
    found[path] = " ".join(words)
for folder, folders, names in os.walk("/"):
    paths = {name: os.path.join(folder, name) for name in folders + names}
    kept = {name: path for name, path in paths.items() if not path.startswith(skipped)
            and name != "__pycache__" and not path.endswith(("-old", "-"))}
    folders[:] = [name for name in folders if name in kept]
    for path in kept.values():
        look(path)
print(json.dumps(found))
"""
UNITS = "ActiveState,UnitFileState,NeedDaemonReload,NRestarts"


def tree(host: Host) -> dict[str, str]:
    """Return mode, owner and content of every file, and the state of Greengrass's units."""
    asked = json.dumps([NOT_COMPARED, WITHOUT_CONTENT])
    listed: dict[str, str] = json.loads(host.root(f"echo '{asked}' | python3 -Bc '{LIST}'"))
    shown = host.root(
        f"systemctl show --property=Id,{UNITS} 'greengrass*' 'ggl.*' --all | sort | uniq -c"
    )
    return {**listed, "units": shown}


def differences(host: Host, other: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Return what is otherwise on `host` than in `other`: a path with both sides of it."""
    mine = tree(host)
    return {
        path: (mine.get(path, ""), other.get(path, ""))
        for path in sorted({*mine, *other})
        if mine.get(path) != other.get(path)
    }
