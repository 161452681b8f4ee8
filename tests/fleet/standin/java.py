"""A package repository with one package, which has the name of no real one and brings `java` back.

Test hosts have a real Java. A test that takes its name out of PATH gets it back from this package, as
it would get Java from a package of the distribution.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from fleet.shell import run

PACKAGE = "java-standin"
CONTROL = f"""\
Package: {PACKAGE}
Version: 1
Architecture: all
Maintainer: tests <tests@example.com>
Description: A stand-in made for tests. Brings the name of a Java that is there.
"""


def build(folder: Path) -> None:
    """Write the package and the list of packages into `folder`."""
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN/control").write_text(CONTROL)
    (tree / "usr/bin").mkdir(parents=True)
    (tree / "usr/bin/java").symlink_to("/usr/lib/jvm/default-java/bin/java")
    package = folder / f"{PACKAGE}.deb"
    run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package])
    content = package.read_bytes()
    (folder / "Packages").write_text(
        f"{CONTROL}Filename: ./{package.name}\nSize: {len(content)}\n"
        f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
    )
