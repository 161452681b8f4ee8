"""Deltas between versions of ML libraries, and signed manifests, on a real host.

The host stands in the inventory under several names, each with a directory of its own. The tests
build on one another, in their order.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fleet.file_server import FileServer
from fleet.fleet import Fleet
from fleet.host import Host
from fleet.libraries import WEIGHT, Libraries, make_libraries
from fleet.play import Result, play
from fleet.traces import changed_since
from ggfleet.bundle.deltas import add_deltas
from ggfleet.bundle.supply.signature import FileSigner, sign_manifest
from ggfleet.model import Delta, Form
from unit.wheelmaker import Listener

pytestmark = pytest.mark.fleet

OLD = random.Random(2).randbytes(WEIGHT)
NEW = OLD[:1_000_000] + b"patched" * 100 + OLD[1_000_500:]
MOST = 64_000_000
"""Bytes of memory that applying a delta may take."""
Inputs = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """The host, the server, two sets of libraries, the delta between them, and the right key."""

    fleet: Fleet
    host: Host
    server: FileServer
    one: Libraries
    two: Libraries
    delta: Delta
    key: Path

    def run(self, inputs: dict[str, Inputs], *options: str) -> Result:
        """Run ml_libraries.yml for the host under each name."""
        hosts = {
            self.named(name): {
                "greengrass_ml_libraries_directory": f"/opt/{name}",
                "greengrass_ml_libraries_cache": f"/var/cache/greengrass/{name}",
                **own,
            }
            for name, own in inputs.items()
        }
        self.server.requests()
        return play(self.fleet, "ml_libraries.yml", hosts, *options)

    def named(self, name: str) -> Host:
        """Return the host as the inventory knows it under `name`."""
        host = self.host
        ssh = self.fleet.folder / "ssh"
        return Host(name, host.address, host.namespace, host.state, ssh, host.system)

    def of(self, libraries: Libraries, **more: Any) -> Inputs:
        """Return the inputs for a set whose manifest is here, and whose files the server has."""
        file = libraries.packed[Form.ZIP].path.name
        source = {"greengrass_ml_libraries_source": f"{libraries.url}/{file}"}
        return libraries.of_manifest(**{**source, **more})

    def fetched(self) -> list[str]:
        """Return the endings of what the last run has asked the server for."""
        return sorted(Path(each["path"]).suffix for each in self.server.requests())

    def served(self, *names: str) -> list[str]:
        """Return what the libraries say of themselves."""
        ask = "python3 -c 'import heavy, light; print(light.version)'"
        return self.host.root(
            "; ".join(f"PYTHONPATH=/opt/{name}/current/site-packages {ask}" for name in names)
        ).splitlines()

    def tree(self, name: str, version: str = "current") -> str:
        """Return a digest of all files, bytecode apart."""
        files = "find . -type f -not -path '*/__pycache__/*' -print0 | sort -z"
        return self.host.root(
            f"cd /opt/{name}/{version}/site-packages/ && {files} | xargs -0 sha256sum | sha256sum"
        )


@pytest.fixture(scope="module")
def bench(fleet: Fleet) -> Iterator[Bench]:
    """Boot a host and publish two sets of libraries with a delta; the second is signed."""
    if shutil.which("mksquashfs") is None:
        pytest.skip("needs mksquashfs (package squashfs-tools)")
    [host] = fleet.boot("deltas")
    folder = fleet.folder / "delta-files"
    folder.mkdir()
    server = FileServer(fleet.network, folder)
    try:
        one = make_libraries(server, "one", "version = 'one'\n", OLD)
        two = make_libraries(server, "two", "version = 'two'\n", NEW)
        [delta] = add_deltas(two.folder, [one.folder], Listener()).deltas
        signing = ec.generate_private_key(ec.SECP256R1())
        sign_manifest(two.folder, FileSigner(signing))
        key = write_key(folder / "public.pem", signing)
        yield Bench(fleet, host, server, one, two, delta, key)
    finally:
        server.close()


def write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> Path:
    """Write a public key."""
    form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    path.write_bytes(key.public_key().public_bytes(*form))
    return path


NAMES = ("delta", "local", "killed", "flipped", "torn", "lost", "small", "whole", "signed")


def test_first_versions_come_as_archives(bench: Bench) -> None:
    """No host has a base yet: each fetches the archive, and notes its tree."""
    bench.host.root("mkdir /opt/small; mount -t tmpfs -o size=20m,nr_inodes=80 none /opt/small")
    bench.run({name: bench.of(bench.one) for name in NAMES}).must_pass()
    assert bench.fetched() == [".zip"] * len(NAMES)
    assert bench.served(*NAMES) == ["one"] * len(NAMES)


def test_an_update_fetches_the_delta_alone_and_the_way_back_is_exact(bench: Bench) -> None:
    """By a URL and from this machine; the tree is that of the archive; what is equal is linked."""
    before = bench.tree("delta")
    ways = {
        "delta": bench.of(bench.two),
        "local": bench.two.of_manifest(),
        "whole": bench.of(bench.two, greengrass_ml_libraries_deltas=False),
    }
    output = bench.run(ways, "-v").must_pass().output
    assert bench.fetched() == [".ggdelta", ".zip"]
    assert bench.delta.size < 3_000
    assert bench.served(*ways) == ["two"] * 3
    assert len({bench.tree(name) for name in ways}) == 1
    peaks = [int(peak) for peak in re.findall(r"peak_bytes: (\d+)", output)]
    assert len(peaks) == 2
    assert 0 < max(peaks) < MOST
    same = "/opt/delta/{}/site-packages/heavy/__init__.py"
    assert bench.host.root(f"stat -c %h {same.format('current')}") == "2"
    again = bench.run(ways).must_pass()
    assert [again.recap(bench.named(name))["changed"] for name in ways] == [0] * 3
    bench.run(
        {"delta": {**ways["delta"], "greengrass_ml_libraries_version": "previous"}}
    ).must_pass()
    assert (bench.served("delta"), bench.tree("delta")) == (["one"], before)


def test_what_a_delta_cannot_do_the_archive_does(bench: Bench) -> None:
    """A changed base, a changed and a missing delta: the reason is told, and the archive serves."""
    bench.host.root("printf x | dd of=/opt/flipped/current/site-packages/heavy/weight conv=notrunc "
                    "bs=1 seek=77 status=none")  # fmt: skip
    inputs = {"flipped": bench.of(bench.two)}
    for name in ("torn", "lost"):
        inputs[name], folder = elsewhere(bench, name)
        file = folder / Path(bench.delta.file).name
        content = file.read_bytes()
        file.unlink() if name == "lost" else file.write_bytes(content[:-9])
    said = " ".join(bench.run(inputs).must_pass().output.split())
    assert bench.fetched().count(".zip") == 3
    for name, reason in {
        "flipped": "is not as it was installed", "torn": "has the SHA-256", "lost": "says 404",
    }.items():  # fmt: skip
        told, end, _ = said.partition(f"{name}: 0 error(s), 1 warning(s)")[2].partition(ARCHIVE)
        assert end
        assert reason in told
        assert "error(s)" not in told
    assert bench.served(*inputs) == ["two"] * 3


ARCHIVE = "nothing need be done: the whole archive is fetched"


def elsewhere(bench: Bench, name: str, **more: Any) -> tuple[Inputs, Path]:
    """Return the inputs for a copy of the second set in another folder of the server, and that."""
    folder = bench.server.folder / f"{name}-copy"
    shutil.copytree(bench.two.folder, folder)
    file = bench.two.packed[Form.ZIP].path.name
    source = f"{bench.server.url}/{folder.name}/{file}"
    return bench.of(bench.two, greengrass_ml_libraries_source=source, **more), folder


def test_what_a_killed_run_left_is_swept_and_the_next_one_completes(bench: Bench) -> None:
    """As kill -9 leaves it: a half-made tree; the old version serves until all is there."""
    left = "/opt/killed/.tmp/delta/heavy"
    bench.host.root(f"mkdir -p {left}; head -c 99999 /dev/urandom > {left}/weight")
    assert bench.served("killed") == ["one"]
    bench.run({"killed": bench.of(bench.two)}).must_pass()
    assert bench.fetched() == [".ggdelta"]
    assert bench.served("killed") == ["two"]
    assert bench.host.root("ls -A /opt/killed") == ".lock\ncurrent\nprevious\nversions"


def test_a_full_disk_is_told_and_the_old_version_serves(bench: Bench) -> None:
    """Too many files for the file system, which free bytes do not foretell; then there is room."""
    fill = "i=0; cd /opt/small/versions/*/; while touch filler$i 2>/dev/null; do i=$((i+1)); done"
    bench.host.root(f"({fill}; rm filler0 filler1 filler2)")
    output = " ".join(bench.run({"small": bench.of(bench.two)}).must_fail().output.split())
    assert "no disk space is left below /opt/small: free some, then run again." in output
    assert bench.served("small") == ["one"]
    bench.host.root("rm /opt/small/versions/*/filler*")
    bench.run({"small": bench.of(bench.two)}).must_pass()
    assert bench.served("small") == ["two"]
    bench.host.root("umount /opt/small; rmdir /opt/small")


def test_a_signed_manifest_is_checked_here_and_on_the_host(bench: Bench) -> None:
    """With the right key, by delta and by archive; check mode foretells it."""
    signed = bench.of(bench.two, greengrass_ml_libraries_public_key=str(bench.key))
    for options in (["--check"], []):
        bench.run({"signed": signed, "signed-new": signed}, *options).must_pass()
    assert bench.fetched() == [".ggdelta", ".zip"]
    assert bench.served("signed", "signed-new") == ["two"] * 2


def test_what_is_not_as_signed_is_refused_before_it_is_unpacked(bench: Bench) -> None:
    """Another key, manifest or archive, no signature, nothing to sign, no openssl on the host."""
    inputs = refused(bench)
    bench.host.root("sleep 1; touch /run/before")
    result = bench.run(inputs).must_fail()
    assert all(result.recap(bench.named(name))["failed"] == 1 for name in inputs)
    said = " ".join(result.output.split())
    for words in (
        "is not to be trusted: its signature is of another key, or the manifest has changed since",
        "manifest.json.sig'",
        "wheels are not signed",
        "there is no manifest that could be signed",
        "publish the file that was meant",
    ):
        assert words in said, words
    # Only the archive on the server was looked at at all.
    cache = "/var/cache/greengrass"
    changed = changed_since(bench.host, "/run/before").splitlines()
    beside = [path for path in changed if not path.startswith(f"{cache}/archive-changed")]
    assert set(beside) <= {cache}
    assert bench.host.root("ls -d /opt/*changed /opt/other-key", check=False) == ""
    bench.host.root("mv /usr/bin/openssl /usr/bin/openssl-away")
    result = bench.run(
        {"tool": bench.of(bench.two, greengrass_ml_libraries_public_key=str(bench.key))}
    )
    bench.host.root("mv /usr/bin/openssl-away /usr/bin/openssl")
    assert "apt install openssl" in " ".join(result.must_fail().output.split())


def refused(bench: Bench) -> dict[str, Inputs]:
    """Return inputs of which each has another fault; files that are changed are copies."""
    key = {"greengrass_ml_libraries_public_key": str(bench.key)}
    other = write_key(bench.server.folder / "other.pem", ec.generate_private_key(ec.SECP256R1()))
    copies, folders = {}, {}
    for name in ("manifest-changed", "archive-changed", "signature-gone"):
        inputs, folders[name] = elsewhere(bench, name, **key)
        manifest = folders[name] / "manifest.json"
        copies[name] = {**inputs, "greengrass_ml_libraries_manifest": str(manifest)}
    with (folders["manifest-changed"] / "manifest.json").open("a") as changed:
        changed.write("\n")
    archive = folders["archive-changed"] / bench.two.packed[Form.ZIP].path.name
    with archive.open("ab") as changed_archive:
        changed_archive.write(b"x")
    (folders["signature-gone"] / "manifest.json.sig").unlink()
    return {
        **copies,
        "other-key": bench.of(bench.two, greengrass_ml_libraries_public_key=str(other)),
        "wheels-changed": bench.two.os_pip(**key),
        "unlisted-changed": {**bench.two.ml_resource(), **key},
    }
