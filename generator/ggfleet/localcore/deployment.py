"""What a core is told to run: one deployment, in frozen values read from the rendered documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

CLOUD = "cloud"
"""The end of a subscription that stands for AWS IoT Core."""

SHADOW_SERVICE = "GGShadowService"
"""The end of a subscription that stands for the core's shadow service."""


@dataclass(frozen=True)
class Policy:
    """One resource that a function may use. `permission` is `ro`, `rw` or empty."""

    resource: str
    permission: str = ""


@dataclass(frozen=True)
class MlResource:
    """An archive in S3 whose files appear at `destination` (absolute). `owner` may be empty."""

    id: str
    name: str
    s3_uri: str
    destination: str
    owner: str = ""


@dataclass(frozen=True)
class VolumeResource:
    """A folder of the host that containers see at `destination`; both are absolute."""

    id: str
    name: str
    source: str
    destination: str


@dataclass(frozen=True)
class CoreFunction:
    """A function as the group deploys it; `timeout` in seconds for each call, `memory` in KB.

    `package` is the S3 URI of its Lambda package, `contained` says GreengrassContainer.
    """

    arn: str
    handler: str
    runtime: str
    package: str
    pinned: bool = False
    timeout: int = 3
    memory: int = 0
    contained: bool = True
    encoding: str = "json"
    variables: Mapping[str, str] = field(default_factory=dict)
    policies: tuple[Policy, ...] = ()

    @property
    def name(self) -> str:
        """The function's name within its ARN."""
        return self.arn.split(":")[6]

    @property
    def region(self) -> str:
        """The Region within the ARN."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account number within the ARN."""
        return self.arn.split(":")[4]


@dataclass(frozen=True)
class CoreSubscription:
    """Messages from `source` on topics that fit the filter `subject` go to `target`."""

    source: str
    subject: str
    target: str


@dataclass(frozen=True)
class CoreLogger:
    """Where a component's log goes; `space` in KB."""

    component: str
    level: str
    type: str
    space: int = 128


@dataclass(frozen=True)
class CoreDeployment:
    """Everything one core runs. `notes` name what the documents hold and this core leaves out."""

    group: str
    thing_name: str
    thing_arn: str
    functions: tuple[CoreFunction, ...]
    resources: tuple[MlResource, ...] = ()
    volumes: tuple[VolumeResource, ...] = ()
    subscriptions: tuple[CoreSubscription, ...] = ()
    loggers: tuple[CoreLogger, ...] = ()
    notes: tuple[str, ...] = ()

    def resources_of(self, function: CoreFunction) -> tuple[MlResource, ...]:
        """The ML resources that a function's policies attach to it."""
        attached = {policy.resource for policy in function.policies}
        return tuple(r for r in self.resources if r.id in attached)

    def volumes_of(self, function: CoreFunction) -> tuple[VolumeResource, ...]:
        """The local volumes that a function's policies attach to it."""
        attached = {policy.resource for policy in function.policies}
        return tuple(v for v in self.volumes if v.id in attached)

    def lambda_logger(self) -> CoreLogger:
        """How functions log: to files, INFO, 128 KB unless a logger says otherwise."""
        for logger in self.loggers:
            if logger.component == "Lambda" and logger.type == "FileSystem":
                return logger
        return CoreLogger("Lambda", "INFO", "FileSystem")
