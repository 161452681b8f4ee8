"""Source code of functions that run as components: what the V1 SDK and the AWS SDK get there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ggfleet.model import Fleet, Function, Severity
from ggfleet.spec.rules import pages
from ggfleet.spec.rules.components import WANTED
from ggfleet.spec.rules.parts import python_files, text_of
from ggfleet.spec.rules.registry import SPEC, V2, Finding, of_files

AWS_SDK = re.compile(r"^\s*(?:import|from) (?:boto3|botocore|aioboto3|aiobotocore)\b", re.MULTILINE)
V1_CALL = re.compile(r"greengrasssdk\.client\(\s*[\"']lambda[\"']")

_HANDLER = "def handler(event, context):\n    pass\n"


@of_files(
    "component-credentials",
    Severity.WARNING,
    V2,
    reason="A V1 core gives every function the credentials of the group's role. A component gets "
    "those of the token exchange role only when it depends on the token exchange service; without "
    "it the AWS SDK finds none.",
    source=f"{pages.ROLE_V2}; {pages.IPC}",
    fix="Write credentials: true for the function, and let the token exchange role do what it "
    "calls.",
    example={SPEC: WANTED, "code/function.py": f"import boto3\n\n\n{_HANDLER}"},
)
def callers_of_aws_have_credentials(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """A component that uses the AWS SDK asks for credentials."""
    for function in _components(fleet):
        if not function.credentials and (found := _first(function, AWS_SDK, root)):
            yield (
                f"functions.{function.name}",
                f"imports the AWS SDK in {found}, and has no credentials on V2",
                "write credentials: true",
            )


@of_files(
    "component-invoke",
    Severity.WARNING,
    V2,
    reason="The adapter carries messages, and asks for secrets and shadows. A call of another "
    "function raises an error there: V2 has messages and no invocations.",
    source=f"{pages.OWN}; {pages.MIGRATION}",
    fix="Publish on a topic that the other function subscribes to.",
    example={
        SPEC: WANTED,
        "code/function.py": 'import greengrasssdk\n\nclient = greengrasssdk.client("lambda")\n\n\n'
        + _HANDLER,
    },
)
def functions_are_not_called(fleet: Fleet, root: Path) -> Iterator[Finding]:
    """A component does not call another function."""
    for function in _components(fleet):
        if found := _first(function, V1_CALL, root):
            yield (
                f"functions.{function.name}.source",
                f"calls functions by the V1 SDK in {found}, which no component is answered",
                "publish on a topic that the other function subscribes to",
            )


def _components(fleet: Fleet) -> Iterator[Function]:
    if fleet.components.wanted:
        yield from (each for each in fleet.functions.values() if each.in_python)


def _first(function: Function, pattern: re.Pattern[str], root: Path) -> str:
    """File and line of the first fit, or nothing."""
    for folder in function.sources:
        for file in python_files(folder):
            text = text_of(file)
            if match := pattern.search(text):
                told = file.relative_to(root) if file.is_relative_to(root) else file
                line = text.count("\n", 0, match.end()) + 1
                return f"{told}:{line}"
    return ""
