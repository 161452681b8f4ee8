"""The inventory plugin greengrass_cores, on recorded answers: pages, groups below, what is no core."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from ansible.errors import AnsibleParserError
from botocore.stub import Stubber

from module_support import module_of

PROJECT = Path(__file__).parents[2]
ASKED = {
    "thing_groups": ["line"],
    "recursive": True,
    "attributes": False,
    "core_devices": "none",
    "certificates": False,
    "v1_groups": False,
}


@pytest.fixture(scope="module")
def plugin() -> ModuleType:
    """Return the plugin, loaded from its file as Ansible does."""
    return module_of(PROJECT / "plugins/inventory/greengrass_cores.py")


class Recorded:
    """Clients of which each answers what was recorded for it, in order, and nothing else."""

    def __init__(self) -> None:
        self._stubbers: dict[str, Stubber] = {}

    def add(self, service: str) -> Stubber:
        """Return where answers of `service` are added."""
        client = boto3.client(
            service, "eu-west-1", aws_access_key_id="k", aws_secret_access_key="s"
        )
        self._stubbers[service] = Stubber(client)
        self._stubbers[service].activate()
        return self._stubbers[service]

    def __call__(self, service: str) -> Any:
        return self._stubbers[service].client

    def all_were_asked(self) -> None:
        """Fail where something recorded was not asked for."""
        for stubber in self._stubbers.values():
            stubber.assert_no_pending_responses()


def things(
    iot: Stubber, *names: str, more: str = "", after: str = "", recursive: bool = True
) -> None:
    """Record one page of the group `line`."""
    asked = {
        "thingGroupName": "line",
        "recursive": recursive,
        **({"nextToken": after} if after else {}),
    }
    page = {"things": list(names), **({"nextToken": more} if more else {})}
    iot.add_response("list_things_in_thing_group", page, asked)


def test_all_pages_and_groups_below_are_read(plugin: ModuleType) -> None:
    recorded = Recorded()
    iot = recorded.add("iot")
    things(iot, "a", "b", more="next")
    things(iot, "c", after="next")
    hosts = plugin.Account(recorded).hosts(ASKED)
    assert list(hosts) == ["a", "b", "c"]
    assert hosts["c"] == {"greengrass_thing_name": "c", "greengrass_thing_groups": ["line"]}
    recorded.all_were_asked()


def test_groups_below_are_left_out_on_request(plugin: ModuleType) -> None:
    recorded = Recorded()
    things(recorded.add("iot"), "a", recursive=False)
    assert list(plugin.Account(recorded).hosts({**ASKED, "recursive": False})) == ["a"]
    recorded.all_were_asked()


def test_a_thing_that_is_no_core_is_listed_without_one(plugin: ModuleType) -> None:
    recorded = Recorded()
    things(recorded.add("iot"), "a")
    recorded.add("greengrassv2").add_client_error("get_core_device", "ResourceNotFoundException")
    hosts = plugin.Account(recorded).hosts({**ASKED, "core_devices": "full"})
    assert "greengrass_core_device" not in hosts["a"]


def test_what_aws_does_not_tell_is_absent(plugin: ModuleType) -> None:
    """Times are ISO 8601, so that a cache can keep them."""
    updated = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    told = plugin.core_device({"status": "HEALTHY", "lastStatusUpdateTimestamp": updated})
    assert told == {
        "greengrass_core_device": {
            "status": "HEALTHY",
            "last_status_update": "2026-11-01T12:00:00+00:00",
        }
    }


REFUSALS: dict[str, tuple[str, str]] = {
    "AccessDeniedException": (
        "no policy",
        "allow these credentials the call ListThingsInThingGroup.",
    ),
    "ResourceNotFoundException": ("no group", "correct thing_groups or region."),
    "ExpiredTokenException": ("expired", "the session has ended; sign in anew."),
    "UnrecognizedClientException": ("invalid", "these credentials are not valid; sign in anew."),
    "Teapot": ("short and stout", "with Teapot (short and stout)"),
}


@pytest.mark.parametrize("code", REFUSALS)
def test_refusals_name_the_call_and_a_fix(plugin: ModuleType, code: str) -> None:
    message, fix = REFUSALS[code]
    recorded = Recorded()
    recorded.add("iot").add_client_error("list_things_in_thing_group", code, message)
    ask: Callable[[Any], Any] = plugin.Account(recorded).hosts
    with pytest.raises(AnsibleParserError) as caught:
        ask(ASKED)
    said = str(caught.value)
    assert said.startswith(
        f"Reading the things of the thing group line: AWS refused ListThingsInThingGroup with {code}"
    )
    assert said.endswith(fix)
