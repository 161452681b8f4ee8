"""Parts of the embedded V2 core by themselves: policies, configuration, versions, variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ggfleet.errors import CoreError
from ggfleet.localcore.v2.access import MQTT_PROXY, PUBSUB, Authority, duplicates, read_policies
from ggfleet.localcore.v2.configuration import (
    MISSING,
    ConfigurationStore,
    deployed,
    look_up,
    merged,
)
from ggfleet.localcore.v2.layout import ComponentLayout
from ggfleet.localcore.v2.tally import QUIET, SETTLED, Tally
from ggfleet.localcore.v2.variables import Variables
from ggfleet.localcore.v2.versions import Version, fits


def allowed(service: str, resource: str, asked: str, operation: str = "Publish") -> bool:
    policy = {"operations": ["aws.greengrass#Publish"], "resources": [resource]}
    policies = read_policies("c", {"accessControl": {service: {"c:1": policy}}})
    return Authority({"c": policies}).allows("c", service, operation, asked)


@pytest.mark.parametrize(
    ("service", "resource", "asked", "expected"),
    [
        (PUBSUB, "a/b", "a/b", True),
        (PUBSUB, "a/b", "a/bc", False),
        (PUBSUB, "a/*", "a/b/c", True),
        (PUBSUB, "*", "any/thing", True),
        (PUBSUB, "a/+", "a/b", False),
        (PUBSUB, "a/+", "a/+", True),
        (PUBSUB, "a/${*}", "a/*", True),
        (PUBSUB, "a/${*}", "a/b", False),
        (PUBSUB, "a.b", "axb", False),
        (MQTT_PROXY, "a/+", "a/b", True),
        (MQTT_PROXY, "a/+", "a/b/c", False),
        (MQTT_PROXY, "a/+", "a/+", True),
        (MQTT_PROXY, "a/+", "a/#", False),
        (MQTT_PROXY, "a/#", "a/b/c", True),
        (MQTT_PROXY, "a/#", "a", True),
        (MQTT_PROXY, "a/#", "a/#", True),
        (MQTT_PROXY, "a/#", "ab", False),
        (MQTT_PROXY, "#", "a/b", True),
        (MQTT_PROXY, "a/*", "a/b/c", True),
    ],
)
def test_a_resource_allows_what_it_covers(
    service: str, resource: str, asked: str, expected: bool
) -> None:
    assert allowed(service, resource, asked) is expected


def test_another_operation_service_or_component_is_not_allowed() -> None:
    assert not allowed(PUBSUB, "*", "a", operation="Subscribe")
    policy = {"operations": ["*"], "resources": ["*"]}
    policies = read_policies("c", {"accessControl": {PUBSUB: {"c:1": policy}}})
    authority = Authority({"c": policies})
    assert authority.allows("c", PUBSUB, "Whatever", "a")
    assert not authority.allows("c", MQTT_PROXY, "Whatever", "a")
    assert not authority.allows("d", PUBSUB, "Whatever", "a")


@pytest.mark.parametrize("resource", ["a/?", "a/${x}", "${"])
def test_a_malformed_resource_is_refused(resource: str) -> None:
    with pytest.raises(CoreError, match="malformed"):
        allowed(PUBSUB, resource, "a")


@pytest.mark.parametrize(
    "content",
    [[], {PUBSUB: []}, {PUBSUB: {"p": []}}, {PUBSUB: {"p": {"operations": "x"}}}],
)
def test_policies_of_another_shape_are_refused(content: object) -> None:
    with pytest.raises(CoreError, match="accessControl"):
        read_policies("c", {"accessControl": content})


def test_a_policy_id_that_two_components_share_is_named() -> None:
    policy = {PUBSUB: {"p:1": {"operations": ["*"], "resources": ["*"]}}}
    policies = {n: read_policies(n, {"accessControl": policy}) for n in ("a", "b")}
    assert list(duplicates(policies)) == ["p:1 is a policy of a and of b"]


def test_a_deployment_resets_first_and_merges_then() -> None:
    defaults = {"a": 1, "deep": {"x": 1, "y": 2}, "list": [1]}
    stored = {"a": 5, "deep": {"x": 5, "own": 6}, "old": True}
    assert deployed(defaults, stored, ["/deep/x", "/old"], {"deep": {"y": 9}, "list": []}) == {
        "a": 5,
        "deep": {"x": 1, "y": 9, "own": 6},
        "list": [],
    }
    assert deployed(defaults, stored, [""], {}) == defaults
    assert stored["deep"] == {"x": 5, "own": 6}
    with pytest.raises(CoreError, match="pointer"):
        deployed(defaults, stored, ["deep"], {})


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.dictionaries(st.sampled_from("abc"), inner, max_size=3) | st.lists(inner, max_size=2)
    ),
    max_leaves=8,
)


@given(JSON, st.dictionaries(st.sampled_from("abc"), JSON, max_size=3))
def test_merging_twice_is_merging_once(base: Any, changes: Any) -> None:
    once = merged(base, changes)
    assert merged(once, changes) == once


def test_updates_last_and_reach_those_who_listen_there(tmp_path: Path) -> None:
    file = tmp_path / "config" / "configuration.json"
    store = ConfigurationStore(file)
    store.replace({"c": {"a": {"b": 1}, "z": 1}})
    heard: list[list[str]] = []
    for path in ([], ["a"], ["a", "b"], ["z"]):
        store.listen("c", path, lambda at: heard.append(list(at)))
    end = store.listen("c", ["a"], lambda _: heard.append(["never"]))
    end()
    store.update("c", ["a"], {"b": 2})
    assert heard == [["a"], ["a"], ["a", "b"]]
    assert ConfigurationStore(file).values == {"c": {"a": {"b": 2}, "z": 1}}
    assert look_up(store.values["c"], ["a", "no"]) is MISSING


def test_a_damaged_configuration_is_named(tmp_path: Path) -> None:
    file = tmp_path / "configuration.json"
    for text in ("{", "[]", '{"c": 1}'):
        file.write_text(text)
        with pytest.raises(CoreError, match="damaged"):
            ConfigurationStore(file)


@pytest.mark.parametrize(
    ("version", "requirement", "expected"),
    [
        ("1.2.3", "1.2.3", True),
        ("1.2.3", "=1.2.3", True),
        ("1.2.4", "1.2.3", False),
        ("1.9.0", "^1.2.0", True),
        ("2.0.0", "^1.2.0", False),
        ("0.2.5", "^0.2.1", True),
        ("0.3.0", "^0.2.1", False),
        ("0.0.2", "^0.0.1", False),
        ("1.2.9", "~1.2.0", True),
        ("1.3.0", "~1.2.0", False),
        ("1.5.0", ">=1.0.0 <2.0.0", True),
        ("1.5.0", ">= 1.0.0 < 1.5.0", False),
        ("1.5.0", "1.0.0 || >1.4.0", True),
        ("1.5.0", "*", True),
        ("1.0.0-rc.1", "<1.0.0", True),
        ("1.0.0-rc.10", ">1.0.0-rc.9", True),
        ("1.0.0+build", "<=1.0.0", True),
    ],
)
def test_a_version_fits_a_requirement(version: str, requirement: str, expected: bool) -> None:
    assert fits(Version(version), requirement) is expected


@pytest.mark.parametrize("text", ["1.0", "v1.0.0", ""])
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(CoreError, match="not a version"):
        Version(text)
    with pytest.raises(CoreError):
        fits(Version("1.0.0"), text or "latest")


def variables(**configuration: object) -> Variables:
    return Variables("c", "1.0.0", ComponentLayout(Path("/gg")), "thing", configuration)


def test_variables_are_filled_in_with_paths_that_end_in_a_slash() -> None:
    fill = variables(word='a "$b"', deep={"n": 1}).script
    assert fill("{artifacts:path}x") == "/gg/packages/artifacts/c/1.0.0/x"
    assert fill("{artifacts:decompressedPath}") == "/gg/packages/artifacts-unarchived/c/1.0.0/"
    assert fill("{work:path} {kernel:rootPath} {iot:thingName}") == "/gg/work/c/ /gg/ thing"
    assert fill('echo "{configuration:/word}"') == r'echo "a \"\$b\""'
    assert fill("{configuration:/deep}") == r"{\"n\": 1}"
    assert variables(word='a "$b"').setting("{configuration:/word}") == 'a "$b"'


@pytest.mark.parametrize(
    "text",
    ["${HOME}", "awk '{print}'", "{ true; }", "{configuration:/no}", "{other:work:path}", "a { b"],
)
def test_what_nucleus_lite_would_cut_off_is_an_error(text: str) -> None:
    with pytest.raises(CoreError, match="c: "):
        variables().script(text)


def test_the_tally_knows_when_components_are_ready_and_idle() -> None:
    now = [0.0]
    tally = Tally(lambda: now[0])
    assert not tally.ready("other", 0)
    assert not tally.ready("other", 1)
    now[0] += SETTLED + 0.1
    assert tally.ready("other", 1)
    tally.record("adapter", {"ready": True})
    assert tally.ready("adapter", 0)
    tally.delivered("adapter")
    tally.delivered("adapter")
    assert tally.pending() == 2
    tally.record("adapter", {"topic": "t"})
    assert tally.pending() == 1
    assert tally.lost("adapter") == 1
    tally.delivered("other")
    assert tally.pending() == 1
    now[0] += QUIET
    assert tally.pending() == 0
