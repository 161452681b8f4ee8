"""The module that reads in one round trip what roles ask about a host, without a host."""

from __future__ import annotations

import ctypes
import os
import socket
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from module_support import module_of

PROJECT = Path(__file__).parents[2]
CGROUPS = """\
#subsys_name	hierarchy	num_cgroups	enabled
cpuset	0	55	1
memory	0	60	0
"""


@pytest.fixture(scope="module")
def facts() -> ModuleType:
    """Return the module, loaded from its file."""
    return module_of(PROJECT / "plugins/modules/greengrass_host_facts.py")


def test_release_is_read_with_quotes_and_without(facts: ModuleType) -> None:
    """Debian quotes some of the values."""
    text = 'ID=raspbian\nID_LIKE=debian\nVERSION_ID="12"\n\n# a comment\n'
    assert facts.os_release(text) == {"ID": "raspbian", "ID_LIKE": "debian", "VERSION_ID": "12"}


def test_memory_control_group_that_the_firmware_turned_off_is_off(facts: ModuleType) -> None:
    """As Raspberry Pi OS shows it without kernel arguments."""
    assert facts.cgroups(CGROUPS) == {"cpuset": True, "memory": False}


def test_memory_is_told_in_mib(facts: ModuleType) -> None:
    """/proc/meminfo counts in KiB; nothing where it is missing."""
    assert facts.memory_mib("MemTotal:         948304 kB\nMemFree: 1 kB\n") == 926
    assert facts.memory_mib("") == 0


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\n', "17.0.15"),
        ('openjdk version "1.8.0_392"\nOpenJDK Runtime', "8.0_392"),
        ('java version "9"\n', "9"),
        ("Error: could not find java.dll", ""),
    ],
)
def test_version_of_java_has_its_major_part_first(
    facts: ModuleType, printed: str, version: str
) -> None:
    """Up to 8 it is told as 1.8."""
    assert facts.java_version(printed) == version


@pytest.mark.parametrize(
    ("state", "error", "expected"),
    [(0, 500_000, True), (5, 16_000_000, False), (-1, 0, "")],
    ids=["kept right", "nobody sets it", "hidden from containers"],
)
def test_clock_is_judged_by_the_error_that_the_kernel_expects(
    facts: ModuleType, state: int, error: int, expected: object
) -> None:
    """The field lies where struct timex has it: after a short and two long ones."""

    def adjtimex(times: Any) -> int:
        offset = 3 * ctypes.sizeof(ctypes.c_long)
        start = ctypes.addressof(times._obj)
        assert bytes((ctypes.c_char * 4).from_address(start)) == bytes(4)  # it only reads
        ctypes.c_long.from_address(start + offset).value = error
        return state

    assert facts.is_synchronized(adjtimex) == expected


def test_room_for_a_directory_that_is_not_there_is_that_of_its_parent(
    facts: ModuleType, tmp_path: Path
) -> None:
    """The core's directory does not exist on a fresh host."""
    here, there = facts.read_directory(tmp_path), facts.read_directory(tmp_path / "a/b")
    assert here["free_mib"] > 0
    assert abs(here["free_mib"] - there["free_mib"]) < 64  # others write meanwhile
    assert here["options"] == there["options"]


def test_files_are_told_by_digest_and_directories_by_being_there(
    facts: ModuleType, tmp_path: Path
) -> None:
    """A link that leads nowhere counts as missing."""
    (tmp_path / "file").write_bytes(b"abc")
    (tmp_path / "link").symlink_to("nowhere")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert facts.read_path(tmp_path / "file") == {"exists": True, "sha256": digest}
    assert facts.read_path(tmp_path) == {"exists": True, "sha256": ""}
    assert facts.read_path(tmp_path / "link") == {"exists": False, "sha256": ""}


def test_units_come_in_the_order_that_they_were_asked_in(facts: ModuleType) -> None:
    """systemctl tells an alias by its other name; a value may hold equals signs."""
    shown = "Id=a.service\nExecStart={ path=/bin/a }\n\nId=ssh.service\nActiveState=active\n"
    assert facts.parse_units(shown, ["a.service", "sshd.service"]) == {
        "a.service": {"Id": "a.service", "ExecStart": "{ path=/bin/a }"},
        "sshd.service": {"Id": "ssh.service", "ActiveState": "active"},
    }


def test_packages_of_another_architecture_and_unknown_ones(facts: ModuleType) -> None:
    """dpkg puts the architecture behind the name, and is silent on what it does not know."""
    shown = "libc6:arm64\tinstalled\t2.36-9\n"
    assert facts.parse_packages(shown, ["libc6", "nope"]) == {
        "libc6": {"status": "installed", "version": "2.36-9"},
        "nope": {"status": "", "version": ""},
    }


def test_who_listens_at_a_port_is_told(facts: ModuleType) -> None:
    """By the command line of this very process; nobody listens once the socket is closed."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        command = Path(f"/proc/{os.getpid()}/cmdline").read_text().rstrip("\0")
        assert facts.read_ports([port]) == {str(port): command.replace("\0", " ")}
        assert facts.connect(f"127.0.0.1:{port}", 1) == ""
    assert facts.read_ports([port]) == {str(port): ""}
    assert "refused" in facts.connect(f"127.0.0.1:{port}", 1)


def test_endpoint_that_is_none_is_told_and_not_raised(facts: ModuleType) -> None:
    """A name without a port."""
    assert "invalid literal" in facts.read_endpoints(["nowhere"], 1)["nowhere"]


def test_boot_of_a_container_is_that_of_its_first_process(
    facts: ModuleType, tmp_path: Path
) -> None:
    """Counted in ticks since the machine's boot; the process may have any name."""
    (tmp_path / "1").mkdir()
    (tmp_path / "stat").write_text("cpu 1 2\nbtime 1700000000\nprocesses 1\n")
    ticks = 50 * os.sysconf("SC_CLK_TCK")
    (tmp_path / "1/stat").write_text(f"1 (a) b) S {'0 ' * 18}{ticks} 0 0\n")
    assert facts.booted_at(tmp_path) == 1700000050


def test_directories_that_ansible_left_are_found_by_their_age(
    facts: ModuleType, tmp_path: Path
) -> None:
    """Those of a run that goes on are newer; files and other directories are not Ansible's."""
    for name, age in (("ansible-tmp-1", 10), ("ansible-moduletmp-2", 30), ("else", 30)):
        folder = tmp_path / ".ansible/tmp" / name
        folder.mkdir(parents=True)
        os.utime(folder, (1000 - age, 1000 - age))
    (tmp_path / ".ansible/tmp/ansible-file").touch()
    left = str(tmp_path / ".ansible/tmp/ansible-moduletmp-2")
    assert facts.leftovers([str(tmp_path), "/nonexistent"], 980) == [left]


def test_missing_kernel_options_are_named_only_where_the_kernel_tells(facts: ModuleType) -> None:
    """A kernel of this name has no file in /boot, and one without /proc/config.gz tells nothing."""
    lacking = facts.kernel_lacks(["NO_SUCH_OPTION"], "none")
    assert lacking == (["NO_SUCH_OPTION"] if Path("/proc/config.gz").exists() else [])
