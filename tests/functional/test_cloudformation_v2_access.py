"""What V2 core devices may do: their role, and the policies of their certificates."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from functional.cloudformation_judges import (
    Tree,
    lint_problems,
    of_type,
    permission_problems,
    statements,
)
from functional.cloudformation_v2_judges import FLEET, allowed, long_policies
from functional.moto_server import moto_endpoint
from functional.v1_service import documents_of
from ggfleet.model import Deployment, Fleet
from ggfleet.render import Generation, render
from golden.test_golden_cloudformation_v2 import GOOD, case_input, render_case

CORES = "v2/cores.json"
HERE = "arn:aws:iot:eu-west-1:123456789012"
MINE = f"{HERE}:topic/$aws/things/line-1*"
FILTERS = f"{HERE}:topicfilter/$aws/things/line-1*"
LEAST = {
    ("iot:Connect", f"{HERE}:client/line-1*"),
    *(
        (action, f"{MINE}/{topic}")
        for action in ("iot:Publish", "iot:Receive")
        for topic in ("greengrass/health/json", "greengrassv2/health/json", "jobs/*", "shadow/*")
    ),
    ("iot:Subscribe", f"{FILTERS}/jobs/*"),
    ("iot:Subscribe", f"{FILTERS}/shadow/*"),
    ("iot:AssumeRoleWithCertificate", f"{HERE}:rolealias/line-token-exchange"),
    ("greengrass:GetComponentVersionArtifact", "*"),
    ("greengrass:GetDeploymentConfiguration", "*"),
    ("greengrass:ListThingGroupsForCoreDevice", f"{HERE}:thing/line-1*"),
    ("greengrass:ResolveComponentCandidates", "*"),
}
"""The minimal policy of the developer guide, "Device authentication and authorization", for one."""
TOPICS = {
    ("iot:Subscribe", f"{HERE}:topicfilter/digits/+/request"),
    ("iot:Receive", f"{HERE}:topic/digits/*/request"),
    ("iot:Publish", f"{HERE}:topic/digits"),
    ("iot:Publish", f"{HERE}:topic/digits/*"),
    ("iot:Publish", f"{HERE}:topic/digits/told"),
}
CLIENTS = {
    ("iot:Publish", f"{MINE}-gci/shadow/get"),
    *(
        pair
        for topic in ("update/delta", "get/accepted")
        for pair in (
            ("iot:Subscribe", f"{FILTERS}-gci/shadow/{topic}"),
            ("iot:Receive", f"{MINE}-gci/shadow/{topic}"),
        )
    ),
    ("greengrass:PutCertificateAuthorities", "*"),
    ("greengrass:VerifyClientDeviceIdentity", "*"),
    ("greengrass:VerifyClientDeviceIoTCertificateAssociation", f"{HERE}:thing/button"),
    ("greengrass:GetConnectivityInfo", f"{HERE}:thing/line-1*"),
    ("greengrass:UpdateConnectivityInfo", f"{HERE}:thing/line-1*"),
}


def stacks(change: Callable[[Fleet], Fleet] = lambda fleet: fleet) -> Tree:
    fleet, manifest = case_input("everything")
    rendering = render(change(fleet), manifest, "cloudformation", generations=[Generation.V2])
    return documents_of(rendering)


def certificate(number: int = 1) -> str:
    return f"{HERE}:cert/c{number}"


# Certificates


def test_a_certificate_allows_the_least() -> None:
    """Exactly the guide's minimum, the topics of functions, and what client devices need."""
    assert allowed(stacks()[CORES], certificate()) == LEAST | TOPICS | CLIENTS


def without(*components: str, **empty: Any) -> Callable[[Fleet], Fleet]:
    """With fewer of AWS's components, and without what of the fleet they would be for."""

    def change(fleet: Fleet) -> Fleet:
        kept = {k: v for k, v in fleet.deployment.components.items() if k not in components}
        return replace(fleet, deployment=replace(fleet.deployment, components=kept), **empty)

    return change


def test_no_component_no_permission() -> None:
    """What serves client devices is allowed where AWS's components for them are deployed."""
    auth, detector = (f"aws.greengrass.clientdevices.{name}" for name in ("Auth", "IPDetector"))
    own = LEAST | TOPICS
    bare = stacks(without(auth, detector, client_devices={}))
    assert allowed(bare[CORES], certificate()) == own
    found = allowed(stacks(without(detector))[CORES], certificate())
    assert found == own | {p for p in CLIENTS if p[0] != "greengrass:UpdateConnectivityInfo"}


def having(**versions: str) -> Callable[[Fleet], Fleet]:
    """With more of AWS's components."""

    def change(fleet: Fleet) -> Fleet:
        more = {f"aws.greengrass.{name}": version for name, version in versions.items()}
        components = {**fleet.deployment.components, **more}
        return replace(fleet, deployment=replace(fleet.deployment, components=components))

    return change


def test_shadows_are_those_of_a_core_and_its_devices() -> None:
    """Where AWS's component that syncs them is deployed."""
    found = allowed(stacks(having(ShadowManager="2.3.12"))[CORES], certificate())
    assert found - (LEAST | TOPICS | CLIENTS) == {
        (f"iot:{action}ThingShadow", f"{HERE}:thing/{thing}")
        for action in ("Delete", "Get", "Update")
        for thing in ("line-1*", "button")
    }


def test_no_subscription_no_topic() -> None:
    found = stacks(lambda fleet: replace(fleet, subscriptions=()))
    assert allowed(found[CORES], certificate()) == LEAST | CLIENTS


def test_any_client_device_where_the_spec_names_none() -> None:
    """Somebody deployed the component that serves them, and associates them by himself."""
    found = allowed(stacks(lambda fleet: replace(fleet, client_devices={}))[CORES], certificate())
    assert (
        "greengrass:VerifyClientDeviceIoTCertificateAssociation",
        f"{HERE}:thing/*",
    ) in found


@pytest.mark.parametrize("case", GOOD)
def test_policies_are_short_enough_and_have_an_owner(case: str) -> None:
    """Each is attached by the stack, or named by an output for who knows the certificate."""
    template = documents_of(render_case(case))[CORES]
    assert long_policies(template) == []
    policies = set(of_type(template, "IoT::Policy"))
    attachments = of_type(template, "::PolicyPrincipalAttachment").values()
    attached = {each["PolicyName"]["Ref"] for each in attachments}
    told = {each["Value"]["Ref"] for each in template.get("Outputs", {}).values()}
    assert attached | told == policies
    assert not attached & told
    assert policies


# The role


def role_allows(templates: Tree) -> dict[str, list[str]]:
    return {s["Sid"]: s["Resource"] for _, s in statements(templates[FLEET]) if "Sid" in s}


def test_the_role_allows_what_is_deployed() -> None:
    """Archives by their prefix, others by their keys; secrets, topics and log groups by name."""
    logs = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/greengrass"
    assert role_allows(stacks()) == {
        "ReadArtifacts": [
            "arn:aws:s3:::line-bucket/ggfleet/line/*",
            "arn:aws:s3:::other-bucket/faces.zip",
        ],
        "FindBuckets": ["arn:aws:s3:::line-bucket", "arn:aws:s3:::other-bucket"],
        "ReadSecrets": [
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:greengrass-broker-AbCdEf"
        ],
        "PublishToTopic": ["arn:aws:sns:eu-west-1:123456789012:alarms"],
        "WriteLogs": [
            f"{logs}/GreengrassSystemComponent/eu-west-1/System:*",
            f"{logs}/UserComponent/eu-west-1/com.example.line.*",
        ],
    }


def test_the_role_writes_its_own_journal() -> None:
    """With the variable that the credentials provider sets, as the component's page has it."""
    template = stacks(having(SystemLogForwarder="2.1.0"))[FLEET]
    group = "arn:aws:logs:eu-west-1:123456789012:log-group:greengrass/systemLogs"
    allowed_here = role_allows({FLEET: template})
    assert allowed_here["MakeJournals"] == [f"{group}:*"]
    assert allowed_here["WriteJournal"] == [f"{group}:log-stream:${{credentials-iot:ThingName}}"]
    assert lint_problems(template) == []


def test_the_role_allows_no_more() -> None:
    """No component of AWS: no logs, no topics. No secret, no function: nothing."""
    bare = stacks(without("aws.greengrass.LogManager", "aws.greengrass.SNS", connectors={}))
    assert set(role_allows(bare)) == {"ReadArtifacts", "FindBuckets", "ReadSecrets"}
    idle = stacks(
        lambda fleet: replace(
            fleet, functions={}, subscriptions=(), connectors={}, deployment=Deployment()
        )
    )
    assert role_allows(idle) == {}
    assert "Policies" not in of_type(idle[FLEET], "::Role")["TokenExchangeRole"]


def test_own_policies_are_asked_for_where_code_calls_aws() -> None:
    """The parameter is there for functions with credentials, and for nothing else."""
    assert "DeviceRolePolicies" in stacks()[FLEET]["Parameters"]
    plain = documents_of(render_case("plain"))[FLEET]
    assert "Parameters" not in plain
    assert "ManagedPolicyArns" not in of_type(plain, "::Role")["TokenExchangeRole"]


@pytest.mark.parametrize("case", GOOD)
def test_permissions_are_least(case: str) -> None:
    for path, template in documents_of(render_case(case)).items():
        if path != CORES:  # compared in full above
            assert permission_problems(template) == [], path


def test_every_wildcard_is_explained() -> None:
    docs = (Path(__file__).parents[2] / "docs/cloudformation.md").read_text()
    for text in (
        "BUCKET/ggfleet/FLEET/*",
        "GreengrassSystemComponent/REGION/System:*",
        "UserComponent/REGION/PREFIX.FLEET.*",
        "THING*",
    ):
        assert text in docs


def test_a_servers_iam_and_iot_take_the_documents() -> None:
    """With boto3 and moto, call by call: its CloudFormation knows neither type of Greengrass V2,
    nor thing groups and attachments, and stops at the first output of a deployment.
    """
    templates = stacks()
    role = of_type(templates[FLEET], "::Role")["TokenExchangeRole"]
    with moto_endpoint() as endpoint:
        iam, iot = endpoint.client("iam"), endpoint.client("iot")
        trust = json.dumps(role["AssumeRolePolicyDocument"])
        made = iam.create_role(RoleName="devices", AssumeRolePolicyDocument=trust)["Role"]
        for each in role["Policies"]:
            document = json.dumps(each["PolicyDocument"])
            iam.put_role_policy(
                RoleName="devices", PolicyName=each["PolicyName"], PolicyDocument=document
            )
        [alias] = of_type(templates[FLEET], "::RoleAlias").values()
        iot.create_role_alias(roleAlias=alias["RoleAlias"], roleArn=made["Arn"])
        for properties in of_type(templates[FLEET], "::ThingGroup").values():
            iot.create_thing_group(thingGroupName=properties["ThingGroupName"])
        for name, each in of_type(templates[CORES], "IoT::Policy").items():
            document = json.dumps(each["PolicyDocument"])
            iot.create_policy(policyName=name, policyDocument=document)
        assert len(iam.list_role_policies(RoleName="devices")["PolicyNames"]) == 4
        assert iot.list_role_aliases()["roleAliases"] == ["line-token-exchange"]
        assert len(iot.list_policies()["policies"]) == 4
