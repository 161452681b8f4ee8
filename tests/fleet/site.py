"""What test hosts are provisioned with: certificates, and a tarball that they can download."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.pki import Authority
from fleet.server import Server
from fleet.standin import deb, tarball


class Site:
    """A certificate authority and a web server with the stand-ins for the core software."""

    def __init__(self, fleet: Fleet) -> None:
        """Make both for `fleet`."""
        self.authority = Authority(fleet.folder / "pki")
        self._downloads = fleet.folder / "downloads"
        self._downloads.mkdir()
        self._server = Server(fleet.network, self._downloads)
        self.core = self.release("1")

    def release(self, build: str) -> dict[str, Any]:
        """Publish the stand-in; another `build` has the same version and another digest."""
        folder = self._downloads / build
        folder.mkdir()
        path, digest = tarball.build(folder, notice=f"{tarball.NOTICE}Build {build}\n")
        return {
            "greengrass_core_v1_tarball_url": f"{self._server.url}/{build}/{path.name}",
            "greengrass_core_v1_tarball_sha256": digest,
        }

    def lite(self, build: str = "1", package: str = "aws-greengrass-lite") -> dict[str, Any]:
        """Publish the stand-in for nucleus lite, or a package of another name."""
        folder = self._downloads / f"lite-{build}-{package}"
        folder.mkdir()
        path, digest = deb.build(folder, build=build, package=package)
        return {
            "greengrass_nucleus_lite_deb_url": f"{self._server.url}/{folder.name}/{path.name}",
            "greengrass_nucleus_lite_deb_sha256": digest,
        }

    def publish(self, name: str) -> tuple[Path, str]:
        """Return where to write a file that hosts are to download, and its address."""
        return self._downloads / name, f"{self._server.url}/{name}"

    def variables(self, host: Host) -> dict[str, Any]:
        """Return what the inventory must say about `host` instead of the sample's placeholders."""
        return {**self.certificates(host), **self.core}

    def certificates(self, host: Host) -> dict[str, Any]:
        """Issue a certificate to `host`; return what the inventory must say about it."""
        certificate, key = self.authority.issue(host.name)
        return {
            "greengrass_certificates_certificate": str(certificate),
            "greengrass_certificates_private_key": str(key),
            "greengrass_certificates_root_ca": str(self.authority.root_ca),
        }

    def close(self) -> None:
        """Stop the web server."""
        self._server.close()
