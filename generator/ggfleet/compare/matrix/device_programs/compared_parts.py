"""Parts of an application on a device: fetched, verified, unpacked beside, switched to by a rename.

A part has a folder `slots/NAME` with one folder for each version that is there, and two links,
`current` and `previous`. What is fetched lies in `incoming` until it is whole.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import shutil
import subprocess
import sys
import tarfile
import time
import types
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterator, List

Step = Dict[str, Any]
CHUNK = 1 << 18
PATIENCE = 30.0
"""Seconds without a byte after which a connection is given up."""
FRUITLESS = 5
"""Tries in a row that bring no byte, after which a download is given up."""
IMAGE, MOUNTED = "image.squashfs", "mounted"


def place(base: Path, step: Step) -> None:
    """Bring one version of a part onto the disk, unless it is there; what serves stays."""
    slot = base / "slots" / step["slot"]
    folder = slot / step["version"]
    if folder.exists():
        return
    fetched = _fetched(base, step)
    beside = slot / f".{step['version']}.new"
    shutil.rmtree(str(beside), ignore_errors=True)
    beside.mkdir(parents=True)
    if step["form"] == "squashfs":
        fetched.rename(beside / IMAGE)
        (beside / MOUNTED).mkdir()
    else:
        _unpack(fetched, beside, step["form"])
        fetched.unlink()
    beside.rename(folder)
    remove_empty(base / "incoming")


def patch(base: Path, step: Step) -> None:
    """Make a version of one that is there and a delta, which is fetched."""
    slot = base / "slots" / step["slot"]
    fetched = _fetched(base, step)
    beside = slot / f".{step['version']}.new"
    # The program that a playbook runs; what Ansible would hand it, it gets as arguments here.
    basic = types.ModuleType("ansible.module_utils.basic")
    basic.AnsibleModule = None  # type: ignore[attr-defined]
    sys.modules.setdefault("ansible.module_utils.basic", basic)
    for name in ("ansible.module_utils", "ansible"):
        sys.modules.setdefault(name, types.ModuleType(name))
    program = importlib.import_module("greengrass_library_delta")
    source = slot / step["base"]
    program.apply(fetched, step["sha256"], source, beside, step["tree_sha256"])
    fetched.unlink()
    beside.rename(slot / step["version"])
    remove_empty(base / "incoming")


def switch(base: Path, step: Step) -> None:
    """Let a version that is there serve; keep the one that served, drop the others."""
    slot = base / "slots" / step["slot"]
    current, previous = slot / "current", slot / "previous"
    served = os.readlink(str(current)) if current.is_symlink() else ""
    if served != step["version"]:
        _mount(slot / step["version"])
        if served:
            _point(previous, served)
        _point(current, step["version"])
    stay = {os.readlink(str(link)) for link in (current, previous) if link.is_symlink()}
    for folder in list(slot.iterdir()):
        if not folder.is_symlink() and folder.name not in stay:
            _drop(folder)


def remove(base: Path, step: Step) -> None:  # noqa: ARG001 - every step is called alike
    """Remove everything of the strategy."""
    for image in base.glob(f"slots/*/*/{IMAGE}"):
        _unmount(image.parent)
    shutil.rmtree(str(base))


def remove_empty(folder: Path) -> None:
    """Remove a folder unless something is left in it."""
    try:
        folder.rmdir()
    except OSError:
        return


def kept(base: Path) -> Iterator[Path]:
    """What serves, and the version before it, which is kept to go back to."""
    slots = base / "slots"
    for link in sorted(slots.glob("*/current")) + sorted(slots.glob("*/previous")):
        yield link
        yield link.parent / os.readlink(str(link))


def digest(base: Path, paths: List[str]) -> str:
    """Digest what serves: paths, modes, links and contents; compiled bytecode is left out.

    Bytecode names the time of its source, which every installation sets anew.
    """
    total = hashlib.sha256()
    slots = [link.resolve() for link in sorted((base / "slots").glob("*/current"))]
    for top in slots + [base / path for path in paths]:
        for folder, folders, names in os.walk(str(top)):
            folders[:] = sorted(set(folders) - {"__pycache__", MOUNTED})
            for name in sorted(names):
                _add(total, base, Path(folder, name))
    return total.hexdigest()


def _add(total: Any, base: Path, path: Path) -> None:
    status = path.lstat()
    total.update(f"{path.relative_to(base)}\0{status.st_mode:o}\0".encode())
    if path.is_symlink():
        total.update(os.readlink(str(path)).encode())
        return
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK)
            if not chunk:
                break
            total.update(chunk)


def _fetched(base: Path, step: Step) -> Path:
    """Download as the classic nucleus does: go on where the connection broke off, then verify."""
    folder = base / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    path: Path = folder / step["sha256"]
    fruitless = 0
    while True:
        there = path.stat().st_size if path.exists() else 0
        if there >= step["size"]:
            break
        problem = _go_on(step["url"], path, there)
        fruitless = 0 if path.exists() and path.stat().st_size > there else fruitless + 1
        if fruitless >= FRUITLESS:
            raise ConnectionError(f"{step['url']}: {problem}")
        if fruitless:
            time.sleep(min(2.0 ** (fruitless - 1), 8.0))
    found = _sha256(path)
    if found != step["sha256"]:
        path.unlink()
        raise ValueError(f"{step['url']}: its SHA-256 is {found}, not {step['sha256']}")
    return path


def _go_on(url: str, path: Path, there: int) -> str:
    asked = urllib.request.Request(url, headers={"Range": f"bytes={there}-"} if there else {})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer, path.open("ab") as stream:  # noqa: S310
            while True:
                chunk = answer.read(CHUNK)
                if not chunk:
                    break
                stream.write(chunk)
    except urllib.error.HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, EOFError, ValueError, ArithmeticError) as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - http.client's own, such as IncompleteRead
        return type(error).__name__
    return "the connection ended"


def _sha256(path: Path) -> str:
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(CHUNK)
            if not chunk:
                return total.hexdigest()
            total.update(chunk)


def _unpack(archive: Path, folder: Path, form: str) -> None:
    if form == "tar.gz":
        with tarfile.open(str(archive)) as opened:
            opened.extractall(str(folder))  # noqa: S202 - its digest was verified
        return
    with zipfile.ZipFile(str(archive)) as zipped:
        for member in zipped.infolist():
            path = Path(zipped.extract(member, str(folder)))  # their digest was verified
            mode = member.external_attr >> 16 & 0o777
            if mode:
                path.chmod(mode)


def _mount(folder: Path) -> None:
    if (folder / IMAGE).exists() and not os.path.ismount(str(folder / MOUNTED)):
        image = [str(folder / IMAGE), str(folder / MOUNTED)]
        subprocess.run(["mount", "-t", "squashfs", "-o", "loop,ro", *image], check=True)


def _unmount(folder: Path) -> None:
    if os.path.ismount(str(folder / MOUNTED)):
        subprocess.run(["umount", str(folder / MOUNTED)], check=True)


def _point(link: Path, target: str) -> None:
    beside = link.with_name(f".{link.name}.new")
    if beside.is_symlink():
        beside.unlink()
    beside.symlink_to(target)
    beside.replace(link)


def _drop(folder: Path) -> None:
    _unmount(folder)
    shutil.rmtree(str(folder))
