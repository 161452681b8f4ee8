"""A throw-away certificate authority with device certificates, as AWS IoT would issue them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

DAY = dt.timedelta(days=1)


class Authority:
    """A root CA, and the folder that takes what it issues."""

    def __init__(self, folder: Path) -> None:
        """Make the root CA in `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.root_ca = folder / "root.ca.pem"
        self._key = new_key()
        self._name = common_name("test root CA")
        now = dt.datetime.now(dt.UTC)
        root = self._builder(self._name, self._key, now - DAY, now + 30 * DAY).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        self.root_ca.write_bytes(self._sign(root))

    def issue(self, name: str, *, days: int = 30, names: tuple[str, ...] = ()) -> tuple[Path, Path]:
        """Issue a certificate that ends in `days` (in the past if negative); return it and its key.

        One with `names` is a server's.
        """
        key = new_key()
        end = dt.datetime.now(dt.UTC) + days * DAY
        certificate = self.folder / f"{name}.certificate.pem.crt"
        builder = self._builder(common_name(name), key, end - 60 * DAY, end)
        if names:
            hosts = x509.SubjectAlternativeName([x509.DNSName(each) for each in names])
            builder = builder.add_extension(hosts, critical=False)
        certificate.write_bytes(self._sign(builder))
        private_key = self.folder / f"{name}.private.pem.key"
        private_key.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        )
        return certificate, private_key

    def sign(self, request: x509.CertificateSigningRequest, *, days: int) -> str:
        """Return a certificate as PEM for the key of a request; it begins now, or a day before its end."""
        key = request.public_key()
        assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
        now = dt.datetime.now(dt.UTC)
        end = now + days * DAY
        start = min(now, end - DAY)
        return self._sign(self._builder(request.subject, key, start, end)).decode()

    def _builder(
        self, subject: x509.Name,
        key: rsa.RSAPrivateKey | rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
        start: dt.datetime, end: dt.datetime,
    ) -> x509.CertificateBuilder:  # fmt: skip
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=subject,
            public_key=key.public_key() if isinstance(key, rsa.RSAPrivateKey) else key,
            serial_number=x509.random_serial_number(),
            not_valid_before=start,
            not_valid_after=end,
        )

    def _sign(self, builder: x509.CertificateBuilder) -> bytes:
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def new_key() -> rsa.RSAPrivateKey:
    """Return a new RSA key of the size that AWS IoT issues."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def common_name(name: str) -> x509.Name:
    """Return a subject with nothing but a common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
