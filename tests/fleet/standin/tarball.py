"""The stand-in for the closed core software of Greengrass V1, packed the way that was published."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

VERSION = "1.11.6"
SOURCES = Path(__file__).parent
EMPTY_FOLDERS = (
    "certs", "config", "ggc/deployment", "ggc/deployment/function", "ggc/deployment/group",
    "ggc/deployment/lambda", "ggc/deployment/mlmodel", "ggc/var", "ggc/var/log", "ggc/var/state",
)  # fmt: skip
PROGRAMS = {
    "ggc/core/greengrassd": SOURCES / "greengrassd.py",
    f"ggc/packages/{VERSION}/bin/daemon": SOURCES / "daemon.py",
}
NOTICE = "A stand-in made for tests. Not the AWS IoT Greengrass core software.\n"


def build(folder: Path, *, notice: str = NOTICE) -> tuple[Path, str]:
    """Write the tarball into `folder`; return it and its SHA-256. Another notice, another digest."""
    path = folder / f"greengrass-standin-linux-any-{VERSION}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in EMPTY_FOLDERS:
            member = tarfile.TarInfo(f"greengrass/{name}")
            member.type, member.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(member)
        _add(archive, "STAND-IN", notice.encode(), 0o644)
        _add(archive, f"ggc/packages/{VERSION}/NOTICE", notice.encode(), 0o644)
        for name, source in PROGRAMS.items():
            _add(archive, name, source.read_bytes(), 0o755)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int) -> None:
    member = tarfile.TarInfo(f"greengrass/{name}")
    member.size, member.mode = len(content), mode
    archive.addfile(member, io.BytesIO(content))
