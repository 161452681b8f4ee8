"""Checks a manifest's signature on this machine, then has the module of the same name check it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_public_key
    from cryptography.x509 import load_pem_x509_certificate
except ImportError as error:  # ansible-core depends on it, ansible-test's import test lacks it
    LACKING = str(error)
else:
    LACKING = ""

PATH = {"type": "path", "required": True}
ARGUMENTS = {
    "manifest": PATH,
    "key": PATH,
    "listed": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """What Ansible looks for in this file."""

    def run(self, tmp: object = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return what the module returns, or why it was not even asked."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(ARGUMENTS)
        if LACKING:
            return {**result, "failed": True, "msg": f"{LACKING}: install it beside Ansible"}
        manifest, key = arguments["manifest"], arguments["key"]
        host = (task_vars or {})["inventory_hostname"]
        try:
            files = [Path(name).read_bytes() for name in (manifest, f"{manifest}.sig", key)]
        except OSError as error:
            fix = "sign it with `ggfleet bundle --sign KEY`, and name the key that belongs to it"
            return {**result, "failed": True, "msg": f"{host}: {error}: {fix}."}
        if wrong := problem(*files):
            message = f"{host}: {manifest} is not to be trusted: {wrong}. Nothing was changed."
            return {**result, "failed": True, "msg": message}
        names = ("manifest", "signature", "key")
        sent = {
            name: base64.b64encode(data).decode() for name, data in zip(names, files, strict=True)
        }
        sent["listed"] = arguments["listed"]
        result |= self._execute_module(module_args=sent, task_vars=task_vars)
        if result.get("failed"):
            result["msg"] = f"{host}: {result['msg']}"
        return result


def problem(manifest: bytes, signature: bytes, key: bytes) -> str:
    """What is wrong with a manifest; nothing when the key's owner signed these bytes."""
    try:
        public = (
            load_pem_x509_certificate(key).public_key()
            if b"BEGIN CERTIFICATE" in key
            else load_pem_public_key(key)
        )
    except ValueError as error:
        return f"the public key is none ({error})"
    try:
        if isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, manifest, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, manifest, ec.ECDSA(hashes.SHA256()))
        else:
            return "the public key is neither an elliptic curve's nor RSA"
    except InvalidSignature:
        return "its signature is of another key, or the manifest has changed since"
    return ""
