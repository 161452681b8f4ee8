"""What greengrass_host does to boards: command line, reboot, device groups, swap, limits.

The kernel of a test host is the machine's, and so is its /proc/cmdline. A unit planted on the host
shows there, at every boot, what its cmdline.txt holds, as the firmware of a Raspberry Pi does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.play import Result, play

pytestmark = pytest.mark.fleet

PLAYBOOK = "../tests/fleet/host.yml"
NEW, OLD = "/boot/firmware/cmdline.txt", "/boot/cmdline.txt"
BEFORE = "console=tty1 root=PARTUUID=0a0b-02 rootwait"
ARGUMENTS = ["cgroup_enable=memory", "cgroup_memory=1"]
AFTER = f"{BEFORE} {' '.join(ARGUMENTS)}"
FIRMWARE = f"""\
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=sh -c "cp {NEW} /run/cmdline && mount --bind /run/cmdline /proc/cmdline"
[Install]
WantedBy=sysinit.target
"""
CORE = "[Service]\nExecStart=sleep infinity\n"
VARIABLES = {
    "greengrass_runtime": "lite",
    "greengrass_host_kernel_arguments": ARGUMENTS,
    "greengrass_host_device_groups": ["video", "i2c", "nosuchgroup"],
    "greengrass_host_extra_sysctls": {"vm.swappiness": 7},
    "greengrass_host_swap": 8,
    "greengrass_host_limits": {"LimitNOFILE": 23456},
}


@dataclass
class Boards:
    """Three hosts after one run without consent to reboot."""

    fleet: Fleet
    new: Host
    old: Host
    other: Host
    first: Result

    def play(self, *options: str, **variables: Any) -> Result:
        """Run the role on the two boards."""
        return run(self.fleet, [self.new, self.old], *options, **variables)


def run(fleet: Fleet, hosts: list[Host], *options: str, **variables: Any) -> Result:
    """Run the role with some variables set differently this once."""
    return play(fleet, PLAYBOOK, {host: {**VARIABLES, **variables} for host in hosts}, *options)


@pytest.fixture(scope="module")
def boards(fleet: Fleet) -> Boards:
    """Make one host like Raspberry Pi OS 12, one like an older one, and leave one as it is."""
    new, old, other = fleet.boot("pi-new", "pi-old", "no-pi")
    plant(new, OLD, "The file you are looking for has moved.\nTo firmware.")
    plant(new, NEW, BEFORE)
    plant(new, "/etc/systemd/system/firmware.service", FIRMWARE)
    new.root("systemctl enable --now firmware")
    plant(old, OLD, BEFORE)
    plant(old, "/run/cmdline", AFTER)  # as if it had been rebooted already
    old.root("mount --bind /run/cmdline /proc/cmdline")
    for host in (new, old):
        host.root("groupadd --system i2c")
        plant(host, "/etc/systemd/system/ggl.core.iotcored.service", CORE)
    return Boards(fleet, new, old, other, run(fleet, [new, old, other]))


def plant(host: Host, path: str, text: str) -> None:
    """Write a file on a host."""
    host.root(f"mkdir -p $(dirname {path}); cat > {path} <<'END'\n{text}\nEND")


def test_reboot_asks_for_consent(boards: Boards) -> None:
    """The arguments are written, the host still runs, and the message names the variable."""
    said = " ".join(boards.first.must_fail().output.split())
    assert f"pi-new: {NEW} holds {' '.join(ARGUMENTS)}, and only a reboot" in said
    assert "Set greengrass_host_allow_reboot to true" in said
    assert boards.new.boots() == 1


def test_host_without_cmdline_is_told_where_to_add_the_arguments(boards: Boards) -> None:
    """The message names the files of GRUB and Jetson; nothing is changed."""
    said = " ".join(boards.first.output.split())
    assert "there is no cmdline.txt of Raspberry Pi OS. Add them by hand (GRUB:" in said
    assert boards.other.root("getent group gg_component", check=False) == ""


def test_arguments_are_appended_to_the_single_line_once(boards: Boards) -> None:
    """In the file that this release reads, with a copy of the old one; the note stays."""
    boards.first.must_fail()
    assert boards.new.root(f"cat {NEW}") == AFTER
    assert boards.new.root(f"cat {NEW}.*~") == BEFORE
    assert "has moved" in boards.new.root(f"cat {OLD}")
    assert boards.old.root(f"cat {OLD}") == AFTER


def test_with_consent_the_host_reboots_once_and_then_nothing_changes(boards: Boards) -> None:
    """The kernel of the new boot has the arguments; check mode and a further run find nothing."""
    before = boards.new.boots(), boards.old.boots()
    boards.play(greengrass_host_allow_reboot=True).must_pass()
    assert boards.new.root("cat /proc/cmdline") == AFTER
    again = boards.play(greengrass_host_allow_reboot=True).must_pass()
    check = boards.play("--check").must_pass()
    for host in (boards.new, boards.old):
        assert (again.recap(host)["changed"], check.recap(host)["changed"]) == (0, 0)
    assert (boards.new.boots(), boards.old.boots()) == (before[0] + 1, before[1])


def test_components_get_a_home_and_the_device_groups_that_there_are(boards: Boards) -> None:
    """A group that the host lacks is passed over."""
    groups = boards.old.root("id --name --groups gg_component").split()
    assert sorted(groups) == ["gg_component", "i2c", "video"]
    assert boards.old.root("stat --format %U /home/gg_component") == "gg_component"


def test_swap_file_is_swap_and_nobody_reads_it(boards: Boards) -> None:
    """It has the size asked for. It is not used, because the test host is a container."""
    stat = boards.old.root("stat --format '%a %s' /var/greengrass.swap").split()
    assert stat == ["600", str(8 * 1024 * 1024)]
    magic = boards.old.root("tail --bytes=+4087 /var/greengrass.swap | head --bytes=10")
    assert magic == "SWAPSPACE2"
    assert boards.old.root("systemctl is-enabled var-greengrass.swap.swap") == "enabled"


def test_kernel_settings_and_limits_of_the_inventory_hold(boards: Boards) -> None:
    """Read from the kernel and from systemd."""
    assert boards.old.root("cat /proc/sys/vm/swappiness") == "7"
    limit = boards.old.root("systemctl show --property=LimitNOFILE --value ggl.core.iotcored")
    assert limit == "23456"
