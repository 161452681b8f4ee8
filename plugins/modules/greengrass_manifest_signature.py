#!/usr/bin/python
"""Ansible module that holds a manifest against its signature, with nothing but Python and openssl.

It takes its arguments as JSON (`JSONARGS`). The action plugin of the same name reads the files on
the machine that runs Ansible, checks them there, and sends their bytes.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_manifest_signature
short_description: Whether a manifest of archives is signed by whom it should be
description:
  - Checks the signature of a C(manifest.json) of C(ggfleet bundle) on the machine that runs
    Ansible, and then on the host by its openssl, over the very bytes of the file. Fails unless
    both take it.
  - Changes nothing, in check mode or out of it.
options:
  manifest:
    description:
      - The manifest, on the machine that runs Ansible. The signature lies beside it, with C(.sig)
        after its name.
    type: path
    required: true
  key:
    description:
      - The public key or certificate of whoever signs, a PEM file on the machine that runs Ansible.
        An elliptic curve's or RSA.
    type: path
    required: true
  listed:
    description: SHA-256 digests that the manifest must name.
    type: list
    elements: str
    default: []
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Hold the manifest against its signature
  greengrass_manifest_signature:
    manifest: build/bundles/manifest.json
    key: release-public.pem
    listed: ["{{ archive_sha256 }}"]
"""

RETURN = r"""
verified:
  description: That it is signed; it fails otherwise.
  returned: success
  type: bool
"""

import base64
import json
import subprocess
import tempfile
from pathlib import Path

ARGUMENTS = r"""<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>"""


class RefusedError(Exception):
    """The manifest is not what it should be; the message says why."""


def openssl(stdin: bytes, *words: str) -> bytes:
    """Run openssl and return what it prints."""
    try:
        done = subprocess.run(["openssl", *words], input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise RefusedError(f"openssl cannot be run here ({error}): apt install openssl") from error
    if done.returncode:
        said = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
        raise RefusedError(f"openssl {words[0]}: {' | '.join(said[:3])}")
    return done.stdout


def verify(manifest: bytes, signature: bytes, key: bytes) -> None:
    """Hold the bytes of a manifest against its signature."""
    if b"BEGIN CERTIFICATE" in key:
        key = openssl(key, "x509", "-noout", "-pubkey")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "key").write_bytes(key)
        (Path(folder) / "signature").write_bytes(signature)
        files = ["-verify", f"{folder}/key", "-signature", f"{folder}/signature"]
        openssl(manifest, "dgst", "-sha256", *files)


def refuse_unlisted(manifest: bytes, digests) -> None:
    """Raise for a digest that the manifest does not name."""
    read = json.loads(manifest.decode())
    entries = [*read["archives"], *read.get("deltas", [])]
    named = {entry["sha256"] for entry in entries}
    for digest in digests:
        if digest not in named:
            raise RefusedError(f"the signed manifest names no file with the SHA-256 {digest}")


def main() -> None:
    """Do it and print what came of it."""
    asked = json.loads(ARGUMENTS)
    manifest, signature, key = (
        base64.b64decode(asked[name]) for name in ("manifest", "signature", "key")
    )
    try:
        verify(manifest, signature, key)
        refuse_unlisted(manifest, asked["listed"])
        done: dict = {"changed": False, "verified": True}
    except (RefusedError, OSError, ValueError) as error:
        done = {"failed": True, "msg": f"the manifest's signature is not right here: {error}"}
    print(json.dumps(done))  # noqa: T201 - what Ansible reads


if __name__ == "__main__":
    main()
