"""The stand-in for the classic nucleus, packed as its releases are: a zip with bin, lib and conf.

The Java sources lie in the folder `nucleus`. They are compiled by the compiler of the test root, which
also has the Java that runs them, so that this machine needs neither.
"""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

from fleet.shell import run

VERSION = "2.18.0"
SOURCES = Path(__file__).parent / "nucleus"
LIBRARIES = "/usr/share/java"
# The root is shared and must stay as it is: what goes in and out is mounted for this program alone.
IN_ROOT = """\
mount --bind "$1" "$2/mnt" && mount --bind /proc "$2/proc" &&
exec chroot "$2" java -cp "$3" {} -17 -proc:none -cp "$4" -d /mnt /mnt
"""
COMPILER = "org.eclipse.jdt.internal.compiler.batch.Main"
RECIPE = """\
RecipeFormatVersion: '2020-01-25'
ComponentName: {component}
ComponentType: aws.greengrass.nucleus
ComponentVersion: '{version}'
"""
MANIFEST = "Manifest-Version: 1.0\nMain-Class: Nucleus\n\n"


def compile_jar(folder: Path, rootfs: Path) -> Path:
    """Compile the sources with the Java of `rootfs`; return the jar, which holds all it needs."""
    work = folder / "classes"
    work.mkdir()
    for source in SOURCES.glob("*.java"):
        (work / source.name).write_bytes(source.read_bytes())
    libraries = [f"{LIBRARIES}/{name}.jar" for name in ("eclipse-jdt-core", "snakeyaml")]
    run(["unshare", "--mount", "--propagation=private", "sh", "-c", IN_ROOT.format(COMPILER), "sh",
         work, rootfs, *libraries])  # fmt: skip
    jar = folder / "Greengrass.jar"
    with (
        zipfile.ZipFile(jar, "w") as target,
        zipfile.ZipFile(rootfs / libraries[1].lstrip("/")) as yaml,
    ):
        target.writestr("META-INF/MANIFEST.MF", MANIFEST)
        for path in sorted(work.glob("*.class")):
            target.write(path, path.name)
        for name in yaml.namelist():
            if name.endswith(".class") and not name.startswith("META-INF"):
                target.writestr(name, yaml.read(name))
    return jar


def build(
    folder: Path, jar: Path, *, component: str = "aws.greengrass.Nucleus", build: str = "1"
) -> tuple[Path, str]:
    """Write the zip into `folder`; return it and its SHA-256. Another build, another digest."""
    path = folder / f"greengrass-nucleus-standin-{VERSION}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("STAND-IN", f"Made for tests. Not AWS IoT Greengrass. Build {build}\n")
        archive.writestr("conf/recipe.yaml", RECIPE.format(component=component, version=VERSION))
        archive.write(SOURCES / "loader", "bin/loader")
        archive.write(jar, "lib/Greengrass.jar")
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
