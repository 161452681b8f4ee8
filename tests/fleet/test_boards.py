"""What the board roles say of a Raspberry Pi and of a Jetson.

Both are test hosts with the files planted that those boards have. What only a board can show (real
nodes, what the firmware does with config.txt) is not here.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

import pytest

from fleet.fleet import Fleet
from fleet.four_steps import four_steps
from fleet.host import Host
from fleet.play import Result, play
from fleet.shell import run

pytestmark = pytest.mark.fleet

PLAYBOOK = "../tests/fleet/boards.yml"
RELEASE = "# R35 (release), REVISION: 4.1, GCID: 33958178, BOARD: t186ref, EABI: aarch64"
CUDA = '{"cuda": {"name": "CUDA SDK", "version": "11.4.19"}}'
TENSORRT = """\
Package: libnvinfer8
Version: 8.5.2-1+cuda11.4
Architecture: all
Maintainer: tests <tests@example.com>
Description: A stand-in made for tests. Not TensorRT.
"""
CONFIG = "arm_64bit=1\n[cm4]\notg_mode=1"
LINES = ["gpu_mem=16", "dtparam=i2c_arm=on"]


@dataclass
class Boards:
    """Two boards, and what a run over both of them said."""

    fleet: Fleet
    pi: Host
    jetson: Host
    result: Result
    said: str


@pytest.fixture(scope="module")
def boards(fleet: Fleet) -> Boards:
    """Plant what the boards have, then run the roles with findings on both."""
    pi, jetson = fleet.boot("board-pi", "board-jetson")
    show_model(pi, "Raspberry Pi 4 Model B Rev 1.4")
    plant(pi, "/boot/firmware/config.txt", CONFIG)
    pi.root("mount -t tmpfs none /sys/devices/platform")
    plant(pi, "/sys/devices/platform/soc/soc:firmware/get_throttled", "50005")
    show_model(jetson, "NVIDIA Jetson Xavier NX Developer Kit")
    plant(jetson, "/etc/nv_tegra_release", RELEASE)
    plant(jetson, "/usr/local/cuda/version.json", CUDA)
    plant(jetson, "/var/lib/nvpmodel/status", "pmode:0002 fmode:quiet")
    install_tensorrt(fleet, jetson)
    result = play(
        fleet, PLAYBOOK, {pi: wanted_of_pi("/dev/i2c-1"), jetson: wanted_of_jetson("12.2")}
    )
    return Boards(fleet, pi, jetson, result, " ".join(result.output.split()))


def wanted_of_pi(device: str) -> dict[str, object]:
    """Return what the inventory says of the Raspberry Pi."""
    return {
        "greengrass_raspberry_pi_config": LINES,
        "greengrass_raspberry_pi_devices": [device],
    }


def wanted_of_jetson(cuda: str, runtime: str = "lite") -> dict[str, object]:
    """Return what the inventory says of the Jetson."""
    return {
        "greengrass_runtime": runtime,
        "greengrass_jetson_gpu_required": True,
        "greengrass_jetson_minimum_cuda": cuda,
        "greengrass_jetson_minimum_tensorrt": "8.5",
        "greengrass_jetson_devices": ["/dev/null"],
        "greengrass_jetson_power_mode": "0",
    }


def show_model(host: Host, model: str) -> None:
    """Give the host a device tree with a name, which the kernel ends with a zero byte."""
    tree = "/sys/firmware/devicetree/base"
    # /sys of a test host is a file system in memory, made read-only.
    host.root(f"mount -o remount,rw /sys && mkdir -p {tree} && printf '{model}\\0' > {tree}/model")


def plant(host: Host, path: str, text: str) -> None:
    """Write a file on a host."""
    host.root(f"mkdir -p $(dirname {path}); cat > {path} <<'END'\n{text}\nEND")


def install_tensorrt(fleet: Fleet, host: Host) -> None:
    """Make the package database of the host know TensorRT."""
    tree = fleet.folder / "libnvinfer8"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(TENSORRT)
    run(["dpkg-deb", "--build", tree])
    package = base64.b64encode(tree.with_suffix(".deb").read_bytes()).decode()
    host.root(f"echo {package} | base64 --decode > /root/nv.deb && dpkg --install /root/nv.deb")


def test_boards_are_recognised(boards: Boards) -> None:
    """By device tree and release file, with the versions that were found."""
    assert "board-pi is a Raspberry Pi 4 Model B Rev 1.4." in boards.said
    assert (
        "board-jetson is a NVIDIA Jetson Xavier NX Developer Kit with Jetson Linux 35.4.1, CUDA "
        "11.4.19, TensorRT 8.5.2, power mode 2." in boards.said
    )


def test_findings_of_a_raspberry_pi_come_in_one_message(boards: Boards) -> None:
    """A missing node and a weak power supply, now and before; the lines wait for a reboot."""
    boards.result.must_fail()
    assert "board-pi: 2 error(s), 2 warning(s)" in boards.said
    assert "error: the Raspberry Pi 4 Model B Rev 1.4 has no /dev/i2c-1." in boards.said
    assert "error: the power supply is too weak now" in boards.said
    assert (
        "/boot/firmware/config.txt has other lines than the board was started with" in boards.said
    )


def test_findings_of_a_jetson_come_in_one_message(boards: Boards) -> None:
    """An old CUDA, a power mode, and a release that nucleus lite does not run on."""
    assert "board-jetson: 2 error(s), 1 warning(s)" in boards.said
    assert "error: nucleus lite does not run on Jetson Linux 35.4.1" in boards.said
    assert "error: CUDA is 11.4.19, functions of this fleet need 12.2." in boards.said
    assert "warning: the power mode is 2, the inventory wants 0." in boards.said


def test_lines_of_config_hold_for_every_model_and_are_written_once(boards: Boards) -> None:
    """With wants that the boards meet, in four steps; on a Jetson nothing is ever changed."""
    boards.pi.root("echo 0 > /sys/devices/platform/soc/soc:firmware/get_throttled")
    plant(boards.pi, "/boot/firmware/config.txt", CONFIG)  # the first run has written its lines
    wanted = {boards.pi: wanted_of_pi("/dev/null"), boards.jetson: wanted_of_jetson("11", "V1")}
    steps = four_steps(boards.fleet, PLAYBOOK, wanted)
    steps.of(boards.pi).must_hold("greengrass_raspberry_pi", "greengrass_board")
    steps.of(boards.jetson).must_hold("greengrass_jetson", changes=False)
    config = boards.pi.root("cat /boot/firmware/config.txt").splitlines()
    assert config[:3] == CONFIG.splitlines()
    assert [line for line in config[3:] if not line.startswith("#")] == ["[all]", *LINES]
