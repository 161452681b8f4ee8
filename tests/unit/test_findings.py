"""The filters that judge what preflight and verify have read, without Ansible."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from module_support import module_of

PROJECT = Path(__file__).parents[2]
GOOD_HOST: dict[str, Any] = {
    "host": {
        "system": "Linux", "service_mgr": "systemd", "board": "Raspberry Pi 4 Model B",
        "os": {"ID": "debian", "PRETTY_NAME": "Debian 12"}, "machine": "aarch64", "bits": 64,
        "libc": "glibc 2.36", "memory_mib": 1000, "synchronized": True, "kernel": "6.1.0-rpi",
        "cgroup2": False, "cgroups": {"memory": True}, "kernel_lacks": [], "systemd": "252",
    },
    "clock_ahead": 0,
    "directories": {
        "/greengrass": {"free_mib": 5000, "options": []}, "/tmp": {"free_mib": 50, "options": []},
    },
    "paths": {"/greengrass/ggc/core": {"exists": False}, "/greengrass/v2": {"exists": False}},
    "commands": {"sh": "/bin/sh"},
    "java": "17.0.1",
    "sudo_refused": "",
    "ports": {"8000": "/greengrass/ggc/core/greengrassd "},
    "endpoints": {"a.example:8883": ""},
}  # fmt: skip
WANTED_HOST: dict[str, Any] = {
    "runtime": "V1", "allow_beside": False, "directory": "/greengrass", "board": "Raspberry Pi",
    "architectures": ["aarch64"], "glibc": "2.14", "disk": 400, "memory": 128, "tmp": 32,
    "clock_tolerance": 300, "containers_required": False, "java": "java",
    "traces": {"V1": ["/greengrass/ggc/core"], "classic": ["/greengrass/v2"]},
}  # fmt: skip
GOOD_CORE: dict[str, Any] = {
    "units": [{"Id": "greengrass.service", "ActiveState": "active", "NRestarts": "0"}],
    "health": "", "workers": [{"FuncArn": "arn:f", "WorkerState": "Working"}], "unreadable": "",
    "empty": [], "components": ["com.example.Digits"], "states": {}, "connections": ["1.2.3.4:8883"],
    "told": "",
}  # fmt: skip
WANTED_CORE: dict[str, Any] = {
    "runtime": "V1", "directory": "/greengrass", "components": ["com.example.Digits"],
    "connection": "warning", "endpoint_ports": [8883, 443], "connection_timeout": 15,
}  # fmt: skip

# What is different of the good host, what of what is wanted, and what is said: severity and words.
HOSTS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "another system": ({"host.service_mgr": "another"}, {}, "error: with another service manager"),
    "another board": ({"host.board": ""}, {}, "error: the board is one without a model"),
    "no Debian": (
        {"host.os": {"ID": "fedora"}}, {"runtime": "lite"}, "error: nucleus lite comes as a Debian",
    ),
    "Debian's child": ({"host.os": {"ID": "x", "ID_LIKE": "debian"}}, {"runtime": "lite"}, ""),
    "machine": ({"host.machine": "armv6l"}, {}, "error: the machine is armv6l"),
    "32 bits": ({"host.bits": 32}, {}, "warning: the programs of the system are of 32 bits"),
    "old glibc": ({"host.libc": "glibc 2.9"}, {}, "error: the C library is glibc 2.9"),
    "musl with V1": ({"host.libc": ""}, {}, ""),
    "musl with V2": (
        {"host.libc": ""}, {"runtime": "lite"}, "error: the C library is not glibc",
    ),
    "program": ({"commands": {"java8": ""}}, {}, "error: root's path lacks java8"),
    "no Java": ({"java": ""}, {"runtime": "classic"}, "warning: there is no Java (java)"),
    "old Java": ({"java": "7.0_80"}, {"runtime": "classic"}, "error: java is version 7.0_80"),
    "sudo": ({"sudo_refused": "no"}, {}, "error: root may not run programs as another"),
    "V2 is there": (
        {"paths./greengrass/v2": {"exists": True}}, {}, "error: (/greengrass/v2 exists)",
    ),
    "V1 itself": ({"paths./greengrass/ggc/core": {"exists": True}}, {}, ""),
    "V2 may stay": (
        {"paths./greengrass/v2": {"exists": True}}, {"allow_beside": True}, "warning: V1 and the",
    ),
    "disk": ({"directories./greengrass": {"free_mib": 399, "options": []}}, {}, "error: 399 MiB"),
    "read-only": (
        {"directories./greengrass": {"free_mib": 400, "options": ["ro"]}}, {},
        "error: the disk of /greengrass can only be read",
    ),
    "tmp": ({"directories./tmp": {"free_mib": 31, "options": []}}, {}, "warning: 31 MiB are free"),
    "tmp of classic": (
        {"directories./tmp": {"free_mib": 32, "options": ["noexec"]}}, {"runtime": "classic"},
        "error: /tmp is mounted noexec",
    ),
    "memory": ({"host.memory_mib": 127}, {}, "error: the host has 127 MiB of memory"),
    "clock": ({"clock_ahead": -301}, {}, "error: the clock is 301 s behind this machine's"),
    "clock within": ({"clock_ahead": 300}, {}, ""),
    "nobody sets it": ({"host.synchronized": False}, {}, "warning: nothing keeps the clock right"),
    "unknown": ({"host.synchronized": ""}, {}, ""),
    "port": ({"ports": {"8000": "nginx "}}, {}, "error: ports of the core: 8000 (nginx)."),
    "endpoint": ({"endpoints": {"a:1": "timed out"}}, {}, "error: does not reach a:1 (timed out)."),
    "old kernel": (
        {"host.kernel": "3.16.0"}, {"runtime": "lite"}, "error: the kernel is 3.16.0",
    ),
    "containers": (
        {"host.kernel": "4.3.1"}, {"containers_required": True}, "error: kernel 4.4 or newer",
    ),
    "cgroup2": (
        {"host.cgroup2": True}, {}, "warning: the host uses control groups version 2",
    ),
    "no memory group": ({"host.cgroups": {}}, {}, "warning: memory control group is off"),
    "no containers": ({"host.cgroups": {}, "host.cgroup2": True}, {"runtime": "lite"}, ""),
    "options": ({"host.kernel_lacks": ["KEYS"]}, {}, "warning: the kernel was built without KEYS"),
}  # fmt: skip
CORES: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "unit": (
        {"units": [{"Id": "a", "ActiveState": "failed", "NRestarts": "5"}], "connections": []}, {},
        "error: a is not active (failed).",
    ),
    "restarts": (
        {"units": [{"Id": "a", "ActiveState": "active", "NRestarts": "5"}]}, {},
        "warning: systemd had to restart a.",
    ),
    "health": ({"health": "refused"}, {}, "error: the core does not answer: refused."),
    "nucleus": (
        {"states": {"aws.greengrass.Nucleus": "STARTING", "x": "RUNNING"}}, {},
        "error: the nucleus is STARTING.",
    ),
    "component": ({"states": {"x": "BROKEN"}}, {}, "warning: components have failed: x."),
    "function": (
        {"workers": [{"FuncArn": "arn:f", "WorkerState": "Terminated"}]}, {},
        "warning: functions have failed: arn:f.",
    ),
    "configuration": ({"unreadable": "no file"}, {}, "error: cannot be read: no file."),
    "empty": ({"empty": ["a", "b"]}, {}, "error: has no a, no b: it would never"),
    "unconnected": (
        {"connections": [], "told": "refused"}, {},
        "warning: to port 8883 or 443 of another machine (waited 15 s). Its log last said: refused",
    ),
    "must connect": ({"connections": []}, {"connection": "error"}, "error: nothing about it"),
    "offline": ({"connections": []}, {"connection": "ignore"}, ""),
    "missing": ({"components": []}, {}, "error: no component com.example.Digits; it has none."),
}  # fmt: skip


def differing(good: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a copy with other values; a name may lead into a dictionary by its first point."""
    found = copy.deepcopy(good)
    for path, value in changes.items():
        outer, _, inner = path.partition(".")
        if inner:
            found[outer][inner] = value
        else:
            found[outer] = value
    return found


def must_say(found: list[dict[str, Any]], expected: str) -> None:
    """Fail unless one finding alone was made, of this severity and with these words; or none."""
    severity, _, words = expected.partition(": ")
    assert [each["severity"] for each in found] == ([severity] if expected else [])
    for each in found:
        assert words in each["what"]
        assert (each["holds"], bool(each["fix"])) == (False, True)


@pytest.mark.parametrize("case", HOSTS)
def test_hosts(case: str) -> None:
    """What is wrong with a host is told, and nothing else."""
    changes, wanted, expected = HOSTS[case]
    judge = module_of(PROJECT / "plugins/filter/greengrass_preflight.py").preflight_findings
    must_say(judge(differing(GOOD_HOST, changes), {**WANTED_HOST, **wanted}, True), expected)


@pytest.mark.parametrize("case", CORES)
def test_cores(case: str) -> None:
    """What is wrong with a core is told, and nothing else."""
    changes, wanted, expected = CORES[case]
    judge = module_of(PROJECT / "plugins/filter/greengrass_verify.py").verify_findings
    must_say(judge(differing(GOOD_CORE, changes), {**WANTED_CORE, **wanted}), expected)


@pytest.mark.parametrize(
    ("systemd", "advice"), [("252", "hierarchy=0 to"), ("256", "FORCE=1 to"), ("258", "")]
)
def test_control_groups_of_version_1_are_advised_where_systemd_has_them(
    systemd: str, advice: str
) -> None:
    """256 wants to be forced, 258 has them no more."""
    told = module_of(PROJECT / "plugins/filter/greengrass_preflight.py").cgroup1(systemd)
    assert advice in told
    assert bool(told) == bool(advice)


@pytest.mark.parametrize(("role", "wanted"), [("preflight", WANTED_HOST), ("verify", WANTED_CORE)])
def test_roles_pass_what_the_filters_take(role: str, wanted: dict[str, Any]) -> None:
    """The names in the role's expression are those of the tests above."""
    text = (PROJECT / f"roles/greengrass_{role}/vars/main.yml").read_text()
    expression = yaml.safe_load(text)[f"__greengrass_{role}_wanted"]
    assert set(re.findall(r"(\w+)=", expression)) == set(wanted)
