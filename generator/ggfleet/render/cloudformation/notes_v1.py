"""What CloudFormation leaves out or changes, beyond what a V1 group itself does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ggfleet.model import Fleet, Note
from ggfleet.render.cloudformation.access import GROUP_POLICIES, calls_aws, logs_to_aws
from ggfleet.render.cloudformation.connectors import (
    STREAMS_NEED,
    connector_notes,
    connector_statements,
    more_in,
)
from ggfleet.render.cloudformation.policies import actions_of
from ggfleet.render.group_v1.lambda_function import runtime_of
from ggfleet.render.group_v1.notes import END_OF_V1 as END_OF_API
from ggfleet.render.group_v1.resource import TRAINING_JOB

END_OF_V1 = (
    "AWS ended Greengrass V1 on 2026-10-07 and its resource types with it; the templates are a "
    "record of what V1 stacks hold, and for comparing with V2"
)
NO_DEPLOYMENT = (
    "has no resource type in V1: a stack makes group versions and deploys none; run the commands "
    "in its outputs Deploy…, and reset a group's deployments before its stack is deleted"
)


def notes(fleet: Fleet, of_group: Iterable[Note], cores_apart: int) -> Iterator[Note]:
    """Every note on a fleet; `of_group` are those of `group-v1`.

    `cores_apart` is the number of templates that hold cores only.
    """
    yield Note("", END_OF_V1)
    yield Note(
        "aws.bucket",
        "has a template of its own, bucket.json: functions cannot be made before their packages "
        "are in the bucket. Leave it out when the bucket exists",
        hint=True,
    )
    yield from _cores(cores_apart)
    yield from _functions(fleet)
    yield from _runtimes(fleet)
    yield from _beside(fleet)
    yield from _jobs(fleet)
    yield from (note for note in of_group if note.message != END_OF_API)
    yield Note("deployment", NO_DEPLOYMENT, hint=True)


def _cores(apart: int) -> Iterator[Note]:
    yield Note(
        "cores",
        "things, certificates and IoT policies are not made: the cores have them already. Nor is "
        "the service role associated with the account: no resource type does that",
        hint=True,
    )
    if apart:
        yield Note(
            "cores",
            f"do not fit one template: {apart} templates group-v1/cores-NNN.json hold them, and "
            "read what they share from Parameter Store, where the stack of group-v1/fleet.json "
            "has put it",
            hint=True,
        )


def _functions(fleet: Fleet) -> Iterator[Note]:
    if fleet.functions:
        yield Note(
            "functions",
            "each is one Lambda function per platform, FLEET-FUNCTION-PLATFORM: CloudFormation "
            "publishes only the code that a function has at the time",
            hint=True,
        )


def _runtimes(fleet: Fleet) -> Iterator[Note]:
    for function in fleet.functions.values():
        at = f"functions.{function.name}"
        if function.runtime:
            message = "is left out of the group: the resource type has no FunctionRuntimeOverride"
            same = all(runtime_of(function, p) == function.runtime for p in fleet.used_platforms())
            yield Note(f"{at}.runtime", message, hint=same)
        if function.executable:
            message = (
                "makes a Lambda function with a runtime that Greengrass alone ran; that its "
                "resource type takes it was not tried"
            )
            yield Note(f"{at}.executable", message, hint=True)


def _beside(fleet: Fleet) -> Iterator[Note]:
    """Parts that call AWS with the group role, and what it does not allow."""
    yield from _given(fleet) if fleet.aws.group_role else _untold(fleet)
    if fleet.client_devices:
        message = "their things, certificates and policies are not made: they have them already"
        yield Note("client_devices", message, hint=True)


def _given(fleet: Fleet) -> Iterator[Note]:
    """A role of the spec's owner, which nothing is added to."""
    if calls_aws(fleet):
        actions = [each for s in connector_statements(fleet) for each in actions_of(s)]
        logs = ["write logs to CloudWatch"] if logs_to_aws(fleet) else []
        calls = [f"call {', '.join(actions)} for connectors"] if actions else []
        rest = [] if logs or calls else ["do what functions, streams and connectors call"]
        may = " and ".join((*logs, *calls, *rest))
        yield Note("aws.group_role", f"is taken as it is: see that it may {may}", hint=True)


def _untold(fleet: Fleet) -> Iterator[Note]:
    """What no spec tells, so that the role that is made does not allow it."""
    yield from connector_notes(fleet, GROUP_POLICIES)
    if fleet.system_functions.stream_manager is not None:
        message = (
            f"sends where functions tell it: {more_in(GROUP_POLICIES)} ({STREAMS_NEED}, "
            "on the targets)"
        )
        yield Note("system_functions.stream_manager", message, hint=True)
    for function in fleet.functions.values():
        if function.credentials:
            message = f"what it calls is not known here: {more_in(GROUP_POLICIES)}"
            yield Note(f"functions.{function.name}.credentials", message, hint=True)


def _jobs(fleet: Fleet) -> Iterator[Note]:
    for model in fleet.models.values():
        sources = [model.on(platform.name).source for platform in fleet.used_platforms()]
        if any(TRAINING_JOB in source for source in sources) and fleet.is_used(model):
            yield Note(
                f"models.{model.name}.source",
                "the job's output is not known here: see that the service role may read it",
                hint=True,
            )
