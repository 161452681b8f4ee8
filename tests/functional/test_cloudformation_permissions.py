"""What roles in templates of V1 allow, and that a judge notices more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from functional.cloudformation_cases import access_templates, allow
from functional.cloudformation_judges import (
    FLEET,
    Tree,
    of_type,
    permission_problems,
    statements,
)
from functional.v1_service import documents_of
from golden.test_golden_cloudformation import GOOD, render_case


@pytest.mark.parametrize("case", GOOD)
def test_permissions_are_least(case: str) -> None:
    for path, template in documents_of(render_case(case)).items():
        assert permission_problems(template) == [], path


def test_every_wildcard_is_used_and_explained() -> None:
    """Neither list of exceptions grows beyond what IAM demands."""
    used = [
        resource
        for case in ("access", "calls_aws")
        for _, statement in statements(documents_of(render_case(case))[FLEET])
        for resource in statement.get("Resource", [])
        if "*" in str(resource)
    ]
    samples = [f"arn:aws:s3:::line-samples/{each}*" for each in ("", "unsure")]
    logs = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/greengrass"
    assert sorted(used) == sorted(
        [
            "*",
            *samples,
            f"{logs}/GreengrassSystem/*",
            f"{logs}/Lambda/eu-west-1/123456789012/line-classify-gateway:*",
            f"{logs}/Lambda/eu-west-1/123456789012/line-echo-gateway:*",
        ]
    )
    docs = (Path(__file__).parents[2] / "docs/cloudformation.md").read_text()
    assert "GreengrassSystem/*" in docs
    assert "log-group:/aws/greengrass/Lambda/REGION/ACCOUNT/FUNCTION:*" in docs
    assert "`cloudwatch:PutMetricData`" in docs
    assert "BUCKET/PREFIX*" in docs


def test_connectors_get_what_their_parameters_tell() -> None:
    """And nothing is allowed to those that call nothing, or that are not known."""
    template = documents_of(render_case("calls_aws"))[FLEET]
    allowed = {
        s["Sid"]: (s["Action"], s["Resource"])
        for name, s in statements(template)
        if name == "GroupRole" and "Sid" in s
    }
    assert set(allowed) == {
        *("WriteLogs", "PutMetrics", "PutRecords", "PublishToTopic", "ReadComposeFile"),
        *("PutMessages", "PutSamples", "FindModel"),
    }
    stream = "arn:aws:firehose:eu-west-1:123456789012:deliverystream/found"
    assert allowed["PutRecords"] == (["firehose:PutRecord", "firehose:PutRecordBatch"], [stream])
    jobs = [
        f"arn:aws:sagemaker:eu-west-1:123456789012:training-job/{n}" for n in ("digits", "faces")
    ]
    assert allowed["FindModel"] == (["sagemaker:DescribeTrainingJob"], jobs)
    assert "GroupRolePolicies" in template["Parameters"]


def test_roles_are_those_that_are_needed() -> None:
    """Logs in CloudWatch make a group role; archives, models elsewhere and secrets a policy."""
    templates = documents_of(render_case("access"))
    assert set(of_type(templates[FLEET], "::IAM::Role")) == {"LambdaRole", "GroupRole"}
    allowed = {s["Sid"]: s["Resource"] for _, s in statements(templates[FLEET]) if "Sid" in s}
    assert [str(each).rsplit("/", 1)[1] for each in allowed["ReadArchives"]] == [
        "numpy-gateway-8ad724b38b529cbd.zip'}",
        "digits.zip",
    ]
    assert allowed["ReadSecrets"] == [
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:line-token-AbCdEf"
    ]
    least = documents_of(render_case("smallest"))[FLEET]
    assert set(of_type(least, "::IAM::Role")) == {"LambdaRole"}
    assert of_type(least, "::IAM::RolePolicy") == {}
    assert "Policies" not in of_type(least, "::IAM::Role")["LambdaRole"]


def widen(template: Tree) -> None:
    allow(template, "ReadArchives")["Resource"] = ["arn:aws:s3:::line-bucket/*"]


def any_resource(template: Tree) -> None:
    allow(template, "ReadSecrets")["Resource"] = "*"


def any_action(template: Tree) -> None:
    allow(template, "WriteLogs")["Action"] = ["logs:*"]


def all_but(template: Tree) -> None:
    allow(template, "FindBuckets")["NotResource"] = "arn:aws:s3:::other"


def wider_logs(template: Tree) -> None:
    allow(template, "WriteLogs")["Resource"] = ["arn:aws:logs:eu-west-1:123456789012:*"]


@pytest.mark.parametrize("mutate", [widen, any_resource, any_action, all_but, wider_logs])
def test_a_wider_permission_is_noticed(mutate: Callable[[Tree], None]) -> None:
    template = access_templates()[FLEET]
    mutate(template)
    assert len(permission_problems(template)) == 1
