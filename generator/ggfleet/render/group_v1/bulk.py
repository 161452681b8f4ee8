"""One bulk deployment of all groups: an input file, and the call that takes it.

The service reads JSON Lines of less than 100 MB from S3 (no SSE-KMS) and runs one bulk deployment
at a time for an account and Region (developer guide, bulk-deploy-cli).
"""

from __future__ import annotations

from collections.abc import Iterator

from ggfleet.model import Document, Fleet, Json
from ggfleet.render.group_v1.calls import Request
from ggfleet.render.group_v1.names import (
    answer,
    archive_prefix,
    archive_uri,
    core_folder,
    partition,
)

INPUT = "bulk-deployment.jsonl"
BODY = "bulk-deployment.json"


def bulk_deployment(fleet: Fleet) -> Iterator[Request]:
    """A line for each group, and StartBulkDeployment."""
    lines = [_line(f"{core_folder(core)}/group.json") for core in fleet.cores]
    if not lines:
        return
    yield Request(Document(INPUT, lines, lines=True))
    body: Json = {
        "ExecutionRoleArn": _role(fleet),
        "InputFileUri": archive_uri(fleet, f"{archive_prefix(fleet)}{INPUT}"),
    }
    yield Request(Document(BODY, body), "greengrass", "StartBulkDeployment", upload=INPUT)


def _line(group: str) -> dict[str, Json]:
    return {
        "GroupId": answer(group, "Id"),
        "GroupVersionId": answer(group, "LatestVersion"),
        "DeploymentType": "NewDeployment",
    }


def _role(fleet: Fleet) -> str:
    # It trusts greengrass.amazonaws.com, may create deployments, and reads the file.
    name = f"{fleet.name}-bulk-deployment"
    return f"arn:{partition(fleet.aws.region)}:iam::{fleet.aws.account}:role/{name}"
