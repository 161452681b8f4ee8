"""Systems that programs are tried in one by one: a Debian that was unpacked and never set up.

Nothing in it has run, so another architecture's takes no emulation to make. Each is kept in the
cache of roots under the digest of its recipe, which is this file and the system.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from pathlib import Path

from fleet.rootfs import cache_folder
from fleet.shell import run
from fleet.system import System

PACKAGES = ("base-files", "libstdc++6", "python3")


def extracted(system: System) -> Path:
    """Return the root with Python, made now if need be; two runs at once make it once."""
    recipe = Path(__file__).read_bytes() + str(system).encode()
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    name = f"extracted-{system}"
    root = cache / f"{name}-{hashlib.sha256(recipe).hexdigest()[:16]}"
    with (cache / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.is_dir():
            _make(root, system)
    return root


def _make(root: Path, system: System) -> None:
    work = root.with_suffix(".making")
    if work.exists():
        shutil.rmtree(work)
    run(
        # In a mount namespace of its own, so that nothing stays mounted if it is killed.
        ["unshare", "--mount", "--propagation=private", "mmdebstrap", "--mode=root",
         "--variant=extract", "--format=directory", f"--architectures={system.architecture}",
         f"--include={','.join(PACKAGES)}", system.suite, work],
        timeout=300,
    )  # fmt: skip
    work.rename(root)
