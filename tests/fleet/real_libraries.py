"""The sample's edge runtime as devices get it: wheels, and an archive of `ggfleet bundle`."""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fleet.system import NATIVE
from functional.digits_sample import ROOT, trained_model
from functional.ggfleet_command import ggfleet

LOCK = ROOT / "lambda/requirements/edge-runtime.txt"
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
PYTHON, GLIBC = "3.11", "2.36"  # of Debian 12
IMPORTS = {"greengrass_ml_libraries_imports": ["numpy", "ai_edge_litert.interpreter"]}
SPEC = f"""\
fleet: real
aws: {{region: eu-west-1, account: "123456789012", bucket: some-bucket}}
platforms: {{pc: {{architecture: {MACHINES.get(NATIVE, NATIVE)}, python: "{PYTHON}", glibc: "{GLIBC}"}}}}
cores: {{inventory: hosts.yml, groups: {{pcs: pc}}}}
libraries:
  edge-runtime: {{requirements: {LOCK}, install: ml-resource, destination: /mllibs}}
functions:
  fn:
    {{source: code, handler: function.handler, timeout: 5 s, isolation: none, pinned: true,
     libraries: [edge-runtime]}}
"""
# Answers all digits of the sample with the libraries that PYTHONPATH leads to.
INFER = """\
import json, sys
import numpy as np
from ai_edge_litert import interpreter

model = interpreter.Interpreter(model_path="/opt/digits.tflite")
run = model.get_signature_runner("serving_default")
lines = [json.loads(line) for line in open("/opt/samples.jsonl")]
answers = [run(image=np.array([line["payload"]["image"]], np.float32))["probabilities"].argmax() for line in lines]
right = sum(int(answer) == line["label"] for answer, line in zip(answers, lines))
print(json.dumps({"right": right, "of": len(lines), "numpy": np.__file__, "runtime": interpreter.__file__}))
"""


def os_pip(folder: Path) -> dict[str, Any]:
    """Fetch the wheels of the lock as docs/ml-libraries.md says; return the inputs, or skip."""
    tags = [f"--platform=manylinux_2_{minor}_{MACHINES[NATIVE]}" for minor in range(17, 37)]
    argv: list[str | Path] = [
        sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary=:all:",
        "--no-deps", f"--python-version={PYTHON}", *tags, f"--dest={folder}", f"--requirement={LOCK}",
    ]  # fmt: skip
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    _skip_without_index(done)
    assert done.returncode == 0, done.stderr
    wheels = sorted(folder.glob("*.whl"))
    sums = (f"{hashlib.sha256(wheel.read_bytes()).hexdigest()}  {wheel.name}\n" for wheel in wheels)
    (folder / "SHA256SUMS").write_text("".join(sums))
    return {
        "greengrass_ml_libraries_strategy": "os-pip",
        "greengrass_ml_libraries_source": str(folder),
        "greengrass_ml_libraries_requirements": str(LOCK),
        **IMPORTS,
    }


def ml_resource(folder: Path) -> dict[str, Any]:
    """Build the archive; return the inputs, or skip."""
    (folder / "code").mkdir()
    (folder / "code/function.py").write_text("def handler(event, context):\n    pass\n")
    (folder / "hosts.yml").write_text("pcs:\n  hosts:\n    real-1:\n")
    (folder / "fleet.yml").write_text(SPEC)
    done = ggfleet("bundle", folder / "fleet.yml", "--out", folder / "bundles")
    _skip_without_index(done)
    assert done.returncode == 0, done.stderr
    return {
        "greengrass_ml_libraries_strategy": "ml-resource",
        "greengrass_ml_libraries_manifest": str(folder / "bundles/manifest.json"),
        "greengrass_ml_libraries_name": "edge-runtime",
        "greengrass_ml_libraries_platform": "pc",
        **IMPORTS,
    }


def _skip_without_index(done: subprocess.CompletedProcess[str]) -> None:
    said = done.stderr.splitlines()
    if done.returncode and not index_answers():
        pytest.skip(f"no package index answers: {said[-1] if said else done.returncode}")


@functools.cache
def index_answers() -> bool:
    """Whether the package index of this machine can be asked at all."""
    argv = [sys.executable, "-m", "pip", "index", "versions", "--quiet", "numpy"]
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


def model_files() -> dict[str, Path]:
    """Return the model and its digits, by their places on a host."""
    names = ("digits.tflite", "samples.jsonl")
    return {f"/opt/{name}": trained_model() / name for name in names}


def right_answers(told: str) -> tuple[int, int, str, str]:
    """Return how many digits were answered right, of how many, and where both packages came from."""
    answer = json.loads(told.splitlines()[-1])
    return answer["right"], answer["of"], answer["numpy"], answer["runtime"]
