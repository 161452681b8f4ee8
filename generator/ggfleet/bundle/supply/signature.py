"""A signature over `manifest.json`, which names every archive by its SHA-256.

It lies beside the manifest as `manifest.json.sig`, in a form that `openssl dgst -sha256 -verify`
takes: a device needs neither Python nor a package to check it. Keys are of elliptic curves (ECDSA)
or RSA, from a PEM file or from a token by its PKCS#11 URI (RFC 7512).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

from ggfleet.bundle.manifest import FILE_NAME, read_manifest
from ggfleet.errors import BundleError
from ggfleet.model import Archive, Delta
from ggfleet.system.files import atomic_file, sha256

SIGNATURE = f"{FILE_NAME}.sig"
SMALLEST_RSA = 2048
"""Bits; NIST SP 800-131A allows no smaller key."""
PRIVATE = "name a PEM file with an elliptic curve's or RSA private key, or a pkcs11: URI"
PUBLIC = "name a PEM file with the public key or certificate that belongs to the signing key"


class Signer(Protocol):
    """Whoever holds a private key."""

    def sign(self, data: bytes) -> bytes:
        """The signature over SHA-256 of `data`: DER for ECDSA, PKCS#1 v1.5 for RSA."""


@dataclass(frozen=True)
class FileSigner:
    """A private key that was read from a file."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

    def sign(self, data: bytes) -> bytes:
        """See `Signer`."""
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True)
class TokenSigner:
    """A private key that never leaves its token."""

    module: str
    token: str
    label: str
    pin: str | None

    def sign(self, data: bytes) -> bytes:
        """See `Signer`."""
        try:
            import pkcs11  # noqa: PLC0415 - an optional dependency
        except ImportError as error:
            fix = "install it: pip install 'ggfleet[pkcs11]'"
            raise BundleError("keys on tokens need the package python-pkcs11", fix=fix) from error
        try:
            return self._sign(pkcs11, data)
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            said = str(error) or type(error).__name__
            raise BundleError(
                f"token {self.token!r} of {self.module} does not sign: {said}",
                fix="check module-path, token, object and pin-source of the URI",
            ) from error

    def _sign(self, pkcs11: Any, data: bytes) -> bytes:
        from pkcs11.util.ec import encode_ecdsa_signature  # noqa: PLC0415 - as above

        token = pkcs11.lib(self.module).get_token(token_label=self.token)
        with token.open(user_pin=self.pin) as session:
            private = pkcs11.ObjectClass.PRIVATE_KEY
            key = session.get_key(object_class=private, label=self.label)
            if key.key_type is pkcs11.KeyType.RSA:
                signed: bytes = key.sign(data, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
                return signed
            digest = hashlib.sha256(data).digest()
            plain = key.sign(digest, mechanism=pkcs11.Mechanism.ECDSA)
            encoded: bytes = encode_ecdsa_signature(plain)
            return encoded


def signer(named: str) -> Signer:
    """The signer that a path or a PKCS#11 URI names; `BundleError` when it is none."""
    if named.startswith("pkcs11:"):
        return _token_signer(named)
    path = Path(named)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except TypeError as error:
        fix = "decrypt it into a file that only you can read, or keep it on a token (pkcs11:)"
        raise BundleError(f"{path} is encrypted", fix=fix) from error
    except ValueError as error:
        raise BundleError(f"{path} is no private key: {error}", fix=PRIVATE) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise BundleError(f"{path} is a key of another kind", fix=PRIVATE)
    _refuse_small(path, key)
    return FileSigner(key)


def sign_manifest(out: Path, by: Signer) -> Path:
    """Sign `out/manifest.json` as it is; return the signature's path."""
    path = out / SIGNATURE
    signature = by.sign((out / FILE_NAME).read_bytes())
    with atomic_file(path) as stream:
        stream.write(signature)
    return path


def verify_manifest(out: Path, public: Path) -> tuple[Archive, ...]:
    """Hold manifest, archives and deltas of `out` against a public key; return the archives.

    Raises `BundleError` for the first thing that is not as signed.
    """
    key = _public_key(public)
    signature = out / SIGNATURE
    if not signature.is_file():
        raise BundleError(f"{signature} does not exist", fix="run `ggfleet bundle --sign KEY`")
    data = (out / FILE_NAME).read_bytes()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature.read_bytes(), data, padding.PKCS1v15(), hashes.SHA256())
        else:
            key.verify(signature.read_bytes(), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise BundleError(
            f"{signature} is not {public}'s signature of {out / FILE_NAME}",
            fix="sign it with `ggfleet bundle --sign KEY`; find out first what changed and who did",
        ) from error
    manifest = read_manifest(out / FILE_NAME)
    for each in manifest.listed:
        _verify(out, each)
    return manifest.archives


def _verify(out: Path, listed: Archive | Delta) -> None:
    path = out / listed.file
    if not path.is_file():
        raise BundleError(f"{path} is missing", fix="run `ggfleet bundle`")
    if sha256(path) != listed.sha256:
        raise BundleError(
            f"{path} has other bytes than the signed manifest says",
            fix="do not deploy it; remove it and run `ggfleet bundle`",
        )


def _public_key(path: Path) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    data = path.read_bytes()
    try:
        is_certificate = b"BEGIN CERTIFICATE" in data
        key = (
            load_pem_x509_certificate(data).public_key()
            if is_certificate
            else load_pem_public_key(data)
        )
    except ValueError as error:
        raise BundleError(f"{path} is no public key: {error}", fix=PUBLIC) from error
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise BundleError(f"{path} is a key of another kind", fix=PUBLIC)
    return key


def _refuse_small(path: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> None:
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < SMALLEST_RSA:
        raise BundleError(
            f"{path} has {key.key_size} bits", fix=f"make a key of {SMALLEST_RSA} bits or more"
        )


def _token_signer(uri: str) -> TokenSigner:
    """Read `pkcs11:token=T;object=O?module-path=M&pin-source=F` (RFC 7512)."""
    parts = urlsplit(uri)
    told = dict(_attributes(parts.path))
    asked = dict(parse_qsl(parts.query))
    missing = [f"{name}=" for name in ("token", "object") if name not in told]
    missing += [] if "module-path" in asked else ["?module-path="]
    if missing:
        raise BundleError(
            f"the PKCS#11 URI lacks {', '.join(missing)}",
            fix="pkcs11:token=TOKEN;object=LABEL?module-path=MODULE.so&pin-source=FILE",
        )
    if "pin-value" in asked:
        raise BundleError(
            "a PIN in the URI is seen by everyone who lists processes",
            fix="write it into a file that only you can read: &pin-source=FILE",
        )
    source = asked.get("pin-source", "").removeprefix("file:")
    pin = Path(source).read_text().rstrip("\n") if source else None
    return TokenSigner(asked["module-path"], told["token"], told["object"], pin)


def _attributes(path: str) -> Iterator[tuple[str, str]]:
    for each in path.split(";"):
        name, _, value = each.partition("=")
        yield name, unquote(value)
