"""A device by how ssh names it: what is read of it, and what is said of one that cannot be used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ggfleet.compare.matrix.device import find_device
from ggfleet.errors import CompareError

ROUTE = "192.0.2.9 dev wlan0 src 192.0.2.7 uid 0"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name that a test writes."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    program = tmp_path / "ssh"
    program.touch(mode=0o755)
    return program


@pytest.mark.parametrize(("user", "root", "sudo"), [("0", "0", False), ("1000", "0", True)])
def test_a_device_tells_user_interface_and_whence(
    ssh: Path, user: str, root: str, sudo: bool
) -> None:
    ssh.write_text(f"#!/bin/sh\nprintf '%s\\n' {user} 192.0.2.9 '{ROUTE}' '    cache' {root}\n")
    device, address = find_device("pi@camera-7", ["Port=2222"])
    assert (device.name, device.interface, device.sudo) == ("camera-7", "wlan0", sudo)
    assert address == "192.0.2.9"
    assert device.ssh[-1] == "pi@camera-7"
    assert "Port=2222" in device.ssh


@pytest.mark.parametrize(
    ("program", "message", "fix"),
    [
        ("echo no way >&2; exit 255", "pi@camera-7 cannot be reached: .*\nno way", "ssh pi@camera-7"),
        (f"printf '%s\\n' 1000 192.0.2.9 '{ROUTE}'", "nobody becomes root by sudo", "log in as root"),
        ("printf '%s\\n' 0 192.0.2.9", "does not tell its interface", "install iproute2"),
    ],
)  # fmt: skip
def test_a_device_that_cannot_be_used_is_told_with_a_fix(
    ssh: Path, program: str, message: str, fix: str
) -> None:
    ssh.write_text(f"#!/bin/sh\n{program}\n")
    with pytest.raises(CompareError, match=message) as caught:
        find_device("pi@camera-7", [])
    assert fix in caught.value.fix
