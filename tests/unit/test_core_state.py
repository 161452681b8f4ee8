"""The module of greengrass_verify that reads how a core does, without a host."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fleet.standin import lite
from module_support import module_of

PROJECT = Path(__file__).parents[2]


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
