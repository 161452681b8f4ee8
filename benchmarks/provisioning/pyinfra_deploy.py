"""The benchmark's second yardstick: the operations of naive.yml, in pyinfra.

It runs what is written here and decides on the control node, from facts that it asks for, what is
to be done. As naive.yml it checks nothing beforehand.
"""

from __future__ import annotations

from pathlib import Path

from pyinfra import host
from pyinfra.facts.files import File, Sha256File
from pyinfra.operations import apt, files, server, systemd

HERE = Path(__file__).parent
CACHE = "/var/cache/greengrass"
TARBALL = f"{CACHE}/{host.data.tarball_sha256}.tar.gz"
ROOT = {"user": "root", "group": "root"}

apt.packages(name="Install packages", packages=["ca-certificates", "python3"])
for group in ("ggc_group", "ggc_ml"):
    server.group(name=f"Make the group {group}", group=group, system=True)
server.user(  # noqa: S604 - the account's
    name="Make the account of functions",
    user="ggc_user",
    group="ggc_group",
    system=True,
    create_home=False,
    ensure_home=False,
    home="/nonexistent",
    shell="/usr/sbin/nologin",
)
settings = files.put(
    name="Write kernel settings",
    src=str(HERE / "sysctl.conf"),
    dest="/etc/sysctl.d/98-greengrass.conf",
    mode="644",
    **ROOT,
)
server.shell(name="Apply kernel settings", commands=["sysctl --system"], _if=settings.did_change)
for path in ("/greengrass", "/greengrass/certs", "/greengrass/config", CACHE):
    files.directory(name=f"Make {path}", path=path, mode="755", **ROOT)
for key, target, mode in (
    ("private_key", "private.pem.key", "600"),
    ("certificate", "certificate.pem.crt", "644"),
    ("root_ca", "root.ca.pem", "644"),
):
    files.put(
        name=f"Copy {target}",
        src=host.data.get(key),
        dest=f"/greengrass/certs/{target}",
        mode=mode,
        **ROOT,
    )
# The hosts have no curl or wget, which files.download asks for.
if host.get_fact(Sha256File, path=TARBALL) != host.data.tarball_sha256:
    server.shell(
        name="Download the core software",
        commands=[
            f"""python3 -c 'import urllib.request as u; """
            f"""u.urlretrieve("{host.data.tarball_url}", "{TARBALL}")'""",
            f"echo {host.data.tarball_sha256} {TARBALL} | sha256sum --check --quiet",
        ],
    )
    files.file(name="Own the tarball", path=TARBALL, mode="644", **ROOT)
if not host.get_fact(File, path="/greengrass/ggc/core/greengrassd"):
    server.shell(
        name="Unpack the core software",
        commands=[f"tar --extract --file={TARBALL} --directory=/ --no-same-owner"],
    )
config = files.template(
    name="Write config.json",
    src=str(HERE / "config.json.j2"),
    dest="/greengrass/config/config.json",
    mode="644",
    thing_arn=host.data.thing_arn,
    iot_host=host.data.iot_host,
    **ROOT,
)
unit = files.put(
    name="Write the unit",
    src=str(HERE / "greengrass.service"),
    dest="/etc/systemd/system/greengrass.service",
    mode="644",
    **ROOT,
)
systemd.daemon_reload(name="Read units again", _if=unit.did_change)
systemd.service(
    name="Run the core, now and at every boot",
    service="greengrass.service",
    running=True,
    enabled=True,
)
server.shell(
    name="Restart the core",
    commands=["systemctl restart greengrass"],
    _if=lambda: config.did_change() or unit.did_change(),
)
server.shell(
    name="Ask the core for its version",
    commands=["/greengrass/ggc/core/greengrassd --version"],
)
