"""Ansible module that makes a private key on the device, where it stays, and a request for it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: greengrass_key_pair
short_description: A private key that never leaves the device
description:
  - Makes the key where there is none, readable by its owner alone, and returns a certificate
    signing request for it.
  - Tells how the certificate beside it does. A key that is there is never replaced.
options:
  directory:
    description: Where key and certificate lie.
    type: path
    required: true
  private_key_name:
    description: File name of the key.
    type: str
    required: true
  certificate_name:
    description: File name of the certificate.
    type: str
    required: true
  common_name:
    description: Common name of the request, such as the name of the thing.
    type: str
    required: true
  key_type:
    description: Kind of a key that is made.
    type: str
    choices: [ec-p256, rsa-2048]
    default: ec-p256
  owner:
    description: Owner and group of the key.
    type: str
    default: root
  make:
    description: Whether to make a key. Otherwise the module only reads.
    type: bool
    default: true
author: ggfleet contributors (!UNKNOWN)
"""

EXAMPLES = r"""
- name: Make a key, and a request for its certificate
  ggfleet.greengrass.greengrass_key_pair:
    directory: /greengrass/certs
    private_key_name: private.pem.key
    certificate_name: certificate.pem.crt
    common_name: pi-01
  register: pair
"""

RETURN = r"""
request:
  description: The signing request, PEM; empty where there is no key.
  returned: always
  type: str
key_exists:
  description: Whether there is a key now.
  returned: always
  type: bool
certificate:
  description: >-
    The certificate - C(id) (digest of its DER, as AWS IoT names it), C(matches) (is it for this
    key), C(ends) (date), C(age_days), C(left_days) (negative once it has ended). Empty where there
    is none.
  returned: always
  type: dict
"""

import grp
import hashlib
import os
import pwd
import ssl
import tempfile
import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

KINDS = {
    "ec-p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                "-pkeyopt", "ec_param_enc:named_curve"],
    "rsa-2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
}  # fmt: skip
DAY = 24 * 60 * 60


class OpenSsl:
    """The command line of OpenSSL, which a device has when Python there has nothing for keys."""

    def __init__(self, module):
        """Fail where it is missing."""
        self._module = module
        self._program = module.get_bin_path("openssl")
        if self._program is None:
            module.fail_json(msg="the device has no openssl: install the package openssl")

    def ask(self, *words):
        """Return what a command printed, or nothing where it failed."""
        status, printed, _ = self._module.run_command([self._program, *words])
        return printed if status == 0 else ""

    def public(self, key):
        """Return the public key of a private one; nothing where a passphrase would be asked for."""
        return self.ask("pkey", "-in", str(key), "-passin", "pass:", "-pubout")

    def must(self, *words):
        """Return what a command printed."""
        status, printed, errors = self._module.run_command([self._program, *words])
        if status != 0:
            self._module.fail_json(msg=f"openssl {words[0]}: {errors.strip()}")
        return printed


def write_key(path, content, owner):
    """Write a key whole or not at all; nobody but its owner can read it at any moment."""
    handle, name = tempfile.mkstemp(prefix=".key.", dir=path.parent)  # mode 0600
    beside = Path(name)
    try:
        os.fchown(handle, *owner)
        with os.fdopen(handle, "w") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.rename(path)
    except BaseException:
        beside.unlink()
        raise
    folder = os.open(str(path.parent), os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def account(name):
    """Return user and group id of an account."""
    return pwd.getpwnam(name).pw_uid, grp.getgrnam(name).gr_gid


def describe(openssl, path, key, now):
    """Return what is known of a certificate."""
    if not path.exists():
        return {}
    dates = openssl.ask("x509", "-in", str(path), "-noout", "-startdate", "-enddate")
    if not dates:
        return {"id": "", "matches": False, "ends": "", "age_days": 0, "left_days": 0}
    began, ends = (ssl.cert_time_to_seconds(line.split("=", 1)[1]) for line in dates.splitlines())
    der = ssl.PEM_cert_to_DER_cert(path.read_text().strip())
    mine = openssl.public(key)
    its = openssl.ask("x509", "-in", str(path), "-noout", "-pubkey")
    return {
        "id": hashlib.sha256(der).hexdigest(),
        "matches": mine != "" and mine == its,
        "ends": time.strftime("%Y-%m-%d", time.gmtime(ends)),
        "age_days": (now - began) / DAY,
        "left_days": (ends - now) / DAY,
    }


def main():
    """Do what Ansible asks for."""
    arguments = {
        "directory": {"type": "path", "required": True},
        "private_key_name": {"type": "str", "required": True},
        "certificate_name": {"type": "str", "required": True},
        "common_name": {"type": "str", "required": True},
        "key_type": {"type": "str", "choices": list(KINDS), "default": "ec-p256"},
        "owner": {"type": "str", "default": "root"},
        "make": {"type": "bool", "default": True},
    }
    module = AnsibleModule(argument_spec=arguments, supports_check_mode=True)
    given = module.params
    openssl = OpenSsl(module)
    directory = Path(given["directory"])
    key, certificate = directory / given["private_key_name"], directory / given["certificate_name"]
    exists = key.exists()
    changed = given["make"] and not exists
    if changed and not module.check_mode:
        made = openssl.must("genpkey", *KINDS[given["key_type"]])
        write_key(key, made, account(given["owner"]))
        exists = True
    if exists and not openssl.public(key):
        module.fail_json(msg=f"{key} is no private key without a passphrase: remove it")
    if exists and given["make"]:
        for put in (module.set_owner_if_different, module.set_group_if_different):
            changed = put(str(key), given["owner"], changed)
        changed = module.set_mode_if_different(str(key), 0o600, changed)
    subject = f"/CN={given['common_name']}"
    request = (
        openssl.must("req", "-new", "-sha256", "-key", str(key), "-subj", subject) if exists else ""
    )
    module.exit_json(
        changed=changed,
        key_exists=exists,
        request=request,
        certificate=describe(openssl, certificate, key, time.time()),
    )


if __name__ == "__main__":
    main()
