"""What of a spec V2 loses, and what is only good to know: `render --strict` tells them apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ggfleet.cli.notes import told
from ggfleet.model import ADAPTER, Fleet, Manifest, Note, Part
from ggfleet.render import render
from ggfleet.render.known import wanted_archives
from ggfleet.spec import load
from unit.factories import make_archive

Spec = dict[str, Any]

PLATFORM = {"architecture": "x86_64", "python": "3.11", "glibc": "2.36"}
HOST = {"greengrass_certificate_arn": "arn:aws:iot:eu-west-1:123456789012:cert/c1"}
HOSTS = {"gateway": {"hosts": ["line-1"]}, "_meta": {"hostvars": {"line-1": HOST}}}
LITE = {"nuclei": {"gateway": "lite"}}
SPOOLER = "system_functions.cloud_spooler"
STREAMS = "system_functions.stream_manager"

CASES: dict[str, tuple[Spec, Spec, str]] = {
    "isolation": (
        {"functions": {"f": {"isolation": "container"}}},
        {"functions": {"f": {}}},
        "functions.f.isolation",
    ),
    "isolation of all": (
        {"function_defaults": {"isolation": "container"}},
        {"function_defaults": {"isolation": "none"}},
        "function_defaults.isolation",
    ),
    "timeout": (
        {"functions": {"f": {"timeout": "30 s"}}},
        {"functions": {"f": {"timeout": "3 s"}}},
        "functions.f.timeout",
    ),
    "runtime": (
        {"functions": {"f": {"runtime": "python3.8"}}},
        {"functions": {"f": {"runtime": "python3.11"}}},
        "functions.f.runtime",
    ),
    "memory": (
        {"deployment": LITE},
        {},
        "functions.*.memory",
    ),
    "user": (
        {"functions": {"f": {"run_as": {"uid": 1001}}}, "deployment": LITE},
        {"functions": {"f": {"run_as": {"uid": 1001}}}},
        "functions.f.run_as",
    ),
    "space of the nucleus's logs": (
        {"loggers": [{"component": "greengrass", "level": "INFO", "to": "file", "space": "1 MiB"}]},
        {
            "loggers": [
                {"component": "greengrass", "level": "INFO", "to": "file", "space": "10 MiB"}
            ]
        },
        "loggers[0]",
    ),
    "level of the nucleus's logs": (
        {"loggers": [{"component": "greengrass", "level": "DEBUG", "to": "file"}]},
        {"loggers": [{"component": "greengrass", "level": "INFO", "to": "file"}]},
        "loggers[0]",
    ),
    "functions' logs": (
        {"loggers": [{"component": "lambda", "level": "WARN", "to": "file", "space": "1 MiB"}]},
        {"loggers": [{"component": "lambda", "level": "WARN", "to": "file", "space": "10 MiB"}]},
        "loggers[0]",
    ),
    "logs of lite": (
        {
            "loggers": [{"component": "greengrass", "level": "INFO", "to": "cloudwatch"}],
            "deployment": LITE,
        },
        {
            "loggers": [{"component": "lambda", "level": "INFO", "to": "cloudwatch"}],
            "deployment": LITE,
        },
        "loggers[0]",
    ),
    "quality": (
        {"system_functions": {"cloud_spooler": {"quality": "at-most-once"}}},
        {"system_functions": {"cloud_spooler": {"quality": "at-least-once-persistent"}}},
        f"{SPOOLER}.quality",
    ),
    "stream manager's memory": (
        {"system_functions": {"stream_manager": {"memory": "1 GiB"}}},
        {"system_functions": {"stream_manager": {"memory": "4 GiB"}}},
        f"{STREAMS}.memory",
    ),
}
"""What loses something, what is noted at the same place and loses nothing, and that place."""

HINTS: dict[str, tuple[Spec, str]] = {
    "on demand": ({"functions": {"f": {"pinned": False}}}, "functions.f.pinned"),
    "sysfs": ({"functions": {"f": {"access_sysfs": True}}}, "functions.f.access_sysfs"),
    "root": ({"functions": {"f": {"run_as": {"uid": 0}}}}, "functions.f.run_as"),
    "streams": ({"system_functions": {"stream_manager": {}}}, STREAMS),
    "shadows": (
        {
            "subscriptions": [
                {"from": "f", "topic": "$aws/things/line-1/shadow/get", "to": "shadow"}
            ]
        },
        "cores.sync_shadow",
    ),
}

LOST: dict[str, tuple[Spec, str]] = {
    "arguments": ({"functions": {"f": {"exec_args": "-v"}}}, "functions.f.exec_args"),
    "a resource": (
        {
            "resources": {"camera": {"device": "/dev/video0"}},
            "functions": {"f": {"resources": {"camera": "rw"}}},
        },
        "resources.camera",
    ),
    "an unused one": ({"resources": {"camera": {"device": "/dev/video0"}}}, "resources.camera"),
    "spooler": ({"system_functions": {"cloud_spooler": {}}}, SPOOLER),
    "group": ({"functions": {"f": {"run_as": {"gid": 1001}}}}, "functions.f.run_as"),
}


def whole(given: Spec) -> Spec:
    """A spec with one function of which nothing more is said than must be, and what is given."""
    function = {"source": "code", "handler": "function.function_handler", "memory": "64 MiB"}
    return {
        "fleet": "line",
        "aws": {"region": "eu-west-1", "account": "123456789012", "bucket": "line-bucket"},
        "components": {"prefix": "com.example"},
        "platforms": {"gateway": PLATFORM},
        "cores": {"inventory": "hosts.json", "groups": {"gateway": "gateway"}},
        **given,
        "functions": {"f": function | given.get("functions", {}).get("f", {})},
    }


def notes(folder: Path, given: Spec, target: str = "deployment-v2") -> list[Note]:
    fleet = read(folder, given)
    wanted = [*wanted_archives(fleet), (Part.ADAPTER, ADAPTER, "gateway")]
    manifest = Manifest(tuple(make_archive(p, n, platform=o) for p, n, o in wanted))
    return [*render(fleet, manifest, target).notes]


def read(folder: Path, given: Spec) -> Fleet:
    (folder / "code").mkdir()
    (folder / "code/function.py").write_text("def function_handler(event, context): ...\n")
    (folder / "hosts.json").write_text("{}")
    (folder / "fleet.yml").write_text(json.dumps(whole(given)))
    return load(folder / "fleet.yml", lambda _: HOSTS)


@pytest.mark.parametrize("case", CASES)
def test_what_the_spec_asks_for_and_v2_does_not_do_is_lost(tmp_path: Path, case: str) -> None:
    lossy, harmless, path = CASES[case]
    (tmp_path / "lossy").mkdir()
    (tmp_path / "harmless").mkdir()
    assert path in {note.path for note in told(notes(tmp_path / "lossy", lossy))}
    found = notes(tmp_path / "harmless", harmless)
    assert path in {note.path for note in found}, "it is noted all the same"
    assert path not in {note.path for note in told(found)}


@pytest.mark.parametrize("case", HINTS)
def test_what_v2_does_otherwise_is_noted_and_not_lost(tmp_path: Path, case: str) -> None:
    given, path = HINTS[case]
    found = notes(tmp_path, given)
    assert path in {note.path for note in found}
    assert path not in {note.path for note in told(found)}


@pytest.mark.parametrize("case", LOST)
def test_what_v2_leaves_out_is_lost(tmp_path: Path, case: str) -> None:
    given, path = LOST[case]
    assert path in {note.path for note in told(notes(tmp_path, given))}


@pytest.mark.parametrize("target", ["recipes-v2", "deployment-v2", "cloudformation"])
def test_a_plain_fleet_loses_nothing(tmp_path: Path, target: str) -> None:
    found = notes(tmp_path, {}, target)
    assert found
    assert told(found) == []
