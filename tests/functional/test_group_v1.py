"""The V1 group as its service takes it: shapes, rules, a real sequence of calls, the same bytes."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.exceptions import ClientError

from functional.moto_server import Endpoint, moto_endpoint
from functional.v1_rules import LISTS, Tree, elements, rule_problems
from functional.v1_sample import digest, load_sample, render_sample
from functional.v1_service import Caller, all_shape_problems, documents_of
from ggfleet.model import ANY_PLATFORM, Manifest
from ggfleet.render import render
from ggfleet.render.known import wanted_archives
from golden.test_golden_group_v1 import CASES, GOOD, render_case
from unit.factories import make_archive

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sample() -> Tree:
    """The sample's documents."""
    return documents_of(render_sample())


@pytest.mark.parametrize("case", GOOD)
def test_every_golden_case_is_acceptable(case: str) -> None:
    """What the golden pairs pin is also what the service takes."""
    documents = documents_of(render_case(CASES / case))
    assert all_shape_problems(documents) == []
    assert rule_problems(documents) == []


def test_the_sample_is_acceptable(sample: Tree) -> None:
    assert all_shape_problems(sample) == []
    assert rule_problems(sample) == []


def test_the_sample_has_every_document(sample: Tree) -> None:
    """Three platforms with four definitions each, four cores, and every function on every platform."""
    absent = ("core-definition.json", "device-definition.json", "connector-definition.json")
    shared = [name for name in LISTS if name not in absent]
    for platform in ("pi", "orin", "gateway"):
        assert all(f"platforms/{platform}/{name}" in sample for name in shared)
        functions = elements(sample, f"platforms/{platform}/function-definition.json")
        for each in functions:
            assert f"platforms/{platform}/lambda/{each['Id']}.json" in sample
        assert [each["Id"] for each in functions] == [
            "digits-container", "digits-process", "digits-edge",
        ]  # fmt: skip
    for core in ("pi-01", "pi-02", "orin-01", "gateway-01"):
        assert len(sample[f"cores/{core}/group.json"]["InitialVersion"]) == 5


# The calls


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with moto_endpoint() as started:
        yield started


PROBES = {
    "CreateLoggerDefinition": {"Name": "probe"},
    "CreateConnectorDefinition": {"Name": "probe"},
    "StartBulkDeployment": {"ExecutionRoleArn": "probe", "InputFileUri": "probe"},
}


def unknown_operations(greengrass: Any) -> frozenset[str]:
    """Operations that the server lacks: of moto 5.2 all of these."""
    return frozenset(name for name, body in PROBES.items() if not knows(greengrass, name, body))


def knows(greengrass: Any, operation: str, body: dict[str, str]) -> bool:
    try:
        getattr(greengrass, xform_name(operation))(**body)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
            raise
        return False
    return True


def package_of(key: str) -> bytes:
    """A package that no other key has."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("function.py"), key)
    return buffer.getvalue()


def prepare_account(endpoint: Endpoint, documents: Tree) -> None:
    """The bucket with the function packages, and the role that CreateFunction insists on."""
    packages = [body for path, body in documents.items() if "/lambda/" in path]
    s3 = endpoint.bucket(packages[0]["Code"]["S3Bucket"])
    for package in packages:
        code = package["Code"]
        s3.put_object(Bucket=code["S3Bucket"], Key=code["S3Key"], Body=package_of(code["S3Key"]))
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    role = packages[0]["Role"].rsplit("/", 1)[1]
    endpoint.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=trust)


@pytest.fixture(scope="module")
def called(endpoint: Endpoint, sample: Tree) -> Caller:
    """All calls of calls.json, made in their order.

    moto knows no loggers, connectors and bulk deployments in Greengrass V1. Where that is so they
    are not called and the groups lack their pointers: botocore's model alone has judged them, in the
    tests above.
    """
    prepare_account(endpoint, sample)
    caller = Caller(endpoint.client, unknown_operations(endpoint.client("greengrass")))
    caller.run(sample)
    return caller


def test_every_core_gets_a_group(called: Caller, sample: Tree, endpoint: Endpoint) -> None:
    """Each group's version points at the versions that the calls before it made."""
    greengrass = endpoint.client("greengrass")
    for core in ("pi-01", "pi-02", "orin-01", "gateway-01"):
        path = f"cores/{core}/group.json"
        answer = called.answers[path]
        stored = greengrass.get_group_version(
            GroupId=answer["Id"], GroupVersionId=answer["LatestVersion"]
        )["Definition"]
        known = {k: v for k, v in called.sent[path]["InitialVersion"].items() if "Logger" not in k}
        assert len(known) == 4
        assert stored == known
        assert set(known.values()) <= {a.get("LatestVersionArn") for a in called.answers.values()}


def test_the_bulk_deployment_names_every_group(called: Caller, endpoint: Endpoint) -> None:
    """The file that lies in the bucket has one line a group, with the ids that the calls gave."""
    stored = endpoint.client("s3").get_object(
        Bucket="line-vision-greengrass", Key="ggfleet/line-vision/bulk-deployment.jsonl"
    )["Body"]
    lines = [json.loads(line) for line in stored.read().decode().splitlines()]
    groups = [answer for path, answer in called.answers.items() if path.endswith("/group.json")]
    assert len(groups) == 4
    assert lines == [
        {
            "GroupId": g["Id"],
            "GroupVersionId": g["LatestVersion"],
            "DeploymentType": "NewDeployment",
        }
        for g in groups
    ]


def test_definitions_are_stored_as_rendered(
    called: Caller, sample: Tree, endpoint: Endpoint
) -> None:
    """What the service gives back is what the files say."""
    greengrass = endpoint.client("greengrass")
    compared = 0
    for path, answer in called.answers.items():
        kind = path.rsplit("/", 1)[1].removesuffix("-definition.json")
        if not path.endswith("-definition.json"):
            continue
        get = getattr(greengrass, f"get_{kind}_definition_version")
        ids = {
            f"{kind.title()}DefinitionId": answer["Id"],
            f"{kind.title()}DefinitionVersionId": answer["LatestVersion"],
        }
        assert get(**ids)["Definition"] == sample[path]["InitialVersion"]
        compared += 1
    assert compared >= 3 * 3 + 4  # three kinds for three platforms, four cores


def test_an_alias_names_its_platforms_code(
    called: Caller, sample: Tree, endpoint: Endpoint
) -> None:
    """The ARNs in the group lead to the runtime and the package of their platform."""
    functions = endpoint.client("lambda")
    packages = {path: body for path, body in sample.items() if "/lambda/" in path}
    for path, package in packages.items():
        name, alias = package["FunctionName"], path.split("/")[1]
        version = functions.get_alias(FunctionName=name, Name=alias)["FunctionVersion"]
        found = functions.get_function(FunctionName=name, Qualifier=version)["Configuration"]
        digest = hashlib.sha256(package_of(package["Code"]["S3Key"])).digest()
        assert found["Runtime"] == package["Runtime"]
        assert found["CodeSha256"] == base64.b64encode(digest).decode()
    assert len(packages) == 3 * 3


def test_the_sequence_has_a_reason(endpoint: Endpoint, sample: Tree, called: Caller) -> None:
    """In another order the service refuses: a group needs its definitions."""
    groups = [call for call in sample["calls.json"] if call["operation"] == "CreateGroup"]
    body = copy.deepcopy(sample[groups[0]["body"]])
    with pytest.raises(ClientError, match="does not exist"):
        endpoint.client("greengrass").create_group(**body)


# Client devices, which the sample has not


def test_client_devices_are_stored_with_their_groups(endpoint: Endpoint) -> None:
    """Cores with devices get definitions of their own; the server keeps them as they are written."""
    documents = documents_of(render_case(CASES / "client_devices"))
    prepare_account(endpoint, documents)
    caller = Caller(endpoint.client, unknown_operations(endpoint.client("greengrass")))
    caller.run(documents)
    greengrass = endpoint.client("greengrass")
    for core, count in (("line-1", 2), ("line-2", 1)):
        answer = caller.answers[f"cores/{core}/device-definition.json"]
        stored = greengrass.get_device_definition_version(
            DeviceDefinitionId=answer["Id"], DeviceDefinitionVersionId=answer["LatestVersion"]
        )["Definition"]
        assert stored == documents[f"cores/{core}/device-definition.json"]["InitialVersion"]
        assert len(stored["Devices"]) == count
        pointers = caller.sent[f"cores/{core}/group.json"]["InitialVersion"]
        assert pointers["DeviceDefinitionVersionArn"] == answer["LatestVersionArn"]
    assert (
        "DeviceDefinitionVersionArn" not in caller.sent["cores/line-3/group.json"]["InitialVersion"]
    )


def test_the_group_role_is_given_to_the_group(endpoint: Endpoint) -> None:
    documents = documents_of(render_case(CASES / "group_role"))
    prepare_account(endpoint, documents)
    greengrass = endpoint.client("greengrass")
    caller = Caller(endpoint.client, unknown_operations(greengrass))
    caller.run(documents)
    group = caller.answers["cores/line-1/group.json"]["Id"]
    role = greengrass.get_associated_role(GroupId=group)["RoleArn"]
    assert role == "arn:aws:iam::123456789012:role/line-cores"


# The same bytes


def rendered_elsewhere(seed: str, folder: Path) -> str:
    """The digest of all that another process renders, in another folder."""
    env = {
        **os.environ,
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "generator"), str(ROOT / "tests")]),
    }
    code = "from functional.v1_sample import *; print(digest(render_sample()))"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, env=env, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_two_processes_render_the_same_bytes(tmp_path: Path) -> None:
    """Neither the order of sets and hashes nor the folder shows in documents and notes."""
    here = digest(render_sample())
    assert rendered_elsewhere("1", tmp_path) == rendered_elsewhere("4711", ROOT) == here


def test_any_platform_serves_every_platform() -> None:
    """A package without native code is built once; every platform's CreateFunction names it."""
    fleet = load_sample()
    archives = {
        (part, name): make_archive(part, name, platform=ANY_PLATFORM)
        for part, name, _ in wanted_archives(fleet)
    }
    documents = documents_of(render(fleet, Manifest(tuple(archives.values())), "group-v1"))
    keys = {
        body["Code"]["S3Key"] for path, body in documents.items() if "/lambda/digits-edge" in path
    }
    assert len(keys) == 1
