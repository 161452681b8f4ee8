"""Certificate signing requests, and whether a certificate is for the same key."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ggfleet.errors import CloudError

RSA_BITS = 2048
CURVES = ("secp256r1", "secp384r1")
"""AWS IoT signs requests with RSA keys of at least that size, and these curves (P-256, P-384)."""


def checked_request(core: str, pem: str) -> bytes:
    """The public key of a request, as DER. Raises `CloudError` for what AWS IoT would not sign."""
    fix = "make it anew on the device"
    try:
        request = x509.load_pem_x509_csr(pem.encode())
    except ValueError as error:
        raise CloudError(f"the request of {core} is not a PEM CSR", fix=fix) from error
    if not request.is_signature_valid:
        raise CloudError(f"the request of {core} is not signed by its own key", fix=fix)
    key = request.public_key()
    rsa_fits = isinstance(key, rsa.RSAPublicKey) and key.key_size >= RSA_BITS
    ec_fits = isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in CURVES
    if not (rsa_fits or ec_fits):
        raise CloudError(
            f"the key of the request of {core} is of a kind that AWS IoT does not sign",
            fix=f"use EC P-256, or RSA with {RSA_BITS} bits",
        )
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_of(certificate: str) -> bytes:
    """The public key of a PEM certificate, as DER; empty where it cannot be read."""
    try:
        key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    except ValueError:
        return b""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def is_expired(certificate: str) -> bool:
    """Whether a PEM certificate has ended."""
    ends = x509.load_pem_x509_certificate(certificate.encode()).not_valid_after_utc
    return ends <= dt.datetime.now(dt.UTC)
