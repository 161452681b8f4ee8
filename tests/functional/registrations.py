"""Two cores to be made known to a stand-in for AWS IoT and IAM, and what tests do with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from fleet.pki import common_name
from ggfleet.cloud import Leave, Reader, perform, plan_departure, plan_registration
from ggfleet.cloud.plan import Outcome
from ggfleet.cloud.requests import checked_request
from ggfleet.lint import load, with_stand_ins
from ggfleet.model import Device, Manifest, Registration
from ggfleet.render import Generation
from ggfleet.render.registration import registration
from ggfleet.system.progress import Silent
from iot_support import Iot

SPEC = """\
fleet: {name}
aws: {{region: eu-west-1, account: "123456789012", bucket: some-bucket}}
platforms:
  pc: {{architecture: x86_64, python: "3.11", glibc: "2.36"}}
cores: {{inventory: hosts.yml, groups: {{pcs: pc}}}}
components: {{prefix: com.example}}
functions:
  fn: {{source: code, handler: function.handler, timeout: 5 s, isolation: none, pinned: true}}
subscriptions:
  - {{from: cloud, topic: ask/this, to: fn}}
  - {{from: fn, topic: tell/that, to: cloud}}
"""


def write_two_cores(folder: Path, name: str) -> Path:
    """Write a spec with two cores into a folder."""
    (folder / "code").mkdir()
    (folder / "code/function.py").write_text("def handler(event, context):\n    pass\n")
    (folder / "hosts.yml").write_text(f"pcs:\n  hosts:\n    {name}-a:\n    {name}-b:\n")
    path = folder / "fleet.yml"
    path.write_text(SPEC.format(name=name))
    return path


def wanted_of(spec: Path, generation: Generation = Generation.V2) -> Registration:
    fleet = load(spec)
    return registration(fleet, with_stand_ins(fleet, Manifest()), generation)


def request_of(name: str, key: Any = None) -> str:
    """A signing request as PEM, with a key of its own unless one is given."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateSigningRequestBuilder(common_name(name))
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def register(
    wanted: Registration, iot: Iot, requests: dict[str, str] | None = None, clients: Any = None
) -> Outcome:
    used = clients or iot.clients()
    plan = plan_registration(wanted, requests or {}, Reader(used), Silent())
    return perform(plan, used, Silent())


def depart(device: Device, leave: Leave, iot: Iot) -> Outcome:
    plan = plan_departure([device], leave, iot.reader(), Silent())
    return perform(plan, iot.clients(), Silent())


@dataclass
class Cut:
    """A client that raises before its `after`-th call that changes something."""

    client: Any
    after: int
    made: list[str] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self.client, name)
        if name.startswith(("describe_", "list_", "get_", "can_")):
            return attribute

        def call(**arguments: Any) -> Any:
            if len(self.made) >= self.after:
                raise InterruptedError("the line was cut")
            self.made.append(name)
            return attribute(**arguments)

        return call


def key_of_request(request: str) -> bytes:
    """The public key that a signing request is for."""
    return checked_request("x", request)
