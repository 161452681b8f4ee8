"""What a function's process sees, with and without a mount namespace."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.errors import CoreError
from ggfleet.localcore.environment import (
    Bind,
    IsolationMode,
    Surroundings,
    left_out,
    make_links,
    relocate,
    surroundings,
)
from ggfleet.localcore.isolation import choose
from ggfleet.localcore.launch import as_tree
from ggfleet.localcore.layout import Layout
from localcore_support import Group, arn

TREES = {"libraries": Path("/root/tree-l"), "digits": Path("/root/tree-d")}
HOST = {"PATH": "/bin", "HOME": "/home/me", "HTTPS_PROXY": "p", "AWS_SECRET_ACCESS_KEY": "s"}
NAMESPACE, RELOCATED = IsolationMode.MOUNT_NAMESPACE, IsolationMode.RELOCATED


@pytest.fixture
def group() -> Group:
    group = Group()
    group.resource("libraries", b"", "/mllibs")
    group.resource("digits", b"", "/models/digits")
    return group


def place(group: Group, tmp_path: Path, mode: IsolationMode = NAMESPACE) -> Surroundings:
    deployment = group.load(tmp_path / "out")
    layout = Layout(tmp_path / "greengrass")
    return surroundings(deployment, deployment.functions[0], TREES, layout, mode, HOST)


def test_a_container_sees_its_own_resources_read_only_at_their_destinations(
    group: Group, tmp_path: Path
) -> None:
    group.function("one", b"", resources=("libraries",), variables={"PYTHONPATH": "/mllibs"})
    found = place(group, tmp_path)
    assert found.binds == (Bind(TREES["libraries"], "/mllibs", read_only=True),)
    assert found.variables["AWS_GG_RESOURCE_PREFIX"] == "/"
    assert found.variables["PYTHONPATH"] == "/mllibs"
    assert found.links == {}


def test_a_process_finds_symlinks_below_its_prefix(group: Group, tmp_path: Path) -> None:
    group.function(
        "one",
        b"",
        resources=("libraries", "digits"),
        isolation="NoContainer",
        variables={"PYTHONPATH": "/mllibs"},
    )
    found = place(group, tmp_path)
    make_links(found)
    prefix = Path(found.variables["AWS_GG_RESOURCE_PREFIX"])
    assert (prefix / "mllibs").readlink() == TREES["libraries"]
    assert (prefix / "models/digits").readlink() == TREES["digits"]
    assert found.root is None
    assert found.variables["PYTHONPATH"] == "/mllibs"  # a device would not rewrite it either


def test_a_relocated_container_has_its_python_path_rewritten(group: Group, tmp_path: Path) -> None:
    python_path = "/mllibs/site:/mllibsx:/elsewhere"
    group.function("one", b"", resources=("libraries",), variables={"PYTHONPATH": python_path})
    found = place(group, tmp_path, RELOCATED)
    assert found.root is None
    assert found.variables["PYTHONPATH"] == f"{TREES['libraries']}/site:/mllibsx:/elsewhere"
    assert found.variables["AWS_GG_RESOURCE_PREFIX"] == str(found.work)


def test_the_environment_is_a_real_cores_and_nothing_else_of_the_users(
    group: Group, tmp_path: Path
) -> None:
    group.function("one", b"", variables={"HOME": "/h", "MY_FUNCTION_ARN": "mine"})
    variables = place(group, tmp_path).variables
    assert variables["MY_FUNCTION_ARN"] == arn("one")
    assert variables["ROUTER_FUNCTION_ARN"] == "arn:aws:lambda:::function:GGRouter"
    assert (variables["HOME"], variables["HTTPS_PROXY"]) == ("/h", "p")
    assert "AWS_SECRET_ACCESS_KEY" not in variables
    assert variables["AWS_IOT_THING_NAME"] == "line-vision-gateway-1"


def test_nested_destinations_are_refused(group: Group, tmp_path: Path) -> None:
    group.resource("digits", b"", "/mllibs/digits")
    group.function("one", b"", resources=("libraries", "digits"))
    with pytest.raises(CoreError, match="/mllibs/digits lies within /mllibs"):
        place(group, tmp_path)


def test_a_volume_is_bound_as_its_policy_says_or_named_as_left_out(
    group: Group, tmp_path: Path
) -> None:
    volume = {"SourcePath": "/srv/data", "DestinationPath": "/data"}
    container = {"LocalVolumeResourceData": volume}
    group.resources.append({"Id": "data", "Name": "data", "ResourceDataContainer": container})
    group.function("one", b"", resources=("data", "libraries"))
    policies = group.functions[0]["FunctionConfiguration"]["Environment"]["ResourceAccessPolicies"]
    for policy in policies:
        policy["Permission"] = "rw"
    deployment = group.load(tmp_path / "out")
    assert Bind(Path("/srv/data"), "/data", read_only=False) in place(group, tmp_path).binds
    said = list(left_out(deployment, deployment.functions[0], RELOCATED))
    assert said == [
        "line-vision-one: libraries is read-only on the embedded core",
        "line-vision-one: /data is not there without a mount namespace",
    ]


def test_relocation_goes_by_whole_path_components() -> None:
    places = {"/ml": Path("/t")}
    assert relocate("/ml:/ml/a:/mlb:", places) == "/t:/t/a:/mlb:"


def test_auto_takes_the_namespace_where_it_works_and_says_why_not() -> None:
    assert choose("auto", lambda: "") == (NAMESPACE, "")
    assert choose("auto", lambda: "Operation not permitted") == (
        RELOCATED,
        "Operation not permitted",
    )


def test_a_namespace_asked_for_by_name_that_cannot_be_had() -> None:
    with pytest.raises(CoreError, match="cannot have a mount namespace here: no") as caught:
        choose("mount-namespace", lambda: "no")
    assert "--isolation relocated" in caught.value.fix


def test_targets_of_binds_form_a_tree() -> None:
    one = {"source": "/1", "target": "/ml/a", "read_only": True}
    two = {"source": "/2", "target": "/ml/b", "read_only": True}
    assert as_tree([one, two]) == {"ml": {"a": {"": one}, "b": {"": two}}}
