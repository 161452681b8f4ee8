"""Finds out, once and by doing it, whether functions can have a mount namespace here.

Many containers and some distributions forbid user namespaces; only a try tells.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from ggfleet.errors import CoreError, ToolError
from ggfleet.localcore.environment import Bind, IsolationMode
from ggfleet.system import process

LAUNCH = Path(__file__).with_name("launch.py")
AUTO = "auto"


def launch_command(
    argv: Sequence[str], cwd: Path, root: Path | None, binds: Sequence[Bind]
) -> list[str]:
    """The command that becomes `argv` as `launch.py` describes."""
    plan = {
        "argv": list(argv),
        "cwd": str(cwd),
        "parent": os.getpid(),
        "root": str(root or ""),
        "binds": [{**asdict(b), "source": str(b.source)} for b in binds],
    }
    return [sys.executable, "-I", "-S", str(LAUNCH), json.dumps(plan)]


def probe(folder: Path, python: Path) -> str:
    """Start an interpreter in a new root with a read-only bind; why that fails, or an empty string.

    It must see the bind's file, and must fail to write beside it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="probe-") as name:
        root, tree = Path(name) / "root", Path(name) / "tree"
        root.mkdir()
        tree.mkdir()
        (tree / "seen").touch()
        test = (
            "import os; assert os.path.exists('/ggfleet-probe/seen')\n"
            "try: open('/ggfleet-probe/written', 'w')\n"
            "except OSError: pass\n"
            "else: raise SystemExit('a read-only bind was written to')"
        )
        bind = Bind(tree, "/ggfleet-probe", read_only=True)
        command = [str(python), "-I", "-S", "-c", test]
        try:
            process.run(launch_command(command, Path("/"), root, [bind]))
        except ToolError as error:
            return error.message.splitlines()[-1]
    return ""


def choose(wanted: str, try_it: Callable[[], str]) -> tuple[IsolationMode, str]:
    """The mode to use for `auto` or a mode's name, and why it is not the namespace.

    Raises CoreError when a namespace is asked for by name and cannot be had.
    """
    if wanted == IsolationMode.RELOCATED:
        return IsolationMode.RELOCATED, "asked for"
    problem = try_it()
    if not problem:
        return IsolationMode.MOUNT_NAMESPACE, ""
    if wanted == AUTO:
        return IsolationMode.RELOCATED, problem
    raise CoreError(
        f"functions cannot have a mount namespace here: {problem}",
        fix="allow unprivileged user namespaces, or use --isolation relocated",
    )
