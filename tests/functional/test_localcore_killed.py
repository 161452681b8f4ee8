"""Killed at any moment: trees are wholly old or wholly new, and no process outlives the core."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

import ggfleet
import localcore_driver
import localcore_support
from ggfleet.localcore.isolation import probe
from ggfleet.localcore.layout import STAGING, Layout
from ggfleet.localcore.trees import InForce
from ggfleet.system.process import base_python
from localcore_support import tree_digest

DRIVER = Path(localcore_driver.__file__)
GENERATOR = Path(ggfleet.__file__).parents[1]
NOBODY = 65534
KILLS = 30


def sdk() -> Path:
    spec = importlib.util.find_spec("greengrasssdk")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def start(*arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{GENERATOR}:{DRIVER.parent}"}
    command = [sys.executable, str(DRIVER), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def in_force(root: Path) -> dict[str, str]:
    """What stands at every destination, digested file by file."""
    trees = InForce(Layout(root / "greengrass")).read()
    return {key: tree_digest(tree.path) for key, tree in trees.items()}


def version_in_force(root: Path, candidates: range) -> int:
    """The one version that everything in force belongs to; 0 when nothing is."""
    found = in_force(root)
    if not found:
        return 0
    for version in candidates:
        if found == localcore_driver.expected(version):
            return version
    raise AssertionError("what is in force belongs to no single version")


def test_a_kill_at_each_step_leaves_the_old_deployment_or_the_new(tmp_path: Path) -> None:
    """Kills at step 0, 1, 2... of an update; the next deployment works and cleans up."""
    outcomes = []
    for step in range(100):
        root = tmp_path / str(step)
        localcore_driver.die_at(root, version=1, step=-1)
        with start("die-at", str(root), "2", str(step)) as process:
            process.communicate(timeout=60)
        outcomes.append(version_in_force(root, range(1, 3)))
        localcore_driver.die_at(root, version=2, step=-1)
        assert version_in_force(root, range(1, 3)) == 2
        assert not list((root / "greengrass").rglob(f"{STAGING}*"))
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
    assert process.returncode == 0
    assert len(outcomes) > 15
    assert outcomes == sorted(outcomes), "once switched, later steps leave the new one"
    assert set(outcomes[:-1]) == {1, 2}


def test_a_kill_at_a_random_moment_leaves_one_whole_version(tmp_path: Path) -> None:
    """Versions are deployed one after the other and the process is killed again and again."""
    dice = random.Random(20261123)
    version, half_done = 0, 0
    for _ in range(KILLS):
        with start("forever", str(tmp_path), str(version + 1)) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "begin\n"
            time.sleep(dice.uniform(0, 0.25))
            process.kill()
        now = version_in_force(tmp_path, range(version, version + 200))
        assert now >= version
        version = now
        layout = Layout(tmp_path / "greengrass")
        half_done += any(layout.deployment.rglob(f"{STAGING}*"))
    assert version > 0, "no deployment ever came through: the test killed too early"
    assert half_done > 0, "no kill ever hit the unpacking: the test proves nothing"


@pytest.mark.parametrize("mode", ["mount-namespace", "relocated"])
def test_functions_die_with_a_killed_core_and_the_next_one_starts(
    tmp_path: Path, mode: str
) -> None:
    if mode == "mount-namespace" and (why := probe(tmp_path / "probe", base_python())):
        pytest.skip(f"no mount namespaces here: {why}")
    for _ in range(2):
        with start("serve", str(tmp_path), mode, str(sdk())) as process:
            assert process.stdout is not None
            seen = json.loads(process.stdout.readline())
            process.kill()
        assert seen["isolation"] == mode
        end = time.monotonic() + 5
        while runs(seen["pid"]):
            assert time.monotonic() < end, "the function outlived its core"
            time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may use, unlike pytest's, with a copy of what the driver needs."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can become another user; the other tests ran as an ordinary one")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(GENERATOR / "ggfleet", folder / "generator" / "ggfleet", ignore=ignore)
        orjson_folder = Path(str(orjson.__file__)).parent
        shutil.copytree(orjson_folder, folder / "generator" / "orjson", ignore=ignore)
        shutil.copytree(sdk(), folder / "greengrasssdk", ignore=ignore)
        for module in (localcore_driver, localcore_support):
            shutil.copy(str(module.__file__), folder)
        (folder / "root").mkdir()
        shutil.chown(folder / "root", NOBODY, NOBODY)
        yield folder


def others_python() -> str:
    """A Python of this one's version that an ordinary user may run: orjson is native code."""
    path = Path("/usr/bin") / "python{}.{}".format(*sys.version_info)
    if path.exists():
        return str(path)
    pytest.skip(f"there is no {path}")


@pytest.mark.parametrize("mode", ["auto", "relocated"])
def test_containers_need_no_root(shared: Path, mode: str) -> None:
    """As nobody, in a user namespace: resources at their destination, and no way to write there."""
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    driver = str(shared / DRIVER.name)
    arguments = ["serve", str(shared / "root"), mode, str(shared / "greengrasssdk")]
    done = subprocess.run(
        [*command, others_python(), "-B", driver, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": "/",
            "ONCE": "1",
            "PYTHONPATH": str(shared / "generator"),
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert (seen["uid"], seen["written"]) == (NOBODY, False)
    if seen["isolation"] == "mount-namespace":
        assert seen["marker"] == "/mllibs/marker.py"
    else:
        assert seen["marker"].startswith(str(shared / "root/greengrass/ggc/deployment/mlmodel"))


FORBID = 'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"'


def test_where_namespaces_are_forbidden_functions_are_relocated(tmp_path: Path) -> None:
    """For real: the driver runs where the kernel grants no mount namespace."""
    wrapper = ["unshare", "--user", "--map-root-user", "sh", "-c", FORBID, "sh"]
    if subprocess.run([*wrapper, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no user namespace to forbid mount namespaces in")
    done = subprocess.run(
        [*wrapper, sys.executable, str(DRIVER), "serve", str(tmp_path), "auto", str(sdk())],
        env={**os.environ, "ONCE": "1", "PYTHONPATH": f"{GENERATOR}:{DRIVER.parent}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["isolation"] == "relocated"
    assert seen["marker"].startswith(str(tmp_path / "greengrass/ggc/deployment/mlmodel"))
