"""Whether the tests of V1 documents can fail: one rule broken in a copy must be told.

Without these a judge that finds nothing would pass for documents without a fault.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest

from functional.v1_rules import Tree, elements, rule_problems
from functional.v1_sample import render_sample
from functional.v1_service import all_shape_problems, documents_of
from golden.test_golden_group_v1 import CASES, render_case

PLATFORM = "platforms/gateway"


@pytest.fixture(scope="module")
def sample() -> Tree:
    return documents_of(render_sample())


@pytest.fixture
def broken(sample: Tree) -> Tree:
    """A copy to break."""
    return copy.deepcopy(sample)


def function(documents: Tree, name: str) -> Tree:
    found = elements(documents, f"{PLATFORM}/function-definition.json")
    return next(each for each in found if each["Id"] == name)


def environment(documents: Tree, name: str) -> Tree:
    found: Tree = function(documents, name)["FunctionConfiguration"]["Environment"]
    return found


def policy(documents: Tree, name: str) -> Tree:
    found: Tree = environment(documents, name)["ResourceAccessPolicies"][0]
    return found


def resource(documents: Tree, name: str) -> Tree:
    found = elements(documents, f"{PLATFORM}/resource-definition.json")
    return next(each for each in found if each["Id"] == name)


def ml_data(documents: Tree, name: str) -> Tree:
    container: Tree = resource(documents, name)["ResourceDataContainer"]
    data: Tree = container["S3MachineLearningModelResourceData"]
    return data


def first(documents: Tree, kind: str) -> Tree:
    return elements(documents, f"{PLATFORM}/{kind}-definition.json")[0]


CONTAINER, PROCESS = "digits-container", "digits-process"

RULE_BREAKS: dict[str, tuple[Callable[[Tree], object], str]] = {
    "memory without a container": (
        lambda d: function(d, PROCESS)["FunctionConfiguration"].update(MemorySize=1),
        "MemorySize is not allowed",
    ),
    "container without memory": (
        lambda d: function(d, CONTAINER)["FunctionConfiguration"].pop("MemorySize"),
        "MemorySize is required",
    ),
    "sysfs without a container": (
        lambda d: environment(d, PROCESS).update(AccessSysfs=True),
        "AccessSysfs is not allowed",
    ),
    "ML permission without a container": (
        lambda d: policy(d, PROCESS).update(Permission="ro"),
        "no Permission for an ML resource",
    ),
    "no ML permission in a container": (
        lambda d: policy(d, "digits-edge").pop("Permission"),
        "a permission on the policy or the resource",
    ),
    "ML permission over the group's": (
        lambda d: policy(d, CONTAINER).update(Permission="rw"),
        "rw exceeds GroupPermission",
    ),
    "no owner for a process": (
        lambda d: ml_data(d, "lib-tensorflow").pop("OwnerSetting"),
        "OwnerSetting is required",
    ),
    "an owner for containers": (
        lambda d: ml_data(d, "model-digits-edge").update(
            OwnerSetting={"GroupOwner": "g", "GroupPermission": "ro"}
        ),
        "OwnerSetting is discouraged",
    ),
    "half an owner": (
        lambda d: ml_data(d, "lib-tensorflow")["OwnerSetting"].pop("GroupPermission"),
        "InvalidMLModelOwner",
    ),
    "nested destinations": (
        lambda d: ml_data(d, "model-digits").update(DestinationPath="/mllibs/digits"),
        "nest",
    ),
    "a dangling resource": (
        lambda d: policy(d, CONTAINER).update(ResourceId="lib-none"),
        "is no resource",
    ),
    "two kinds of data": (
        lambda d: resource(d, "model-digits")["ResourceDataContainer"].update(
            SecretsManagerSecretResourceData={"ARN": "x"}
        ),
        "exactly one kind",
    ),
    "an archive V1 cannot unpack": (
        lambda d: ml_data(d, "model-digits").update(S3Uri="s3://bucket/model.tgz"),
        "must be a .zip or .tar.gz",
    ),
    "an unqualified ARN": (
        lambda d: function(d, CONTAINER).update(
            FunctionArn="arn:aws:lambda:eu-west-1:123456789012:function:x"
        ),
        "needs an alias or version",
    ),
    "a subscription to nobody": (
        lambda d: first(d, "subscription").update(Target="arn:aws:lambda:::function:x:1"),
        "is no function of the group",
    ),
    "the same id twice": (
        lambda d: first(d, "function").update(Id=PROCESS),
        "is there twice",
    ),
    "a malformed id": (lambda d: first(d, "logger").update(Id="a b"), "is malformed"),
    "space in CloudWatch": (
        lambda d: first(d, "logger").update(Type="AWSCloudWatch"),
        "Space is for FileSystem",
    ),
    "two cores": (
        lambda d: (
            elements(d, "cores/pi-01/core-definition.json")
            and d["cores/pi-01/core-definition.json"]["InitialVersion"]["Cores"].append({"Id": "b"})
        ),
        "exactly one core",
    ),
}


@pytest.fixture
def wide() -> Tree:
    """A group with functions of the core itself, connectors and client devices, to break."""
    documents = documents_of(render_case(CASES / "functions"))
    other = documents_of(render_case(CASES / "connectors"))
    devices = documents_of(render_case(CASES / "client_devices"))
    return {"functions": documents, "connectors": other, "devices": devices}


def system(documents: Tree, name: str) -> Tree:
    found: Tree = function(documents["functions"], f"system:{name}")["FunctionConfiguration"]
    return found


WIDE_BREAKS: dict[str, tuple[Callable[[Tree], object], str]] = {
    "a small spooler": (
        lambda d: system(d, "cloud-spooler")["Environment"]["Variables"].update(
            GG_CONFIG_MAX_SIZE_BYTES="262143"
        ),
        "does not start",
    ),
    "isolation of a system function": (
        lambda d: system(d, "stream-manager")["Environment"].update(Execution={}),
        "has no Execution",
    ),
    "a system function on demand": (
        lambda d: system(d, "ip-detector").update(Pinned=False),
        "is pinned",
    ),
    "JSON for a native function": (
        lambda d: function(d["functions"], "native")["FunctionConfiguration"].update(
            EncodingType="json"
        ),
        "takes binary alone",
    ),
    "two instances of a connector": (
        lambda d: first(d["connectors"], "connector").update(
            ConnectorArn="arn:aws:greengrass:eu-west-1::/connectors/SerialStream/versions/1"
        ),
        "one instance",
    ),
    "a connector's dangling resource": (
        lambda d: elements(d["connectors"], f"{PLATFORM}/connector-definition.json")[1][
            "Parameters"
        ].update({"SerialPort-ResourceId": "res-none"}),
        "is no resource",
    ),
    "a device with another's id": (
        lambda d: elements(d["devices"], "cores/line-1/device-definition.json")[0].update(
            Id="plant:lamp"
        ),
        "is there twice",
    ),
}


@pytest.mark.parametrize("name", WIDE_BREAKS)
def test_a_broken_rule_of_other_kinds_is_found(name: str, wide: Tree) -> None:
    """The same for what the sample has not."""
    break_it, message = WIDE_BREAKS[name]
    assert [p for each in wide.values() for p in rule_problems(each)] == []
    break_it(wide)
    assert any(message in problem for each in wide.values() for problem in rule_problems(each))


@pytest.mark.parametrize("name", RULE_BREAKS)
def test_a_broken_rule_is_found(name: str, broken: Tree) -> None:
    """One rule broken in an acceptable document gives a problem that names the rule."""
    break_it, message = RULE_BREAKS[name]
    break_it(broken)
    assert any(message in problem for problem in rule_problems(broken))


SHAPE_BREAKS: dict[str, tuple[Callable[[Tree], object], str]] = {
    "an unknown key": (lambda d: first(d, "function").update(Memory=1), "Memory"),
    "a missing key": (lambda d: first(d, "subscription").pop("Subject"), "Subject"),
    "a text for a number": (
        lambda d: function(d, CONTAINER)["FunctionConfiguration"].update(Timeout="30"),
        "Timeout",
    ),
    "an isolation mode": (
        lambda d: environment(d, CONTAINER)["Execution"].update(IsolationMode="container"),
        "is none of",
    ),
    "a permission": (lambda d: policy(d, CONTAINER).update(Permission="RO"), "is none of"),
    "a log level": (lambda d: first(d, "logger").update(Level="info"), "is none of"),
    "an encoding": (
        lambda d: function(d, CONTAINER)["FunctionConfiguration"].update(EncodingType="JSON"),
        "is none of",
    ),
    "a runtime": (
        lambda d: d["platforms/gateway/lambda/digits-edge.json"].update(Runtime="python3.99"),
        "is none of",
    ),
    "an alias of digits": (
        lambda d: d["platforms/gateway/lambda-alias/digits-edge.json"].update(Name="311"),
        "does not fit",
    ),
    "too little memory for Lambda": (
        lambda d: d["platforms/gateway/lambda/digits-edge.json"].update(MemorySize=64),
        "MemorySize",
    ),
}


@pytest.mark.parametrize("name", SHAPE_BREAKS)
def test_a_broken_shape_is_found(name: str, broken: Tree) -> None:
    """botocore's model, with the walk for enumerations and patterns, sees each of these."""
    break_it, message = SHAPE_BREAKS[name]
    break_it(broken)
    assert any(message in problem for problem in all_shape_problems(broken))
