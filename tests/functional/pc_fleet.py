"""A fleet of one PC with one library and one function, for the command; and keys to sign with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SPEC = """\
fleet: line
aws: {region: eu-west-1, account: "123456789012", bucket: line-greengrass}
platforms: {pc: {architecture: x86_64, python: "3.11", glibc: "2.36"}}
cores: {inventory: hosts.yml, groups: {pcs: pc}}
libraries:
  ml: {requirements: ml.txt, install: ml-resource, destination: /ml}
functions:
  fn: {source: fn, handler: fn.handler, memory: 64 MiB, libraries: [ml]}
"""

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def write_pc_fleet(folder: Path, requirement: str) -> None:
    """Write the spec and what it names; the library is what the folder `wheels` has of it."""
    write_requirement(folder, requirement)
    (folder / "fn").mkdir()
    (folder / "fn/fn.py").write_text("def handler(event, context):\n    return event\n")
    (folder / "fleet.yml").write_text(SPEC)
    (folder / "hosts.yml").write_text("pcs:\n  hosts:\n    pc-1: {}\n")


def write_requirement(folder: Path, requirement: str) -> None:
    """Let the library be another one."""
    (folder / "ml.txt").write_text(f"--no-index\n--find-links wheels\n{requirement}\n")


def write_key(folder: Path, key: Key, password: bytes = b"") -> Path:
    """Write `key.pem` and `public.pem`."""
    hidden = BestAvailableEncryption(password) if password else NoEncryption()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "key.pem").write_bytes(private)
    (folder / "public.pem").write_bytes(public)
    return folder / "key.pem"
