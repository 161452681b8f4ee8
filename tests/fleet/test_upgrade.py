"""A rolling upgrade of cores: a canary that fails stops it, goes back, and leaves the others alone.

The tests build on one another, in their order.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fleet.fleet import Fleet
from fleet.four_steps import four_steps
from fleet.host import Host
from fleet.play import Result, play
from fleet.site import Site
from fleet.standin import tarball

pytestmark = pytest.mark.fleet

OLD, NEW = "1.11.5", tarball.VERSION
BATCHES = '--extra-vars={"greengrass_upgrade_serial": [1, "100%"]}'


@dataclass
class Cores:
    """Two cores of the old version and one with nucleus lite, and what the inventory says of them."""

    fleet: Fleet
    hosts: list[Host]
    variables: dict[Host, dict[str, Any]]
    new: dict[str, Any]
    bad: dict[str, Any]
    lite: Host
    of_lite: dict[str, Any]
    """With its new version."""

    def upgrade(self, software: dict[str, Any], *options: str) -> Result:
        """Run upgrade.yml with this software in the inventory, the first host alone before the rest."""
        return play(self.fleet, "upgrade.yml", self.wanting(software), BATCHES, *options)

    def wanting(self, software: dict[str, Any]) -> dict[Host, dict[str, Any]]:
        """Return what the inventory says when it names this software."""
        return {host: {**own, **software} for host, own in self.variables.items()}

    def states(self) -> list[str]:
        """Return what is served on each host, and by which process."""
        ask = "cat /run/greengrassd.pid; /greengrass/ggc/core/greengrassd --version"
        return [host.root(ask) for host in self.hosts]

    def versions(self) -> list[str]:
        """Return the version that each running core is of."""
        ask = "tr '\\0' ' ' < /proc/$(cat /run/greengrassd.pid)/cmdline"
        return [host.root(ask).split("/packages/")[1].split("/")[0] for host in self.hosts]

    def package(self) -> str:
        """Return the version of nucleus lite, and what its role says that there is."""
        ask = "dpkg-query --show --showformat='${Version}' aws-greengrass-lite"
        return self.lite.root(f"{ask}; cat /etc/greengrass/.installed")


def altered(folder: Path, name: str, *replacements: tuple[bytes, bytes]) -> tuple[Path, str]:
    """Build the stand-in with other bytes in its files and names; return path and digest."""
    folder.mkdir()
    source, _ = tarball.build(folder)
    path = folder / name
    with tarfile.open(source) as old, tarfile.open(path, "w:gz") as new:
        for member in old:
            stream = old.extractfile(member)
            content = stream.read() if stream else b""
            text = member.name.encode()
            for before, after in replacements:
                content, text = content.replace(before, after), text.replace(before, after)
            member.name, member.size = text.decode(), len(content)
            new.addfile(member, io.BytesIO(content))
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def published(
    site: Site, folder: Path, version: str, *replacements: tuple[bytes, bytes]
) -> dict[str, Any]:
    """Publish a stand-in; return what the inventory says of it."""
    path, digest = altered(folder, "core.tar.gz", *replacements)
    url = site.core["greengrass_core_v1_tarball_url"].rsplit("/", 2)[0]
    return {
        "greengrass_core_v1_tarball_url": f"{url}/{folder.name}/{path.name}",
        "greengrass_core_v1_tarball_sha256": digest,
        "greengrass_core_v1_version": version,
        "greengrass_core_v1_start_timeout": 5,
    }


@pytest.fixture(scope="module")
def cores(fleet: Fleet, site: Site) -> Cores:
    """Boot hosts with the old versions, and publish new ones and one that does not start."""
    downloads = fleet.folder / "downloads"
    old = published(site, downloads / "old", OLD, (NEW.encode(), OLD.encode()))
    new = published(site, downloads / "new", NEW)
    bad = published(site, downloads / "bad", NEW, (b"server.serve_forever()", b"sys.exit(3)"))
    *hosts, lite = fleet.boot("canary", "core-2", "lite-canary")
    variables = {host: {**site.variables(host), **old} for host in hosts}
    of_lite = {"greengrass_runtime": "lite", **site.certificates(lite)}
    play(fleet, "site.yml", {**variables, lite: {**of_lite, **site.lite("7")}}).must_pass()
    return Cores(fleet, hosts, variables, new, bad, lite, {**of_lite, **site.lite("8")})


def test_canary_that_fails_goes_back_and_the_others_are_not_touched(cores: Cores) -> None:
    """The new core does not start: the canary serves the old one again, and no other host was in a batch."""
    before = cores.states()
    result = cores.upgrade(cores.bad).must_fail()
    said = " ".join(result.output.split())
    assert (
        "canary was not upgraded: Run the core, now and at every boot, and wait until it answers:"
        in said
    )
    assert "It was put back and serves what it served before." in said
    assert "core-2" not in result.output.split("PLAY RECAP")[1]
    assert cores.states()[1:] == before[1:]
    assert cores.versions() == [OLD] * 2


def test_wrong_digest_is_refused_while_the_old_core_serves(cores: Cores) -> None:
    """The download is refused before the core is stopped: its process is the same."""
    before = cores.states()
    wrong = {**cores.new, "greengrass_core_v1_tarball_sha256": "0" * 64}
    cores.upgrade(wrong).must_fail()
    assert cores.states() == before


def test_extra_variable_that_would_spoil_the_way_back_is_refused(cores: Cores) -> None:
    """Its digest would win over that of the old software."""
    extra = f"--extra-vars=greengrass_core_v1_tarball_sha256={cores.new['greengrass_core_v1_tarball_sha256']}"
    result = cores.upgrade(cores.new, extra).must_fail()
    assert "the digest of the new core is an extra variable" in " ".join(result.output.split())
    assert cores.versions() == [OLD] * 2


def test_nucleus_lite_goes_back_from_its_own_download(cores: Cores) -> None:
    """A component that the inventory names is missing after the upgrade."""
    before = cores.package()
    lacking = {**cores.of_lite, "greengrass_verify_components": ["com.example.Missing"]}
    result = play(cores.fleet, "upgrade.yml", {cores.lite: lacking}).must_fail()
    said = " ".join(result.output.split())
    assert "lite-canary was not upgraded: Report what was found:" in said
    assert "Putting it back has failed too: Report what was found:" in said
    assert cores.package() == before


def test_good_version_reaches_all_in_batches_and_once(cores: Cores) -> None:
    """The canary's batch comes first; check mode only tells, a second run changes nothing."""
    before = cores.package()
    wanted = {**cores.wanting(cores.new), cores.lite: cores.of_lite}
    steps = four_steps(cores.fleet, "upgrade.yml", wanted, BATCHES)
    steps.must_hold("greengrass_upgrade")
    assert steps.applied.result.output.count("PLAY [Upgrade cores") == 2
    assert cores.versions() == [NEW] * 2
    assert cores.package() != before


def test_site_makes_a_core_what_its_inventory_says_also_an_older_one(cores: Cores) -> None:
    """Comes after the upgrade. Nothing of the newer version stays that would let it count as installed."""
    play(cores.fleet, "site.yml", cores.variables).must_pass()
    assert cores.versions() == [OLD] * 2
    for host in cores.hosts:
        assert host.root("ls /greengrass/ggc/packages") == OLD
