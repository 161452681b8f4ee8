"""`bundle --sign`, `verify` and `audit`, as an owner and a device use them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from functional.ggfleet_command import ggfleet
from functional.pc_fleet import Key, write_key, write_pc_fleet
from unit.wheelmaker import make_wheel

SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A fleet with one library of two packages, bundled."""
    wheels = tmp_path / "wheels"
    metadata = "License-Expression: MIT\nRequires-Dist: below\n"
    make_wheel(wheels, "above", metadata=metadata)
    make_wheel(wheels, "below", "1.2")
    write_pc_fleet(tmp_path, "above==1.0")
    return tmp_path


def bundle(project: Path, *options: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
    return ggfleet("bundle", "--out", "out", "--cache", "cache", *options, cwd=project, **env)


def verify(project: Path) -> subprocess.CompletedProcess[str]:
    return ggfleet("verify", "out", "--key", "public.pem", cwd=project)


def openssl_verifies(project: Path) -> bool:
    """Whether a device's openssl takes the signature."""
    out = project / "out"
    argv: list[str | Path] = ["openssl", "dgst", "-sha256", "-verify", project / "public.pem",
            "-signature", out / "manifest.json.sig", out / "manifest.json"]  # fmt: skip
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)],
    ids=["P-256", "RSA"],
)
def test_what_is_signed_is_verified_here_and_by_openssl(project: Path, key: Key) -> None:
    write_key(project, key)
    done = bundle(project, "--sign", "key.pem")
    assert done.returncode == 0, done.stderr
    assert "signed: out/manifest.json.sig" in done.stdout
    done = verify(project)
    assert done.returncode == 0, done.stderr
    assert "2 archives are as signed" in done.stdout
    assert openssl_verifies(project)


def test_what_changed_after_signing_is_told(project: Path) -> None:
    """The manifest, an archive, a missing archive, a missing signature: each by its name."""
    write_key(project, ec.generate_private_key(ec.SECP256R1()))
    assert bundle(project, "--sign", "key.pem").returncode == 0
    manifest, signature = project / "out/manifest.json", project / "out/manifest.json.sig"
    archive = next((project / "out/libraries").glob("*.zip"))

    data = archive.read_bytes()
    archive.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert "has other bytes than the signed manifest says" in verify(project).stderr
    archive.unlink()
    assert f"{archive.relative_to(project)} is missing" in verify(project).stderr
    archive.write_bytes(data)
    assert verify(project).returncode == 0

    text = manifest.read_bytes()
    manifest.write_bytes(text.replace(b'"size": ', b'"size":  ', 1))
    told = verify(project)
    assert told.returncode == 2
    assert "is not public.pem's signature of out/manifest.json" in told.stderr
    assert not openssl_verifies(project)
    manifest.write_bytes(text)
    signature.unlink()
    assert "out/manifest.json.sig does not exist" in verify(project).stderr


@pytest.mark.parametrize(
    ("key", "password", "said"),
    [
        (ed25519.Ed25519PrivateKey.generate(), b"", "is a key of another kind"),
        (rsa.generate_private_key(65537, 1024), b"", "has 1024 bits"),
        (ec.generate_private_key(ec.SECP256R1()), b"secret", "is encrypted"),
    ],
    ids=["Ed25519", "RSA-1024", "encrypted"],
)
def test_keys_that_cannot_sign_are_refused_before_anything_is_built(
    project: Path, key: Key, password: bytes, said: str
) -> None:
    write_key(project, key, password)
    done = bundle(project, "--sign", "key.pem")
    assert done.returncode == 2
    assert said in done.stderr
    assert not (project / "out").exists()


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("pkcs11:token=t", "lacks object=, ?module-path="),
        ("pkcs11:token=t;object=o?module-path=/m.so&pin-value=1234", "seen by everyone"),
        ("pkcs11:token=t;object=o?module-path=/nowhere/m.so", "does not sign"),
    ],
)
def test_wrong_pkcs11_uris_are_told(project: Path, uri: str, said: str) -> None:
    done = bundle(project, "--sign", uri)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(("kind", "mechanism"), [("EC:prime256v1", "P-256"), ("rsa:2048", "RSA")])
def test_a_token_signs(project: Path, kind: str, mechanism: str) -> None:
    """SoftHSM stands for a token: keys are made in it, and openssl verifies what it signed."""
    tools = [shutil.which(name) for name in ("softhsm2-util", "pkcs11-tool")]
    if not SOFTHSM.exists() or None in tools:
        pytest.skip("needs softhsm2 and opensc")
    (project / "tokens").mkdir()
    config = project / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {project / 'tokens'}\nobjectstore.backend = file\n")
    env = {**os.environ, "SOFTHSM2_CONF": str(config)}
    module: list[str | Path] = [
        "--module",
        SOFTHSM,
        "--token-label",
        "signing",
        "--login",
        "--pin",
        "1234",
    ]
    label = ["--label", f"release {mechanism}"]
    public = project / "public.der"
    commands: tuple[list[str | Path], ...] = (
        ["softhsm2-util", "--init-token", "--free", "--label", "signing", "--pin", "1234", "--so-pin", "0000"],
        ["pkcs11-tool", *module, "--keypairgen", "--key-type", kind, *label],
        ["pkcs11-tool", *module, "--read-object", "--type", "pubkey", *label, "-o", public],
        ["openssl", "pkey", "-pubin", "-inform", "DER", "-in", public, "-out", project / "public.pem"],
    )  # fmt: skip
    for argv in commands:
        subprocess.run(argv, env=env, check=True, capture_output=True)
    (project / "pin").write_text("1234\n")
    uri = (
        f"pkcs11:token=signing;object=release%20{mechanism}?module-path={SOFTHSM}&pin-source=file:"
    )
    done = bundle(project, "--sign", f"{uri}{project / 'pin'}", SOFTHSM2_CONF=str(config))
    assert done.returncode == 0, done.stderr
    assert verify(project).returncode == 0
    assert openssl_verifies(project)
    (project / "pin").write_text("wrong\n")
    done = bundle(project, "--sign", f"{uri}{project / 'pin'}", SOFTHSM2_CONF=str(config))
    assert done.returncode == 2
    assert "does not sign" in done.stderr
    assert "wrong" not in done.stderr


def test_the_audit_lists_packages_and_licences(project: Path) -> None:
    assert bundle(project).returncode == 0
    done = ggfleet("audit", "--bundles", "out", cwd=project)
    assert done.returncode == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["above", "1.0", "MIT", "ml", "(pc)"] in lines
    assert ["below", "1.2", "not", "told", "ml", "(pc)"] in lines
    assert "vulnerabilities were not looked for" in done.stdout


def test_the_audit_finds_what_advisories_name(project: Path) -> None:
    """Exit code 1, unless the owner accepts it by its name or an alias."""
    assert bundle(project).returncode == 0
    events = [{"introduced": "1.0"}, {"fixed": "1.3"}]
    about = {
        "package": {"ecosystem": "PyPI", "name": "below"},
        "ranges": [{"type": "ECOSYSTEM", "events": events}],
    }
    known = {"id": "PYSEC-1", "aliases": ["CVE-1"], "summary": "It leaks.", "affected": [about]}
    (project / "known.json").write_text(json.dumps(known))
    asked = ("audit", "--bundles", "out", "--advisories", "known.json")
    done = ggfleet(*asked, cwd=project)
    assert done.returncode == 1, done.stderr
    assert ["below", "1.2", "PYSEC-1", "1.3", "It", "leaks."] in [
        line.split() for line in done.stdout.splitlines()
    ]
    assert "1 known vulnerability in 2 packages" in done.stdout
    for accepted in ("PYSEC-1", "CVE-1"):
        assert ggfleet(*asked, "--accept", accepted, cwd=project).returncode == 0
    told = json.loads(ggfleet(*asked, "--json", cwd=project).stdout)
    (library,) = [each for each in told["archives"] if each["vulnerabilities"]]
    assert library["vulnerabilities"][0]["fixed"] == ["1.3"]
    assert {each["name"]: each["requires"] for each in library["packages"]} == {
        "above": ["below"],
        "below": [],
    }


def test_a_lost_bill_is_written_again_for_the_same_archive(project: Path) -> None:
    assert bundle(project).returncode == 0
    (bill,) = (project / "out/libraries").glob("*.cdx.json")
    before, archive = bill.read_bytes(), next((project / "out/libraries").glob("*.zip"))
    written = archive.stat().st_mtime_ns
    bill.unlink()
    done = ggfleet("audit", "--bundles", "out", cwd=project)
    assert (done.returncode, "ggfleet bundle" in done.stderr) == (2, True)
    assert bundle(project).returncode == 0
    assert bill.read_bytes() == before
    assert archive.stat().st_mtime_ns == written
