"""What test hosts are provisioned with: certificates, and a tarball that they can download."""

from __future__ import annotations

import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

from fleet.fleet import Fleet
from fleet.host import Host
from fleet.pki import Authority
from fleet.server import Server
from fleet.standin import deb, java, nucleus_zip, tarball
from fleet.system import BOOKWORM


class Site:
    """A certificate authority and a web server with the stand-ins for the core software."""

    def __init__(self, fleet: Fleet) -> None:
        """Make both for `fleet`."""
        self.authority = Authority(fleet.folder / "pki")
        self._downloads = fleet.folder / "downloads"
        self._downloads.mkdir()
        self._server = Server(fleet.network, self._downloads)
        self.core = self.release("1")
        self._rootfs = fleet.rootfs
        self._jar: Path | None = None

    def release(self, build: str) -> dict[str, Any]:
        """Publish the stand-in; another `build` has the same version and another digest."""
        folder = self._room(build)
        path, digest = tarball.build(folder, notice=f"{tarball.NOTICE}Build {build}\n")
        return {
            "greengrass_core_v1_tarball_url": f"{self._server.url}/{folder.name}/{path.name}",
            "greengrass_core_v1_tarball_sha256": digest,
        }

    def lite(
        self,
        build: str = "1",
        package: str = "aws-greengrass-lite",
        architecture: str = "all",
    ) -> dict[str, Any]:
        """Publish the stand-in for nucleus lite, or a package of another name."""
        folder = self._room(f"lite-{build}-{package}-{architecture}")
        path, digest = deb.build(folder, build=build, package=package, architecture=architecture)
        return {
            "greengrass_nucleus_lite_deb_url": f"{self._server.url}/{folder.name}/{path.name}",
            "greengrass_nucleus_lite_deb_sha256": digest,
        }

    def classic(
        self, build: str = "1", component: str = "aws.greengrass.Nucleus"
    ) -> dict[str, Any]:
        """Publish the stand-in for the classic nucleus, or a zip of another component."""
        folder = self._room(f"classic-{build}-{component}")
        if self._jar is None:
            self._jar = nucleus_zip.compile_jar(folder, self._rootfs(BOOKWORM))
        path, digest = nucleus_zip.build(folder, self._jar, component=component, build=build)
        return {
            "greengrass_nucleus_zip_url": f"{self._server.url}/{folder.name}/{path.name}",
            "greengrass_nucleus_zip_sha256": digest,
        }

    def plugin(self, name: str) -> dict[str, Any]:
        """Publish a stand-in for a plugin of the classic nucleus, `claim` or `pkcs11`: an empty jar."""
        path = self._downloads / f"{name}.jar"
        with zipfile.ZipFile(path, "w") as jar:
            jar.writestr("META-INF/MANIFEST.MF", f"Manifest-Version: 1.0\nStand-In: {name}\n")
        return {
            f"greengrass_nucleus_{name}_plugin_url": f"{self._server.url}/{path.name}",
            f"greengrass_nucleus_{name}_plugin_sha256": sha256(path.read_bytes()).hexdigest(),
        }

    def here(self, variables: dict[str, Any]) -> dict[str, Any]:
        """Return the same downloads by their paths: this machine is not in the hosts' network."""
        return {
            name: value.replace(self._server.url, self._downloads.as_uri())
            for name, value in variables.items()
        }

    def java_package(self) -> str:
        """Publish a package repository with a stand-in package of Java; return its line for apt."""
        folder = self._downloads / "apt"
        folder.mkdir()
        java.build(folder)
        return f"deb [trusted=yes] {self._server.url}/{folder.name} ./"

    def publish(self, name: str) -> tuple[Path, str]:
        """Return where to write a file that hosts are to download, and its address."""
        return self._downloads / name, f"{self._server.url}/{name}"

    def _room(self, name: str) -> Path:
        """Return a folder of downloads that nobody has: modules of tests publish the same things."""
        taken = sum(each.name.startswith(f"{name}.") for each in self._downloads.iterdir())
        folder = self._downloads / f"{name}.{taken}"
        folder.mkdir()
        return folder

    def variables(self, host: Host) -> dict[str, Any]:
        """Return what the inventory must say about `host` instead of the sample's placeholders."""
        return {**self.certificates(host), **self.core}

    def certificates(self, host: Host) -> dict[str, Any]:
        """Issue a certificate to `host`; return what the inventory must say about it."""
        return self.certificate_of(host.name)

    def certificate_of(self, name: str, *, days: int = 30) -> dict[str, Any]:
        """Issue a certificate that ends in `days`; return what the inventory must say about it."""
        certificate, key = self.authority.issue(name, days=days)
        return {
            "greengrass_certificates_certificate": str(certificate),
            "greengrass_certificates_private_key": str(key),
            "greengrass_certificates_root_ca": str(self.authority.root_ca),
        }

    def close(self) -> None:
        """Stop the web server."""
        self._server.close()
