"""What a run leaves on a host: files and accounts, apart from what any login and any module leaves."""

from __future__ import annotations

from fleet.host import Host

# Where a login, systemd and Ansible's modules write while they only look.
NOT_A_ROLES = ("/home", "/root", "/run", "/tmp", "/var/lib/systemd", "/var/log", "/var/tmp")
# Where apt and the tools for accounts keep what they have done, and Python what it has compiled.
BOOKS = ("/var/lib/apt", "/var/lib/dpkg", "/var/cache", "/etc/*-", "*/__pycache__")


def changed_since(host: Host, stamp: str) -> str:
    """Return the files that are newer than the file `stamp`, a line each."""
    return host.root(f"find / -xdev {_pruned(NOT_A_ROLES)} -newer {stamp} -print")


def inventory(host: Host) -> set[str]:
    """Return all files and accounts, homes too."""
    books = (*(folder for folder in NOT_A_ROLES if folder != "/home"), *BOOKS, "/home/pi/*")
    files = host.root(f"find / -xdev {_pruned(books)} -print")
    return set(files.splitlines()) | set(host.root("getent passwd; getent group").splitlines())


def _pruned(folders: tuple[str, ...]) -> str:
    paths = " -o ".join(f"-path '{folder}'" for folder in folders)
    return f"\\( {paths} \\) -prune -o"
