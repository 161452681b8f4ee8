"""The device's check of a manifest's signature, and that of the machine that runs Ansible."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ggfleet.bundle import write_manifest
from ggfleet.bundle.supply.signature import FileSigner, sign_manifest
from ggfleet.model import Manifest
from module_support import module_of
from unit.factories import make_archive

PLUGINS = Path(__file__).parents[2] / "plugins"
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KEYS: dict[str, Key] = {
    "P-256": ec.generate_private_key(ec.SECP256R1()),
    "P-384": ec.generate_private_key(ec.SECP384R1()),
    "RSA": rsa.generate_private_key(65537, 2048),
}
OTHER = ec.generate_private_key(ec.SECP256R1())
Signed = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def action() -> ModuleType:
    return module_of(PLUGINS / "action/greengrass_manifest_signature.py")


def public(key: Key | ed25519.Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def certificate(key: Key) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "release")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(Encoding.PEM)


def signed(folder: Path, key: Key) -> Signed:
    """Sign a manifest as `ggfleet bundle --sign` does; return both files."""
    write_manifest(folder / "manifest.json", Manifest((make_archive(sha256="a" * 64),)))
    sign_manifest(folder, FileSigner(key))
    return (folder / "manifest.json").read_bytes(), (folder / "manifest.json.sig").read_bytes()


def ask(manifest: bytes, signature: bytes, key: bytes, *listed: str, **env: str) -> dict[str, Any]:
    """Run the module as a device does."""
    words: dict[str, Any] = {"listed": listed}
    for name, content in (("manifest", manifest), ("signature", signature), ("key", key)):
        words[name] = base64.b64encode(content).decode()
    text = (PLUGINS / "modules/greengrass_manifest_signature.py").read_text()
    program = text.replace("<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>", json.dumps(words))
    done = subprocess.run(
        [sys.executable, "-I", "-"], input=program, capture_output=True, text=True, check=True,
        env={**os.environ, **env},
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("kind", KEYS)
def test_both_take_what_is_signed_by_key_and_by_certificate(
    tmp_path: Path, action: ModuleType, kind: str
) -> None:
    files = signed(tmp_path, KEYS[kind])
    for key in (public(KEYS[kind]), certificate(KEYS[kind])):
        assert action.problem(*files, key) == ""
        assert ask(*files, key, "a" * 64) == {"changed": False, "verified": True}


@pytest.mark.parametrize("kind", KEYS)
def test_both_refuse_another_key_manifest_or_signature(
    tmp_path: Path, action: ModuleType, kind: str
) -> None:
    """A blank more in the manifest, which changes nothing of what it says, is enough."""
    manifest, signature = signed(tmp_path, KEYS[kind])
    key = public(KEYS[kind])
    for files in (
        (manifest, signature, public(OTHER)),
        (manifest + b" ", signature, key),
        (manifest, signature[:-1] + bytes([signature[-1] ^ 1]), key),
        (manifest, b"", key),
    ):
        assert "signature is of another key" in action.problem(*files)
        told = ask(*files)
        assert told["failed"], files
        assert "signature is not right here: openssl dgst: " in told["msg"]


def test_what_is_no_key_is_told(tmp_path: Path, action: ModuleType) -> None:
    files = signed(tmp_path, KEYS["RSA"])
    assert "the public key is none" in action.problem(*files, b"nothing")
    assert ask(*files, b"nothing")["failed"]
    other = public(ed25519.Ed25519PrivateKey.generate())
    assert "neither an elliptic curve's nor RSA" in action.problem(*files, other)
    assert ask(*files, other)["failed"]


def test_digests_that_the_manifest_does_not_name_are_refused(tmp_path: Path) -> None:
    told = ask(*signed(tmp_path, OTHER), public(OTHER), "a" * 64, "b" * 64)
    assert "names no file with the SHA-256 bbbb" in told["msg"]


def test_a_host_without_openssl_is_told_what_to_install(tmp_path: Path) -> None:
    told = ask(*signed(tmp_path, OTHER), public(OTHER), PATH=str(tmp_path))
    assert "apt install openssl" in told["msg"]
