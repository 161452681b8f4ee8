"""The stand-in for nucleus lite, packed as its releases are: names, paths, units, maintainer scripts."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from fleet.shell import run

VERSION = "2.6.0"
PROGRAM = Path(__file__).with_name("lite.py")
DAEMONS = (
    "gg-fleet-statusd", "ggconfigd", "ggdeploymentd", "gghealthd", "ggipcd", "ggpubsubd",
    "iotcored", "tesd",
)  # fmt: skip
AS_ROOT = ("ggdeploymentd", "gghealthd")
PROGRAMS = (*DAEMONS, "fleet-provisioning")
TARGET = """\
[Unit]
Description=Stand-in for Greengrass nucleus lite
[Install]
WantedBy=multi-user.target
"""
UNIT = """\
[Unit]
PartOf=greengrass-lite.target
After=ggl.core.ggconfigd.service
StartLimitInterval=20
StartLimitBurst=10
[Install]
WantedBy=greengrass-lite.target
[Service]
Type={kind}
ExecStart=/usr/bin/{name}
Restart=always
RestartSec=1
User={user}
WorkingDirectory=/var/lib/greengrass
"""
CONTROL = """\
Package: {package}
Version: {version}
Architecture: {architecture}
Maintainer: tests <tests@example.com>
Depends: python3, python3-yaml
Description: A stand-in made for tests. Not AWS IoT Greengrass nucleus lite.
"""
# As the real one behaves under Debian's sh: accounts are made without a look, also on an upgrade.
AFTER_INSTALLATION = """\
#!/bin/sh
set -e
mkdir -p /etc/greengrass/config.d
cat > /etc/greengrass/config.d/greengrass-lite.yaml <<'END'
services:
  aws.greengrass.NucleusLite:
    componentType: "NUCLEUS"
    configuration:
      runWithDefault: {posixUser: "ggcore:ggcore"}
END
for account in ggcore gg_component; do
  getent group $account || groupadd $account
  useradd -m -g $account $account
done
mkdir -p /var/lib/greengrass
chown ggcore:ggcore /var/lib/greengrass
"""
AFTER_REMOVAL = """\
#!/bin/sh
set -e
case "$1" in
  purge) rm -rf /var/lib/greengrass /etc/greengrass ;;
  remove) for account in ggcore gg_component; do userdel $account; done ;;
esac
"""


def build(
    folder: Path,
    *,
    build: str = "1",
    package: str = "aws-greengrass-lite",
    architecture: str = "all",
) -> tuple[Path, str]:
    """Write the package into `folder`; return it and its SHA-256."""
    tree = folder / "tree"
    units = tree / "lib/systemd/system"
    for made in (tree / "DEBIAN", tree / "usr/bin", tree / "usr/share/greengrass-lite", units):
        made.mkdir(parents=True)
    (tree / "usr/share/greengrass-lite/STAND-IN").write_text(f"Build {build}\n")
    for name in PROGRAMS:
        script(tree / "usr/bin" / name, PROGRAM.read_text())
    (units / "greengrass-lite.target").write_text(TARGET)
    for name in DAEMONS:
        user = "root" if name in AS_ROOT else "ggcore"
        kind = "notify" if name == "ggconfigd" else "exec"
        unit = UNIT.format(name=name, user=user, kind=kind)
        (units / f"ggl.core.{name}.service").write_text(unit)
    enabled = " ".join(f"ggl.core.{name}.service" for name in DAEMONS)
    control = CONTROL.format(
        package=package, version=f"{VERSION}-{build}", architecture=architecture
    )
    (tree / "DEBIAN/control").write_text(control)
    enable = f"systemctl enable greengrass-lite.target {enabled}\nsystemctl daemon-reload\n"
    script(tree / "DEBIAN/postinst", AFTER_INSTALLATION + enable)
    script(tree / "DEBIAN/postrm", AFTER_REMOVAL)
    return _pack(tree, folder / f"{package}-standin-{VERSION}.deb")


def script(path: Path, text: str) -> None:
    """Write a program."""
    path.write_text(text)
    path.chmod(0o755)


def _pack(tree: Path, path: Path) -> tuple[Path, str]:
    run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, path])
    shutil.rmtree(tree)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
