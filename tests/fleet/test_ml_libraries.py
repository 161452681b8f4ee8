"""ML libraries on a real host: both ways, what goes wrong on the way, and the way back.

The host stands in the inventory under several names, each with another way and a directory of its own:
one run of the playbook tries them all. The tests build on one another, in their order.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleet.disk import MAKE_NODES
from fleet.file_server import FileServer
from fleet.fleet import Fleet
from fleet.four_steps import FourSteps, four_steps, take_step
from fleet.host import Host
from fleet.libraries import WEIGHT, Libraries, make_libraries
from fleet.play import Result, play
from fleet.traces import changed_since, inventory
from ggfleet.model import Compression, Form

pytestmark = pytest.mark.fleet

WAYS = ("pip", "uv", "zip", "tar", "image")
SECRET = "not-to-be-told"
Inputs = dict[str, Any]


@dataclass(frozen=True)
class Bench:
    """The host, the server, and two sets of libraries."""

    fleet: Fleet
    host: Host
    server: FileServer
    one: Libraries
    two: Libraries
    found: set[str]

    def run(self, inputs: dict[str, Inputs], *options: str) -> Result:
        """Run ml_libraries.yml for the host under each name, in directory and cache of that name."""
        return play(self.fleet, "ml_libraries.yml", self.hosts(inputs), *options)

    def hosts(self, inputs: dict[str, Inputs]) -> dict[Host, Inputs]:
        """Return what the inventory says of the host under each name."""
        return {self.named(name): {**self.place(name), **own} for name, own in inputs.items()}

    def changes(self, inputs: dict[str, Inputs], *options: str) -> dict[str, int]:
        """Run it, which must end well; return the count of changed tasks by name."""
        result = self.run(inputs, *options).must_pass()
        return {name: result.recap(self.named(name))["changed"] for name in inputs}

    def named(self, name: str) -> Host:
        """Return the host as the inventory knows it under `name`."""
        host = self.host
        ssh = self.fleet.folder / "ssh"
        return Host(name, host.address, host.namespace, host.state, ssh, host.system)

    def place(self, name: str) -> Inputs:
        """Return the inputs that keep one name's files apart from another's."""
        return {
            "greengrass_ml_libraries_directory": f"/opt/{name}",
            "greengrass_ml_libraries_cache": f"/var/cache/greengrass/{name}",
        }

    def ways(self, libraries: Libraries) -> dict[str, Inputs]:
        """Return the inputs of each way for one set."""
        uv = {"greengrass_ml_libraries_installer": "uv", "greengrass_ml_libraries_uv": "/opt/uv-0"}
        return {
            "pip": libraries.os_pip(),
            "uv": libraries.os_pip(**uv),
            "zip": libraries.ml_resource(),
            "tar": libraries.of_manifest(Form.TAR),
            "image": libraries.of_manifest(Form.IMAGE),
        }

    def served(self, *names: str) -> list[str]:
        """Return what the libraries say of themselves to an account without rights."""
        program = "import heavy, light; print(light.version)"
        commands = [
            f"runuser -u nobody -- env PYTHONPATH=/opt/{name}/current/site-packages python3 -c '{program}'"
            for name in names
        ]
        return self.host.root("; ".join(commands)).splitlines()

    def tree(self, name: str) -> str:
        """Return a digest of all files that are served, bytecode apart."""
        files = "find . -type f -not -path '*/__pycache__/*' -print0 | sort -z"
        return self.host.root(
            f"cd /opt/{name}/current/site-packages/ && {files} | xargs -0 sha256sum | sha256sum"
        )

    def mark(self) -> None:
        """Begin to watch files and requests."""
        self.server.requests()
        self.host.root("sleep 1; touch /run/before")

    def traces(self) -> tuple[str, list[Any]]:
        """Return the files that changed since the mark, and the requests since then."""
        return changed_since(self.host, "/run/before"), self.server.requests()


@pytest.fixture(scope="module")
def bench(fleet: Fleet) -> Iterator[Bench]:
    """Boot a host and publish two sets of libraries."""
    if shutil.which("mksquashfs") is None:
        pytest.skip("needs mksquashfs (package squashfs-tools)")
    [host] = fleet.boot("libraries")
    folder = fleet.folder / "files"
    folder.mkdir()
    server = FileServer(fleet.network, folder)
    try:
        shutil.copy(Path(sys.executable).with_name("uv"), folder / "uv")
        fetch = f"import urllib.request as u; u.urlretrieve('{server.url}/uv', '/opt/uv-0')"
        host.root(f'{MAKE_NODES}; python3 -c "{fetch}"; chmod 755 /opt/uv-0')
        one = make_libraries(server, "one", "version = 'one'\n")
        two = make_libraries(server, "two", "version = 'two'\n", compression=Compression.ZSTD)
        yield Bench(fleet, host, server, one, two, inventory(host))
    finally:
        server.close()


def test_each_way_is_foretold_done_once_and_not_again(bench: Bench) -> None:
    """Check, apply, check, apply: check mode writes nothing, the second run starts nothing."""
    inputs = bench.ways(bench.one)
    bench.mark()
    foretold = take_step(bench.fleet, "ml_libraries.yml", bench.hosts(inputs), "--check")
    assert bench.server.requests() == []
    applied = take_step(bench.fleet, "ml_libraries.yml", bench.hosts(inputs))
    assert all(0 < foretold.changed[way] <= applied.changed[way] for way in WAYS)
    assert bench.served(*WAYS) == ["one"] * 5
    bench.mark()
    steps = FourSteps(
        foretold,
        applied,
        take_step(bench.fleet, "ml_libraries.yml", bench.hosts(inputs), "--check"),
        take_step(bench.fleet, "ml_libraries.yml", bench.hosts(inputs)),
    )
    # Neither pip nor anything else has run in the last two: it would have written something.
    steps.must_hold("greengrass_ml_libraries")
    assert bench.server.requests() == []


def test_python_of_the_environment_finds_the_libraries_too(bench: Bench) -> None:
    """Where a function is started by it, no PYTHONPATH is needed; the image is mounted for good."""
    assert (
        bench.host.root("/opt/pip/current/bin/python3 -c 'import light; print(light.version)'")
        == "one"
    )
    assert bench.host.root("systemctl is-enabled $(systemctl list-units --plain --no-legend "
                           "--type=mount 'opt-image*' | cut -d' ' -f1)") == "enabled"  # fmt: skip


def test_an_update_fetches_what_changed_and_the_way_back_is_exact(bench: Bench) -> None:
    """Forth, back, back again, forth: bytes of the heavy wheel move never again."""
    inputs = bench.ways(bench.two)
    before = [bench.tree(way) for way in WAYS]
    bench.mark()
    bench.changes(inputs)
    asked = bench.traces()[1]
    assert [each["path"] for each in asked if "light" in each["path"]]
    assert not [each for each in asked if "heavy" in each["path"]]
    assert bench.served(*WAYS) == ["two"] * 5
    back = {
        way: {**own, "greengrass_ml_libraries_version": "previous"} for way, own in inputs.items()
    }
    assert set(bench.changes(back).values()) == {2}
    assert bench.served(*WAYS) == ["one"] * 5
    assert [bench.tree(way) for way in WAYS] == before
    bench.mark()
    assert set(bench.changes(back).values()) == {0}
    assert set(bench.changes(inputs).values()) == {2}
    assert (bench.served(*WAYS), bench.traces()[1]) == (["two"] * 5, [])


def test_a_host_that_cannot_is_told_all_before_anything_changes(bench: Bench) -> None:
    """Each name has another fault; the message says what to do, and no file is written."""
    pip = bench.one.os_pip()
    bench.host.root("mkdir /opt/foreign && touch /opt/foreign/photo.jpg; "
                    "mv /usr/lib/python3.11/ensurepip /usr/lib/python3.11/ensurepip-away")  # fmt: skip
    hashless = bench.fleet.folder / "hashless.txt"
    hashless.write_text("heavy==1.0\n")
    # No kernel has it: the manifest is of a later ggfleet, say.
    manifest = (bench.two.folder / "manifest.json").read_text().replace('"zstd"', '"lzma"')
    (bench.two.folder / "lzma.json").write_text(manifest)
    lzma = str(bench.two.folder / "lzma.json")
    bench.mark()
    result = bench.run({
        "venvless": {**pip, "greengrass_ml_libraries_venv_package": ""},
        "foreign": pip,
        "hashless": {**pip, "greengrass_ml_libraries_requirements": str(hashless)},
        "told": {**pip, "greengrass_ml_libraries_source": f"http://me:{SECRET}@10.77.0.1/one"},
        "unknown": {**pip, "greengrass_ml_libraries_version": "previous"},
        "pip": {**pip, "greengrass_ml_libraries_state": "absent"},
        "zip": bench.one.ml_resource(greengrass_ml_libraries_sha256="", greengrass_ml_libraries_unpacked_size=10**15),
        "image": bench.one.of_manifest(greengrass_ml_libraries_platform="mainframe"),
        "lacking": bench.two.of_manifest(Form.IMAGE, greengrass_ml_libraries_manifest=lzma),
    }).must_fail()  # fmt: skip
    files, requests = bench.traces()
    bench.host.root(
        "rm -r /opt/foreign; mv /usr/lib/python3.11/ensurepip-away /usr/lib/python3.11/ensurepip"
    )
    assert (files, requests) == ("", [])
    said = " ".join(result.output.split())
    for words in (
        "cannot make virtual environments, and pip may not install beside them because the system"
        " manages this Python (PEP 668)",
        "/opt/foreign holds photo.jpg, which is not of this role",
        "hashless.txt holds no hashes",
        "an address holds a user name or password",
        "there is no version previous to serve; the host has none",
        "set greengrass_ml_libraries_allow_removal to true",
        "greengrass_ml_libraries_sha256 is not 64 hexadecimal digits",
        "MiB of disk are free for /opt/zip, 1239776611 are needed",
        "has no library small for mainframe",
        "the kernel was built without CONFIG_SQUASHFS_LZMA, and mounts no such image (lzma)",
    ):
        assert words in said, words


def test_what_fails_on_the_way_leaves_the_old_version_serving(bench: Bench) -> None:
    """Broken libraries by each way, wrong digests, too little disk, a run that still works."""
    broken = make_libraries(bench.server, "broken", "raise ImportError('no such instruction')\n")
    torn = make_libraries(bench.server, "torn", "version = 'torn'\n")
    with next(torn.folder.glob("light*.whl")).open("ab") as wheel:
        wheel.write(b"x")
    bench.host.root("mkdir /opt/small /var/cache/greengrass/narrow; mount -t tmpfs -o size=3m none /opt/small; "
                    "mount -t tmpfs -o size=1m none /var/cache/greengrass/narrow")  # fmt: skip
    before = bench.host.root("ls -R /opt/pip/versions /opt/zip/versions /opt/image/versions | sort")
    bench.host.root("systemd-run --unit=holder flock /opt/uv/.lock sleep 600")
    ways = bench.ways(broken)
    result = bench.run({
        **{way: ways[way] for way in ("pip", "zip", "image")},
        "uv": bench.ways(torn)["uv"] | {"greengrass_ml_libraries_source": f"{bench.server.url}/broken",
                                        "greengrass_ml_libraries_requirements": str(broken.lock)},
        "other": torn.os_pip(),
        "wrong": bench.one.ml_resource(greengrass_ml_libraries_sha256="0" * 64),
        "small": bench.one.os_pip(),
        "narrow": bench.one.os_pip(),
    }).must_fail()  # fmt: skip
    bench.host.root(
        "systemctl stop holder; umount /opt/small /var/cache/greengrass/narrow; rmdir /opt/small"
    )
    assert bench.served("pip", "zip", "image") == ["two"] * 3
    after = bench.host.root("ls -R /opt/pip/versions /opt/zip/versions /opt/image/versions | sort")
    assert after == before
    said = " ".join(result.output.split())
    assert said.count("ImportError: no such instruction. What was served before still is.") >= 3
    for words in (
        "another run still works on /opt/uv: wait for its end",
        "publish the file that was meant",
        "MiB are needed to unpack below /opt/small, and 3 are free",
        "are free in /var/cache/greengrass/narrow/wheels: free disk space",
    ):
        assert words in said, words


def test_a_cut_link_costs_only_what_had_not_come(bench: Bench) -> None:
    """The first run ends in the middle of the heavy wheel, the second fetches the rest of it."""
    inputs = {"cut": bench.one.os_pip(greengrass_ml_libraries_retries=1)}
    (wheel,) = bench.one.folder.glob("heavy*.whl")
    size = wheel.stat().st_size
    bench.server.requests()
    with bench.server.setting("cut", "1000000"):
        failed = bench.run(inputs).must_fail()
    assert "1000000 bytes of it are kept, run again when the link is back" in " ".join(
        failed.output.split()
    )
    bench.changes(inputs)
    heavy = [each for each in bench.server.requests() if "heavy" in each["path"]]
    assert [(each["start"], each["sent"]) for each in heavy] == [
        (0, 1_000_000),
        (1_000_000, size - 1_000_000),
    ]
    assert size > WEIGHT
    assert bench.served("cut") == ["one"]


def test_passwords_stay_secret_and_tmp_need_not_serve(bench: Bench) -> None:
    """By source and by index, with pip and uv, while /tmp is tiny and forbids programs."""
    index(bench.one)
    login: Inputs = {
        "greengrass_ml_libraries_username": "fleet",
        "greengrass_ml_libraries_password": SECRET,
    }
    by_index: Inputs = {
        "greengrass_ml_libraries_source": "",
        "greengrass_ml_libraries_index": f"{bench.one.url}/simple/",
        **login,
    }
    uv = bench.ways(bench.one)["uv"]
    bench.host.root(
        "mount -t tmpfs -o size=2m,noexec none /tmp; mkdir -p /opt/pip/versions/torn/lib"
    )
    with bench.server.setting("login", f"fleet:{SECRET}"):
        result = bench.run({
            "by-source": bench.one.os_pip(**login),
            "by-index": bench.one.os_pip(**by_index),
            "by-uv": {**uv, **by_index},
            "resource": bench.one.ml_resource(**login),
            "pip": bench.ways(bench.two)["pip"],
            "refused": bench.one.ml_resource(),
        }, "-vvv").must_fail()  # fmt: skip
    bench.host.root("umount /tmp")
    assert result.recap(bench.named("refused"))["failed"] == 1
    others = ("by-source", "by-index", "by-uv", "resource", "pip")
    assert [result.recap(bench.named(name))["failed"] for name in others] == [0] * 5
    assert bench.served("by-source", "by-index", "by-uv", "resource") == ["one"] * 4
    assert "give the user name and password it asks for" in " ".join(result.output.split())
    assert SECRET not in result.output
    assert SECRET not in bench.host.root("journalctl --no-pager")
    assert bench.host.root(f"grep -rl {SECRET} /opt /var/cache /etc /run", check=False) == ""
    # What a killed run left is swept, and nothing else changed.
    assert result.recap(bench.named("pip"))["changed"] == 1
    assert "torn" not in bench.host.root("ls /opt/pip/versions")


def index(libraries: Libraries) -> None:
    """Lay out a package index (PEP 503) beside the wheels."""
    for wheel in libraries.folder.glob("*.whl"):
        page = libraries.folder / "simple" / wheel.name.partition("-")[0] / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text(f"<!DOCTYPE html><a href='../../{wheel.name}'>{wheel.name}</a>")


def test_removed_libraries_leave_the_host_as_it_was_found(bench: Bench) -> None:
    """Comes last. With consent every file is gone, units and mounts too; once more changes nothing."""
    inputs: dict[str, Inputs] = {
        name: {
            "greengrass_ml_libraries_state": "absent",
            "greengrass_ml_libraries_allow_removal": True,
        }
        for name in bench.host.root("ls /var/cache/greengrass; ls /opt").split()
        if name != "uv-0"
    }
    steps = four_steps(bench.fleet, "ml_libraries.yml", bench.hosts(inputs))
    steps.must_hold("greengrass_ml_libraries")
    bench.host.root("rmdir /var/cache/greengrass")
    assert bench.host.root("systemctl list-units --plain --no-legend 'opt-*'") == ""
    assert inventory(bench.host) == bench.found
