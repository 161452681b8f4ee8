"""A fleet that deploys in a moment: one tiny library as ML resource, one model, one function."""

from __future__ import annotations

import json
from pathlib import Path

from ggfleet.bundle import host_platform
from unit.wheelmaker import make_wheel

FUNCTION = """\
import json, os, sys
sys.path.append(os.environ["AWS_GG_RESOURCE_PREFIX"].rstrip("/") + "/mllibs")
import tinylib
import greengrasssdk

client = greengrasssdk.client("iot-data")
prefix = os.environ["AWS_GG_RESOURCE_PREFIX"].rstrip("/")
model = open(prefix + "/models/m/weights").read()
files = sorted(os.listdir(prefix + "/models/m"))


def handler(event, context):
    if "divide" in event:
        1 / event["divide"]
    topic = event.get("answer_on", "small/result")
    answer = {"lib": tinylib.value, "model": model, "files": files, "echo": event}
    client.publish(topic=topic, payload=json.dumps(answer))
"""


def small_fleet(folder: Path, isolation: str = "none") -> Path:
    """Write the fleet into a folder, for a platform like this machine; returns the spec."""
    here = host_platform()
    make_wheel(folder / "wheels", "tinylib", files={"tinylib.py": "value = 42\n"})
    (folder / "tinylib.txt").write_text("--no-index\n--find-links wheels\ntinylib==1.0\n")
    (folder / "sdk.txt").write_text("greengrasssdk==1.6.1\n")
    (folder / "code").mkdir()
    (folder / "code/function.py").write_text(FUNCTION)
    (folder / "m").mkdir()
    (folder / "m/weights").write_text("first")
    (folder / "hosts.yml").write_text(
        "pcs:\n  hosts:\n    pc-1: {greengrass_certificate_arn: 'arn:aws:iot:eu-west-1:123456789012:cert/c'}\n"
    )
    memory = "memory: 64 MiB" if isolation == "container" else "pinned: true"
    spec = folder / "fleet.yml"
    spec.write_text(f"""\
fleet: small
aws: {{region: eu-west-1, account: "123456789012", bucket: small-greengrass}}
platforms:
  pc: {{architecture: {here.architecture}, python: "{here.python}", glibc: "{here.glibc}"}}
cores: {{inventory: hosts.yml, groups: {{pcs: pc}}}}
libraries:
  tinylib: {{requirements: tinylib.txt, install: ml-resource, destination: /mllibs}}
  sdk: {{requirements: sdk.txt, install: in-function}}
models:
  m: {{source: m, version: 1.0.0, destination: /models/m}}
functions:
  fn:
    source: code
    handler: function.handler
    timeout: 5 s
    isolation: {isolation}
    {memory}
    libraries: [tinylib, sdk]
    models: [m]
subscriptions:
  - {{from: cloud, topic: small/request, to: fn}}
  - {{from: fn, topic: small/result, to: cloud}}
""")
    return spec


def lines(*payloads: object, topic: str = "small/request") -> str:
    """Messages as `ggfleet run` reads them."""
    return "".join(json.dumps({"topic": topic, "payload": payload}) + "\n" for payload in payloads)
