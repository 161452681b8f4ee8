"""Rules on how functions use the Core SDK: calls that they leave alone, and where the SDK is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ggfleet.lint import check
from ggfleet.spec.rules.parts import python_files
from unit.rule_bounds import told
from unit.rule_examples import check_example, found, fresh, read_hosts

CODE = "import greengrasssdk\n\n%s\n\n\ndef handler(event, context):\n    pass\n"
SOURCES = {
    "a client of boto3": ("code-client", 'boto3.client("iot")'),
    "a client by a variable": ("code-client", "greengrasssdk.client(NAME)"),
    "a policy of the SDK": ("code-queue-policy", 'client.publish(topic="a", queueFullPolicy="BestEffort")'),
    "a qualified ARN": (
        "code-invoke",
        'greengrasssdk.client("lambda").invoke(FunctionName="arn:aws:lambda:r:a:function:f:pi", InvocationType="Event")',
    ),
    "an ARN and its qualifier": (
        "code-invoke",
        'greengrasssdk.client("lambda").invoke(FunctionName="arn:aws:lambda:r:a:function:f", Qualifier="pi")',
    ),
    "boto3's own invoke": ("code-invoke", 'boto3.client("lambda").invoke(InvocationType="DryRun")'),
    "a secret by stage": (
        "code-secret-version",
        'greengrasssdk.client("secretsmanager").get_secret_value(SecretId="a", VersionStage="AWSCURRENT")',
    ),
    "boto3's own secrets": ("code-secret-version", 'boto3.client("secretsmanager").get_secret_value(VersionId="1")'),
    "a loop that ends": ("code-loop", "while True:\n    break"),
    "a loop in a function": ("code-loop", "def run():\n    while True:\n        pass"),
    "no stream manager": ("code-stream-missing", 'greengrasssdk.client("iot-data")'),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "line"), SOURCES.values(), ids=SOURCES)
def test_a_rule_on_code_leaves_alone(rule: str, line: str, tmp_path: Path) -> None:
    checked = check_example(tmp_path / "spec", {"code/function.py": CODE % line})
    assert rule not in found(checked)


def test_the_sdk_may_come_in_several_ways(tmp_path: Path) -> None:
    """In a requirements file, by a file that one names, or as a folder beside the code."""
    library = "libraries: {sdk: {requirements: libraries.txt, install: in-function}}\nfunctions: {classify: {libraries: [sdk]}}"
    code = {"code/function.py": CODE % ""}
    assert told(check_example(tmp_path / "none", code), "code-sdk")
    assert told(check_example(tmp_path / "numpy", {"fleet.yml": library, **code}), "code-sdk")
    for number, text in enumerate(("greengrasssdk==1.6.1\n", "-r other.txt\n")):
        files = {"fleet.yml": library, "libraries.txt": text, **code}
        assert not told(check_example(tmp_path / str(number), files), "code-sdk")


def test_streams_are_known_by_both_names(tmp_path: Path) -> None:
    """The client of the SDK's function, and that of its module; listed, neither is told."""
    for number, line in enumerate(
        ('greengrasssdk.client("streammanager")', "from greengrasssdk.stream_manager import Util")
    ):
        code = {"code/function.py": CODE % line}
        assert told(check_example(tmp_path / f"{number}a", code), "code-stream-missing")
        listed = {"fleet.yml": "system_functions: {stream_manager: {}}", **code}
        assert not told(check_example(tmp_path / f"{number}b", listed), "code-stream-missing")


def test_a_folder_is_walked_once_for_all_rules_and_again_for_the_next_check(tmp_path: Path) -> None:
    """A file that comes between two checks is seen by the second."""
    spec = fresh(tmp_path / "spec") / "fleet.yml"
    check(spec, read_hosts)
    asked = python_files.cache_info()
    assert asked.misses == 1
    assert asked.hits > 5
    late = spec.parent / "code/late.py"
    late.write_text("")
    check(spec, read_hosts)
    assert late in python_files(spec.parent / "code")
