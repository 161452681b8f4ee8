"""The root file systems that test hosts share: a Debian with systemd, sshd, Python and sudo.

Each is built once by mmdebstrap and kept in a cache under the digest of its recipe, which is this
file, the script that goes into the root, and the system. Nothing writes to it afterwards: hosts lay
an overlay over it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from fleet.shell import run
from fleet.system import BOOKWORM, System

LOGIN = "pi"
PACKAGES = (
    "ca-certificates", "dbus", "iproute2", "kmod", "libfaketime", "libpam-systemd", "openssh-server", "procps",
    "python3", "python3-apt", "python3-venv", "python3-yaml", "sudo", "systemd", "systemd-sysv",
)  # fmt: skip
# What takes minutes to set up under emulation: it runs a program for every certificate.
SLOW_PACKAGES = {"ca-certificates"}
# Java, and what compiles the stand-in for the classic nucleus: in Debian 12 alone.
JAVA = ("default-jre-headless", "libeclipse-jdt-core-java", "libyaml-snake-java")
WITHOUT = ("/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*")
# Java's packages put links there, and fail where the folder is missing.
MANUALS = '--extract-hook=mkdir -p "$1/usr/share/man/man1"'
# What would touch the network from inside, wait for hardware, or wake up in the middle of a test.
MASKED = (
    "systemd-networkd.service", "systemd-resolved.service", "systemd-timesyncd.service",
    "systemd-networkd-wait-online.service", "console-getty.service", "getty@tty1.service",
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "e2scrub_reap.service", "fstrim.timer",
    # Of the tests' own login: one that ends while a loaded host still boots leaves it failed.
    "user@0.service",
)  # fmt: skip
SSHD = """\
HostKey /etc/ssh/ssh_host_ed25519_key
UseDNS no
PasswordAuthentication no
MaxStartups 100:30:200
"""
KERNEL_SETTINGS = Path(__file__).with_name("kernel_settings.py")
KERNEL_SETTINGS_UNIT = """\
[Unit]
Description=Kernel settings of this test host alone
DefaultDependencies=no
Before=systemd-sysctl.service sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/ggfleet/kernel_settings.py
[Install]
WantedBy=sysinit.target
"""
# These services take credentials, and with credentials to load they fail under emulation.
TAKE_CREDENTIALS = ("systemd-sysctl", "systemd-sysusers", "systemd-tmpfiles-setup-dev",
                    "systemd-tmpfiles-setup")  # fmt: skip
WITHOUT_CREDENTIALS = "[Service]\nLoadCredential=\n"


def cache_folder() -> Path:
    """Return where built roots are kept: $GGFLEET_TEST_CACHE or ~/.cache/ggfleet/tests."""
    named = os.environ.get("GGFLEET_TEST_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "ggfleet" / "tests"


def recipe_digest(system: System = BOOKWORM) -> str:
    """Return 16 digits that change when anything changes that a root is built from."""
    recipe = Path(__file__).read_bytes() + KERNEL_SETTINGS.read_bytes() + str(system).encode()
    return hashlib.sha256(recipe).hexdigest()[:16]


def rootfs(system: System = BOOKWORM) -> Path:
    """Return the root, built now if need be; two runs at once build it once."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    root = cache / f"{system}-{recipe_digest(system)}"
    with (cache / f"{system}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            _build(root, system)
    return root


def _build(root: Path, system: System) -> None:
    work = root.with_suffix(".building")
    _discard(work)
    _bootstrap(work, system)
    _add_login(work)
    _configure(work)
    if system.is_emulated:
        _fit_emulation(work)
    work.rename(root)


def _discard(work: Path) -> None:
    """Remove what a killed run left. What is mounted there goes first: it shows this machine's own
    /dev/shm, in which other runs have their hosts."""
    mounted = (Path(line.split()[1]) for line in Path("/proc/mounts").read_text().splitlines())
    for mount in sorted((path for path in mounted if path.is_relative_to(work)), reverse=True):
        run(["umount", mount])
    if work.exists():
        shutil.rmtree(work)


def _bootstrap(root: Path, system: System) -> None:
    packages = [p for p in PACKAGES if not (system.is_emulated and p in SLOW_PACKAGES)]
    packages += JAVA if system == BOOKWORM else ()
    run(
        # In a mount namespace of its own, so that nothing stays mounted if it is killed.
        ["unshare", "--mount", "--propagation=private", "mmdebstrap", "--mode=root", "--variant=minbase", "--format=directory",
         f"--architectures={system.architecture}", f"--include={','.join(packages)}", "--dpkgopt=force-unsafe-io",
         *(f"--dpkgopt=path-exclude={path}" for path in WITHOUT), MANUALS, system.suite, root],
        timeout=300 * system.patience,
    )  # fmt: skip


def _add_login(root: Path) -> None:
    run(["chroot", root, "/usr/sbin/useradd", "--create-home", "--shell=/bin/bash", LOGIN])
    sudoers = root / "etc/sudoers.d/login"
    sudoers.write_text(f"{LOGIN} ALL=(ALL) NOPASSWD:ALL\n")
    sudoers.chmod(0o440)


def _configure(root: Path) -> None:
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()  # every host gets its own
    (root / "etc/ssh/sshd_config.d/ggfleet.conf").write_text(SSHD)
    (root / "etc/machine-id").write_text("")
    (root / "etc/apt/sources.list").write_text("")  # hosts reach no registry
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    # Debian protects links by a file of its own; without it a role has something to prove.
    (root / "etc/sysctl.d/99-protect-links.conf").symlink_to("/dev/null")
    _install_kernel_settings(root, units)


def _fit_emulation(root: Path) -> None:
    for service in TAKE_CREDENTIALS:
        folder = root / f"etc/systemd/system/{service}.service.d"
        folder.mkdir()
        (folder / "emulated.conf").write_text(WITHOUT_CREDENTIALS)


def _install_kernel_settings(root: Path, units: Path) -> None:
    script = root / "usr/lib/ggfleet/kernel_settings.py"
    script.parent.mkdir(parents=True)
    script.write_bytes(KERNEL_SETTINGS.read_bytes())
    script.chmod(0o755)
    (units / "kernel-settings.service").write_text(KERNEL_SETTINGS_UNIT)
    wants = units / "sysinit.target.wants"
    wants.mkdir(exist_ok=True)
    (wants / "kernel-settings.service").symlink_to("../kernel-settings.service")
