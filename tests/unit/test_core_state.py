"""The module of greengrass_verify that reads how a core does, without a host."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fleet.standin import lite
from module_support import module_of

PROJECT = Path(__file__).parents[2]
CLASSIC = ("services", "aws.greengrass.Nucleus", "configuration")


@pytest.fixture(scope="module")
def state() -> ModuleType:
    """Return the module, loaded from its file."""
    return module_of(PROJECT / "plugins/modules/greengrass_core_state.py")


def configuration(**different: str) -> dict[str, Any]:
    """Return a configuration of a V2 core with some values of `system` set differently."""
    return {
        "system": {
            "thingName": "pi-01", "certificateFilePath": "/c", "privateKeyPath": "/k",
            "rootCaPath": "/r", **different,
        },
        "services": {
            "aws.greengrass.NucleusLite": {
                "configuration": {
                    "awsRegion": "r", "iotDataEndpoint": "d", "iotCredEndpoint": "c",
                    "iotRoleAlias": "a",
                },
            },
            "com.example.Digits": {"version": "1.0.0"},
        },
    }  # fmt: skip


def test_database_of_nucleus_lite_is_read_as_it_was_written(
    state: ModuleType, tmp_path: Path
) -> None:
    """Nested keys and values, also keys of one name in two places."""
    content = configuration()
    path = tmp_path / "config.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(lite.TABLES)
        for name, value in content.items():
            lite.write(database, (name,), value, lite.FROM_FILES)
    assert state.read_configuration("lite", tmp_path) == content


def test_missing_database_is_an_error_and_is_not_made(state: ModuleType, tmp_path: Path) -> None:
    """To look must not leave an empty file, which a core would take for its own."""
    with pytest.raises(sqlite3.OperationalError):
        state.read_configuration("lite", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_empty_keys_of_nucleus_lite_are_named(state: ModuleType) -> None:
    """A value that is empty and one that is missing alike; nothing for a whole configuration."""
    whole = configuration()
    assert state.find_empty("lite", whole) == []
    assert state.find_components(whole) == ["com.example.Digits"]
    torn = configuration(thingName="")
    del torn["system"]["rootCaPath"]
    assert state.find_empty("lite", torn) == ["thingName", "rootCaPath"]
    assert len(state.find_empty("lite", {})) == 8


def test_empty_keys_of_a_v1_core_are_named(state: ModuleType, tmp_path: Path) -> None:
    """Read from config.json."""
    (tmp_path / "config").mkdir()
    config = {"coreThing": {"thingArn": "arn", "iotHost": ""}}
    (tmp_path / "config/config.json").write_text(json.dumps(config))
    assert state.find_empty("V1", state.read_configuration("V1", tmp_path)) == ["iotHost"]


TLOG = (
    (1, ["system", "thingName"], "changed", "pi-01"),
    (2, ["system", "certificateFilePath"], "changed", "/c"),
    (2, ["system", "privateKeyPath"], "changed", "/k"),
    (2, ["SYSTEM-LIKE"], "interiorAdded", None),
    (2, ["system", "rootCaPath"], "changed", "/r"),
    (5, ["services", "aws.greengrass.Nucleus", "version"], "changed", "2.18.0"),
    (5, ["services", "TelemetryAgent", "version"], "changed", "0.0.0"),
    (5, ["services", "com.example.Gone", "version"], "changed", "1.0.0"),
    (6, ["services", "com.example.Gone"], "removed", None),
    (5, ["services", "com.example.Digits", "version"], "changed", "1.0.0"),
    (7, [*CLASSIC, "awsRegion"], "changed", "r"),
    (7, [*CLASSIC, "iotdataendpoint"], "changed", "d"),
    (7, [*CLASSIC, "iotCredEndpoint"], "changed", "c"),
    (7, [*CLASSIC, "iotRoleAlias"], "changed", "new"),
    (3, [*CLASSIC, "iotRoleAlias"], "changed", "old"),
)


def write_tlog(folder: Path, changes: Iterable[tuple[Any, ...]]) -> None:
    """Write changes as the classic nucleus keeps them."""
    (folder / "config").mkdir()
    entries = (dict(zip(("TS", "TP", "W", "V"), change, strict=True)) for change in changes)
    text = "".join(f"{json.dumps(entry)}\n" for entry in entries)
    (folder / "config/config.tlog").write_text(text)


def test_configuration_of_the_classic_nucleus_is_read_from_its_changes(
    state: ModuleType, tmp_path: Path
) -> None:
    """The newest value wins, also if it stands first; what was removed is gone; case is nothing."""
    write_tlog(tmp_path, TLOG)
    held = state.read_configuration("classic", tmp_path)
    assert state.at(held, (*CLASSIC, "iotRoleAlias")) == "new"
    assert state.find_empty("classic", held) == []
    assert state.find_components(held) == ["aws.greengrass.Nucleus", "com.example.Digits"]


def test_empty_configuration_of_the_classic_nucleus_is_named(
    state: ModuleType, tmp_path: Path
) -> None:
    """As the installer leaves it that was not told of a file: the core looks well and is no thing."""
    write_tlog(tmp_path, [(1, ["services", "aws.greengrass.Nucleus", "version"], "changed", "2")])
    assert len(state.find_empty("classic", state.read_configuration("classic", tmp_path))) == 8


def test_torn_configuration_of_the_classic_nucleus_is_an_error(
    state: ModuleType, tmp_path: Path
) -> None:
    """A power cut can leave nothing but null bytes."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.tlog").write_bytes(b"\0" * 64)
    with pytest.raises(ValueError, match="Expecting value"):
        state.read_configuration("classic", tmp_path)


TEXT_LOG = """\
T [INFO] (a) c.a.g.Service: service-set-state. {serviceName=com.example.Gone, newState=RUNNING}
T [INFO] (main) c.a.g.KernelLifecycle: system-start. Launch Nucleus. {version=2.18.0}
T [INFO] (a) c.a.g.Service: service-set-state. {serviceName=aws.greengrass.Nucleus, \
currentState=NEW, newState=INSTALLED}
	at a line of a stack
T [INFO] (b) c.a.g.Service: service-set-state. {serviceName=aws.greengrass.Nucleus, \
currentState=STARTING, newState=FINISHED}
"""
JSON_LOG = (
    {"eventType": "service-set-state", "contexts": {"serviceName": "old", "newState": "BROKEN"}},
    {"eventType": "system-start", "message": "Launch Nucleus", "contexts": {}},
    {"eventType": None, "message": "else", "contexts": None},
    {
        "eventType": "service-set-state",
        "contexts": {"serviceName": "aws.greengrass.Nucleus", "newState": "RUNNING"},
    },
)


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (TEXT_LOG, "FINISHED"),
        ("".join(f"{json.dumps(entry)}\n" for entry in JSON_LOG), "RUNNING"),
    ],
    ids=["text", "json"],
)
def test_states_are_read_since_the_last_start(
    state: ModuleType, tmp_path: Path, log: str, expected: str
) -> None:
    """In both forms of the log, and where the configuration has moved it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/greengrass.log").write_text(log)
    logging = {"logging": {"outputDirectory": str(tmp_path / "elsewhere")}}
    moved = {"services": {"aws.greengrass.Nucleus": {"configuration": logging}}}
    assert state.read_states(moved, tmp_path) == {"aws.greengrass.Nucleus": expected}
    assert state.read_states({}, tmp_path) == {}


def test_log_that_tells_no_states_is_known(state: ModuleType) -> None:
    """Above level INFO, or written elsewhere than to a file."""

    def logging(**settings: str) -> dict[str, Any]:
        configuration = {"logging": settings}
        return {"services": {"aws.greengrass.Nucleus": {"configuration": configuration}}}

    assert state.logs_states({})
    assert state.logs_states(logging(level="DEBUG", outputType="FILE"))
    assert not state.logs_states(logging(level="WARN"))
    assert not state.logs_states(logging(outputType="CONSOLE"))


def test_socket_is_answered_or_the_reason_told(state: ModuleType, tmp_path: Path) -> None:
    """A file that is left of a socket, none at all, and one at which somebody listens."""
    path = tmp_path / "ipc.socket"
    assert state.connect(str(path)) == f"{path}: No such file or directory"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        assert "refused" in state.connect(str(path))
        server.listen()
        assert state.connect(str(path)) == ""


def test_units_are_parsed_and_a_target_has_no_restarts(state: ModuleType) -> None:
    """systemd prints no NRestarts for a target."""
    shown = "Id=a.target\nActiveState=active\n\nNRestarts=3\nId=b.service\nActiveState=failed\n"
    assert state.parse_units(shown) == [
        {"Id": "a.target", "ActiveState": "active", "NRestarts": ""},
        {"Id": "b.service", "ActiveState": "failed", "NRestarts": "3"},
    ]


def test_core_that_does_not_answer_is_told_with_the_reason(state: ModuleType) -> None:
    """Nothing listens on port 1."""
    reason, workers = state.ask_health(1)
    assert "refused" in reason
    assert workers == []


TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1
   1: 0201A8C0:A2B4 2A00A8C0:22B3 01 00000000:00000000 00:00000000 00000000     0        0 22 1
   2: 0201A8C0:A2B5 2A00A8C0:01BB 06 00000000:00000000 00:00000000 00000000     0        0 33 1
"""
TCP6 = """\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0000000000000000FFFF00000201A8C0:B6D2 0000000000000000FFFF00002A00A8C0:22B3 01 00000000:00000000 00:00000000 00000000     0        0 44 1
   1: B80D0120000000000000000001000000:B6D3 B80D0120000000000000000002000000:01BB 01 00000000:00000000 00:00000000 00000000     0        0 55 1
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the tables are of a little-endian machine")
def test_peers_of_established_connections_are_read(state: ModuleType) -> None:
    """Neither who listens nor what is closing; an address of IPv4 within IPv6 as what it is."""
    assert state.established(TCP) == {"22": ("192.168.0.42", 8883)}
    assert state.established(TCP6) == {
        "44": ("192.168.0.42", 8883),
        "55": ("2001:db8::2", 443),
    }


def test_sockets_are_those_of_the_units_processes_alone(state: ModuleType, tmp_path: Path) -> None:
    """A unit whose name is the beginning of another's is not taken for it."""
    for pid, unit, inode in (("7", "greengrass.service", "22"), ("8", "ssh.service", "33")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / pid / "cgroup").write_text(f"0::/system.slice/{unit}/sub\n")
        (tmp_path / pid / "fd/3").symlink_to(f"socket:[{inode}]")
        (tmp_path / pid / "fd/4").symlink_to("/dev/null")
    (tmp_path / "9").mkdir()  # a process that has gone
    assert state.sockets_of("greengrass.service", tmp_path) == {"22"}
    assert state.sockets_of("green", tmp_path) == set()


def test_last_line_on_the_connection_is_quoted(state: ModuleType) -> None:
    """Lines on other matters, before and after, are not."""
    log = "start\n MQTT connection lost \nConnected to IoT core\nfunction started\n"
    assert state.last_of_connection(log) == "Connected to IoT core"
    assert state.last_of_connection("function started\n") == ""


def test_end_of_a_log_is_read_and_a_missing_one_is_empty(state: ModuleType, tmp_path: Path) -> None:
    """A log of megabytes costs no more than its end."""
    (tmp_path / "log").write_text("a" * state.TAIL + "end")
    assert len(state.read_end(tmp_path / "log")) == state.TAIL
    assert state.read_end(tmp_path / "log").endswith("end")
    assert state.read_end(tmp_path / "none") == ""
