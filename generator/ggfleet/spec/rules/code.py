"""What the functions' own source code says that a target does not do.

Only what is written out in a call is judged: a topic that the code composes is not known here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import SHADOW, Fleet, Function, Secret, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.filters import has_wildcard, overlap
from ggfleet.spec.rules.registry import LITE, V2, Finding, of_files
from ggfleet.spec.rules.source import (
    HANDLER,
    PREFIX,
    V1_ALONE,
    called,
    calling,
    clients,
    nodes,
    place,
    streams,
    tell,
)

SHADOW_CALLS = frozenset({"get_thing_shadow", "update_thing_shadow", "delete_thing_shadow"})


def _published(fleet: Fleet) -> Iterator[tuple[Function, Path, ast.AST, str]]:
    """The calls `publish(topic="...")`, with the topic."""
    for function, file, node in nodes(fleet):
        if isinstance(node, ast.Call) and called(node) == "publish":
            topics = [keyword.value for keyword in node.keywords if keyword.arg == "topic"]
            for topic in topics:
                if isinstance(topic, ast.Constant) and isinstance(topic.value, str):
                    yield function, file, node, topic.value


@of_files(
    "code-publish-wildcard",
    Severity.ERROR,
    reason="A message is published on one topic; wildcards are for subscriptions.",
    source=pages.TOPICS,
    fix="Publish on the topic itself.",
    example=calling('client.publish(topic="digits/+/result", payload="{}")'),
)
def topics_of_messages_are_exact(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code publishes on topics without wildcards."""
    for function, file, node, topic in _published(fleet):
        if has_wildcard(topic):
            at, where = place(function, file, node, root)
            yield (
                at,
                f"publishes on {topic!r} in {where}: a topic has no wildcard",
                "name the topic",
            )


@of_files(
    "code-publish-dropped",
    Severity.WARNING,
    reason="A message that no subscription of its function fits is dropped without a word, and on "
    "V2 the function has no right to publish it.",
    source=pages.TOPICS,
    fix="Add a subscription from the function, or correct the topic.",
    example=calling('client.publish(topic="digits/reslut", payload="{}")'),
)
def messages_have_a_way(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """What code publishes fits a subscription of its function."""
    for function, file, node, topic in _published(fleet):
        own = [each.topic for each in fleet.subscriptions if each.source == function.name]
        if not has_wildcard(topic) and not any(overlap(each, topic) for each in own):
            at, where = place(function, file, node, root)
            yield (
                at,
                f"publishes on {topic!r} in {where}, which no subscription from {function.name} "
                "fits",
                f"add {{from: {function.name}, topic: {topic}, to: ...}}, or correct the topic",
            )


@of_files(
    "code-resource-prefix",
    Severity.WARNING,
    reason="Joining paths drops everything before an absolute one: what is joined to "
    "AWS_GG_RESOURCE_PREFIX that way is the path on the host, where no ML resource lies.",
    source=pages.ML_RESOURCES,
    fix="Join the destination without its first slash.",
    example={
        "code/function.py": "import os\n\n"
        'MODEL = os.path.join(os.environ["AWS_GG_RESOURCE_PREFIX"], "/models")\n\n\n'
        + HANDLER
        + "    pass\n"
    },
)
def the_prefix_is_kept(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code does not join an absolute path to AWS_GG_RESOURCE_PREFIX."""
    for function, file, node in nodes(fleet):
        if isinstance(node, ast.Call) and called(node) == "join" and len(node.args) > 1:
            first, second = node.args[0], node.args[1]
            absolute = isinstance(second, ast.Constant) and str(second.value).startswith("/")
            if absolute and PREFIX in ast.dump(first):
                at, where = place(function, file, node, root)
                message = f"joins an absolute path to {PREFIX} in {where}, which drops the prefix"
                yield at, message, "join it without its first slash"


@of_files(
    "code-shadow",
    Severity.NOTE,
    V2,
    reason="V1 cores answer the SDK's calls to the local shadow service unasked. On classic the "
    "adapter asks the shadow manager, which wants a policy: it comes of a subscription to shadow "
    "on the call's topic. An imported Lambda gets no answer, and nucleus lite has no shadows.",
    source=f"{pages.MIGRATION}; {pages.RUNTIMES}",
    fix="Write {from: FUNCTION, topic: $aws/things/THING/shadow/get, to: shadow} (classic), or use "
    "the topics of AWS IoT's shadows (lite).",
    example=calling('client.get_thing_shadow(thingName="pi-01")'),
)
def shadow_calls_are_for_v1(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """The V1 SDK's shadow calls need a subscription to shadow on V2."""
    allowed = {each.source for each in fleet.subscriptions if each.target == SHADOW}
    for function, file, node in nodes(fleet):
        if function.name in allowed or not isinstance(node, ast.Call):
            continue
        if called(node) in SHADOW_CALLS:
            at, where = place(function, file, node, root)
            message = f"calls {called(node)} in {where}, which no subscription to shadow allows"
            yield at, message, "add one on the call's topic; nucleus lite has no shadows"


@of_files(
    "code-secret",
    Severity.WARNING,
    reason="A function reads the secrets that it has attached; for any other a V1 core answers "
    "that it is not found, and V2 that access is denied.",
    source=pages.SECRETS,
    fix="Define the secret under resources and attach it to the function.",
    example={
        "code/function.py": "import greengrasssdk\n\n"
        'client = greengrasssdk.client("secretsmanager")\n\n\n' + HANDLER + "    pass\n"
    },
)
def secrets_are_attached(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code that reads secrets has one attached."""
    secrets = {name for name, each in fleet.resources.items() if isinstance(each, Secret)}
    found = clients(fleet, "secretsmanager")
    without = (each for each in found if not secrets.intersection(each[0].resources))
    message = "reads secrets in {where}, and {function} has none attached"
    yield from tell(without, root, message, "define the secret under resources and attach it")


@of_files(
    "code-stream",
    Severity.NOTE,
    LITE,
    reason="Nucleus lite runs no stream manager, which is a component for the classic nucleus.",
    source=f"{pages.RUNTIMES}; {pages.LITE_RECIPES}",
    fix="Publish over MQTT, or send with the AWS SDK and the component's own credentials.",
    example={
        "code/function.py": "import greengrasssdk\n\n"
        'client = greengrasssdk.client("streammanager")\n\n\n' + HANDLER + "    pass\n"
    },
)
def lite_has_no_streams(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Nucleus lite has no stream manager."""
    message = "uses the stream manager in {where}, which nucleus lite lacks"
    yield from tell(streams(fleet), root, message, "publish over MQTT, or send with the AWS SDK")


@of_files(
    "code-variables",
    Severity.NOTE,
    V2,
    reason="A Lambda component gets most variables of a V1 core, but not GROUP_ID, "
    "AWS_IOT_THING_ARN and AWS_GREENGRASS_GROUP_NAME: V2 has no groups.",
    source=f"{pages.RUN_LAMBDAS}; variables of a Lambda component on a device",
    fix="Give the function a variable of its own with what it needs.",
    example={
        "code/function.py": 'import os\n\nGROUP = os.environ["GROUP_ID"]\n\n\n'
        + HANDLER
        + "    pass\n"
    },
)
def groups_are_of_v1(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """Code that asks for its V1 group finds none on V2."""
    for function, file, node in nodes(fleet):
        if isinstance(node, ast.Constant) and node.value in V1_ALONE:
            at, where = place(function, file, node, root)
            message = f"asks for {node.value} in {where}, which V2 does not set"
            yield at, message, "give it a variable of its own"
