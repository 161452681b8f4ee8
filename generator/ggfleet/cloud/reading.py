"""What AWS IoT and IAM know already. Reads only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ggfleet.cloud.errors import REGISTRATION, code_of, explained
from ggfleet.cloud.session import Client, Clients
from ggfleet.model import Json

MISSING = ("ResourceNotFoundException", "NoSuchEntity")
ACTIVE, INACTIVE, REVOKED = "ACTIVE", "INACTIVE", "REVOKED"


@dataclass(frozen=True)
class Found:
    """A certificate: `status` is ACTIVE, INACTIVE, REVOKED or one of a transfer."""

    arn: str
    id: str
    pem: str
    status: str


class Reader:
    """Answers without exceptions for what is merely not there.

    Raises `CloudError` when a service refuses or is silent.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def thing(self, name: str) -> bool:
        """Whether a thing is there."""
        return self._find("iot", "describe_thing", f"the thing {name}", thingName=name) is not None

    def group(self, name: str) -> dict[str, Any] | None:
        """A thing group; one with a `queryString` chooses its things itself."""
        what = f"the thing group {name}"
        return self._find("iot", "describe_thing_group", what, thingGroupName=name)

    def groups_of(self, thing: str) -> list[str]:
        """The names of the groups that a thing was put into."""
        what = f"the groups of {thing}"
        listed = self._pages("list_thing_groups_for_thing", "thingGroups", what, thingName=thing)
        return [each["groupName"] for each in listed]

    def certificates_of(self, thing: str) -> list[Found]:
        """The certificates that are attached to a thing."""
        what = f"the certificates of {thing}"
        principals = self._pages("list_thing_principals", "principals", what, thingName=thing)
        ids = [each.rpartition("/")[2] for each in principals if ":cert/" in each]
        found = [self.certificate(each) for each in ids]
        return [each for each in found if each is not None]

    def certificate(self, id: str) -> Found | None:  # noqa: A002 - AWS's word
        """A certificate by its id."""
        what = f"the certificate {id}"
        answer = self._find("iot", "describe_certificate", what, certificateId=id)
        if answer is None:
            return None
        told = answer["certificateDescription"]
        return Found(
            told["certificateArn"], told["certificateId"], told["certificatePem"], told["status"]
        )

    def things_of(self, arn: str) -> list[str]:
        """The things that a certificate is attached to."""
        what = f"the things of {arn}"
        return list(self._pages("list_principal_things", "things", what, principal=arn))

    def attached(self, arn: str) -> list[str]:
        """The names of the policies that a certificate has."""
        what = f"the policies of {arn}"
        return [
            each["policyName"]
            for each in self._pages("list_attached_policies", "policies", what, target=arn)
        ]

    def policy(self, name: str) -> Json:
        """The document of a policy of AWS IoT; None where there is none."""
        answer = self._find("iot", "get_policy", f"the policy {name}", policyName=name)
        document: Json = None if answer is None else json.loads(answer["policyDocument"])
        return document

    def spare_versions(self, policy: str) -> list[str]:
        """The versions of a policy that are not its default, oldest first."""
        with explained(f"reading the versions of {policy}", REGISTRATION):
            answer = self._clients.iot.list_policy_versions(policyName=policy)
        spare = [each for each in answer["policyVersions"] if not each["isDefaultVersion"]]
        return sorted((each["versionId"] for each in spare), key=int)

    def alias(self, name: str) -> str | None:
        """The ARN of the role that a role alias stands for."""
        answer = self._find("iot", "describe_role_alias", f"the role alias {name}", roleAlias=name)
        return None if answer is None else str(answer["roleAliasDescription"]["roleArn"])

    def role_trust(self, name: str) -> Json:
        """Who may assume a role; None where there is no such role."""
        answer = self._find("iam", "get_role", f"the role {name}", RoleName=name)
        trusted: Json = None if answer is None else answer["Role"]["AssumeRolePolicyDocument"]
        return trusted

    def role_policies(self, role: str) -> dict[str, Json]:
        """The policies within a role, by name."""
        with explained(f"reading the policies of {role}", REGISTRATION):
            paginator = self._clients.iam.get_paginator("list_role_policies")
            names = [n for page in paginator.paginate(RoleName=role) for n in page["PolicyNames"]]
            return {
                name: self._clients.iam.get_role_policy(RoleName=role, PolicyName=name)[
                    "PolicyDocument"
                ]
                for name in names
            }

    def endpoints(self) -> dict[str, Json]:
        """The addresses that devices of the account connect to."""
        kinds = {"data": "iot:Data-ATS", "credentials": "iot:CredentialProvider"}
        with explained("reading the endpoints of the account", REGISTRATION):
            return {
                name: self._clients.iot.describe_endpoint(endpointType=kind)["endpointAddress"]
                for name, kind in kinds.items()
            }

    def _find(
        self, service: str, operation: str, what: str, **arguments: str
    ) -> dict[str, Any] | None:
        client: Client = getattr(self._clients, service)
        with explained(f"reading {what}", REGISTRATION):
            try:
                answer: dict[str, Any] = getattr(client, operation)(**arguments)
            except ClientError as error:
                if code_of(error) in MISSING:
                    return None
                raise
            return answer

    def _pages(self, operation: str, key: str, what: str, **arguments: str) -> Iterator[Any]:
        paginator = self._clients.iot.get_paginator(operation)
        with explained(f"reading {what}", REGISTRATION):
            for page in paginator.paginate(**arguments):
                yield from page[key]
