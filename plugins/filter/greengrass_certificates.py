"""Filter that tells what is wrong with a device certificate, its key and its root CA.

It runs on the machine that runs Ansible and uses `cryptography`, which ansible-core itself needs.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from ansible.errors import AnsibleFilterError

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )
except ImportError:
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import (
        PrivateKeyTypes,
        PublicKeyTypes,
    )

    Clock = Callable[[], dt.datetime]


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def certificate_problems(
    certificate: str, private_key: str, root_ca: str, now: Clock = _utc_now
) -> list[str]:
    """Return a sentence for each problem of three PEM texts; an empty list means that all is well.

    `now` returns an aware time. No sentence holds any part of the private key.
    """
    if not HAS_CRYPTOGRAPHY:
        message = f"cryptography is missing: `{sys.executable} -m pip install cryptography`."
        raise AnsibleFilterError(message)
    device = _load(certificate)
    authority = _load(root_ca)
    problems: list[str] = []
    for name, loaded in (("certificate", device), ("root CA", authority)):
        problems += _validity_problems(name, loaded, now())
    return problems + _key_problems(device, private_key)


def _load(text: str) -> x509.Certificate | None:
    try:
        return x509.load_pem_x509_certificate(text.encode())
    except ValueError:
        return None


def _validity_problems(name: str, loaded: x509.Certificate | None, now: dt.datetime) -> list[str]:
    if loaded is None:
        return [f"the {name} is not a PEM certificate"]
    if now > loaded.not_valid_after_utc:
        return [f"the {name} expired on {loaded.not_valid_after_utc:%Y-%m-%d}"]
    if now < loaded.not_valid_before_utc:
        return [f"the {name} is not valid before {loaded.not_valid_before_utc:%Y-%m-%d}"]
    return []


def _key_problems(device: x509.Certificate | None, private_key: str) -> list[str]:
    try:
        # Testing an RSA key's primes takes longer than all the rest; below it has to sign.
        key = load_pem_private_key(
            private_key.encode(), password=None, unsafe_skip_rsa_key_validation=True
        )
    except TypeError:
        return ["the private key needs a passphrase, which a core cannot give"]
    except ValueError:
        return ["the private key is not a PEM private key"]
    if device is not None and not _belongs(key, device.public_key()):
        return ["the private key does not belong to the certificate"]
    return []


def _belongs(key: PrivateKeyTypes, public: PublicKeyTypes) -> bool:
    """Tell whether a key is that of a certificate, and of an RSA key whether it works."""
    if _spki(key.public_key()) != _spki(public):
        return False
    if not (isinstance(key, rsa.RSAPrivateKey) and isinstance(public, rsa.RSAPublicKey)):
        return True
    try:
        signature = key.sign(b"", padding.PKCS1v15(), hashes.SHA256())
        public.verify(signature, b"", padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def _spki(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class FilterModule:
    """What Ansible looks for in this file."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filters by name."""
        return {"greengrass_certificate_problems": certificate_problems}
