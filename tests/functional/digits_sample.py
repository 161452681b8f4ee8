"""What the tests of the sample share: a trained model, installed libraries, a core's stand-in.

The stand-in records what a function publishes through the unmodified greengrasssdk. Messages do not
travel: that is for the tests of the embedded core.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "build/models/digits"
TRAIN_PYTHON = ROOT / "build/train-venv/bin/python"
CACHE = Path.home() / ".cache/ggfleet/tests"
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:digits:test"

# Modules of these names come with a core; the SDK imports them.
CORE_MODULES = {
    "greengrass_common/__init__.py": "",
    "greengrass_common/env_vars.py": """
import os
MY_FUNCTION_ARN = os.environ["MY_FUNCTION_ARN"]
ROUTER_FUNCTION_ARN = "arn:aws:lambda:::function:GGRouter"
SHADOW_FUNCTION_ARN = "arn:aws:lambda:::function:GGShadowService"
SECRETS_MANAGER_FUNCTION_ARN = "arn:aws:lambda:::function:GGSecretManager:1"
""",
    "greengrass_common/function_arn_fields.py": """
class FunctionArnFields:
    pass
""",
    "greengrass_ipc_python_sdk/__init__.py": "",
    "greengrass_ipc_python_sdk/ipc_client.py": """
import base64, json, os

class IPCException(Exception):
    pass

class IPCClient:
    def __init__(self, endpoint):
        pass

    def post_work(self, function_arn, payload, client_context, invocation_type):
        custom = json.loads(base64.b64decode(client_context))["custom"]
        record = {"to": function_arn, "type": invocation_type, "source": custom["source"],
                  "topic": custom["subject"], "payload": payload.decode()}
        with open(os.environ["RECORD"], "a") as stream:
            stream.write(json.dumps(record) + "\\n")
""",
    # The package comes after PYTHONPATH, as on a core.
    "runtime.py": """
import json, sys
sys.path.append(sys.argv[1])
import function
for line in sys.stdin:
    event = json.loads(line)
    function.function_handler(event["json"] if "json" in event else event["text"].encode(), None)
""",
}


@dataclass(frozen=True)
class Run:
    """One run of a function: its exit code, its log, and what it published (payloads decoded)."""

    code: int
    log: str
    errors: str
    published: list[dict[str, Any]]

    def on(self, topic: str) -> list[dict[str, Any]]:
        return [message["payload"] for message in self.published if message["topic"] == topic]


def training_python() -> Path:
    if not TRAIN_PYTHON.exists():
        pytest.skip("build/train-venv is missing: run `make model`")
    return TRAIN_PYTHON


@functools.cache
def trained_model() -> Path:
    """Use the model that is there when it is newer than what it is made by, else train."""
    sources = [ROOT / "models" / name for name in ("train.py", "replace.py", "requirements.txt")]
    metrics = MODEL / "metrics.json"
    newest = max(source.stat().st_mtime for source in sources)
    if not metrics.exists() or metrics.stat().st_mtime < newest:
        command: list[str | Path] = [training_python(), ROOT / "models/train.py"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=600)
    return MODEL


def samples() -> list[dict[str, Any]]:
    text = (trained_model() / "samples.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


@functools.cache
def tensorflow_folder() -> Path:
    """Find the folder that holds TensorFlow in the training venv."""
    command: list[str | Path] = [
        training_python(),
        "-c",
        "import sysconfig; print(sysconfig.get_path('purelib'))",
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60)
    return Path(done.stdout.strip())


@functools.cache
def installed(name: str) -> Path:
    """Install lambda/requirements/<name>.txt into a folder, kept from run to run by its content."""
    requirements = ROOT / f"lambda/requirements/{name}.txt"
    python = training_python()
    key = hashlib.sha256(requirements.read_bytes() + bytes(python.readlink())).hexdigest()[:16]
    folder = CACHE / f"{name}-{key}"
    if not folder.exists():
        _install(requirements, python, folder)
    return folder


def _install(requirements: Path, python: Path, folder: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv") or Path(sys.executable).parent / "uv"
    with tempfile.TemporaryDirectory(dir=CACHE) as fresh:
        target = Path(fresh) / "packages"
        command: list[str | Path] = [
            uv,
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--only-binary",
            ":all:",
        ]
        where: list[str | Path] = [
            "--python",
            python,
            "--target",
            target,
            "--requirements",
            requirements,
        ]
        subprocess.run([*command, *where], check=True, timeout=600)
        target.rename(folder)


def make_package(folder: Path, name: str, *libraries: str) -> Path:
    """Lay out a function package: the function, the shared code, and libraries beside them."""
    for source in (ROOT / f"lambda/digits_{name}", ROOT / "lambda/digits_shared"):
        shutil.copytree(source, folder, dirs_exist_ok=True)
    for library in libraries:
        for item in installed(library).iterdir():
            if not item.name.startswith(".") and item.name != "bin":
                (folder / item.name).symlink_to(item)
    return folder


def run_function(
    package: Path, scratch: Path, variables: dict[str, str], events: list[dict[str, Any]]
) -> Run:
    """Start function.py in a process of its own and hand it events.

    An event is `{"json": ...}`, handed over decoded, or `{"text": ...}`, handed over as bytes.
    The Python has no packages (-S): what a function imports comes from its package, from
    PYTHONPATH in `variables`, or from a folder that it adds itself.
    """
    for name, text in CORE_MODULES.items():
        (scratch / name).parent.mkdir(parents=True, exist_ok=True)
        (scratch / name).write_text(text)
    record = scratch / "published.jsonl"
    record.write_text("")
    core = {"PATH": os.defpath, "HOME": str(scratch), "MY_FUNCTION_ARN": ARN, "RECORD": str(record)}
    command: list[str | Path] = [training_python(), "-S", scratch / "runtime.py", package]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    done = subprocess.run(
        command,
        input=lines,
        env={**core, **variables},
        cwd=package,
        timeout=300,
        capture_output=True,
        text=True,
        check=False,
    )
    published = [json.loads(line) for line in record.read_text().splitlines()]
    for message in published:
        message["payload"] = json.loads(message["payload"])
    return Run(done.returncode, done.stdout, done.stderr, published)
