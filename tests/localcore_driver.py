"""Runs the embedded core in a process that a test can kill or run as somebody else.

    python localcore_driver.py forever ROOT FROM          deploy versions FROM, FROM+1, ... until killed
    python localcore_driver.py die-at ROOT VERSION STEP   deploy a version, kill itself at a step
    python localcore_driver.py serve ROOT MODE SDK        run a function, print a line of JSON, wait

Standard library and ggfleet alone. tests/ and generator/ must be on the path.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path

from ggfleet.localcore import CoreDeployment, EmbeddedCore
from ggfleet.localcore.layout import Layout
from ggfleet.localcore.resources import Deployer
from localcore_support import Group, package, zip_of

RESOURCES = ("libraries", "digits", "labels")

SEE = """
import json, os, marker
import greengrasssdk
client = greengrasssdk.client("iot-data")

def function_handler(event, context):
    try:
        open(os.path.join(os.path.dirname(marker.__file__), "written"), "w")
        written = True
    except OSError:
        written = False
    seen = {"uid": os.getuid(), "marker": marker.__file__, "written": written, "pid": os.getpid()}
    client.publish(topic="out", payload=json.dumps(seen))
"""


def files(name: str, version: int) -> dict[str, str]:
    """The files of one archive: all of them differ from version to version."""
    count = 100 if name == "libraries" else 10
    return {f"{name}/{i // 10}/{i}": f"{name} {version} {i}\n" * 50 for i in range(count)}


def digest(contents: dict[str, str]) -> str:
    """The digest that localcore_support.tree_digest gives of these files once unpacked."""
    total = hashlib.sha256()
    for path in sorted(contents, key=lambda path: path.split("/")):
        total.update(f"{path}\0".encode() + contents[path].encode() + b"\0")
    return total.hexdigest()


def expected(version: int) -> dict[str, str]:
    """What is in force after a version's deployment."""
    trees = {f"resource:{name}": digest(files(name, version)) for name in RESOURCES}
    group = versioned(version)
    arn = group.functions[0]["FunctionArn"]
    return {**trees, f"function:{arn}": digest(files("function", version))}


def versioned(version: int) -> Group:
    """A group whose archives all belong to one version; their URIs stay the same."""
    group = Group()
    for name in RESOURCES:
        group.resource(name, zip_of(files(name, version)), f"/{name}")
    group.function("one", zip_of(files("function", version)), resources=RESOURCES)
    return group


def read(group: Group, root: Path) -> CoreDeployment:
    """The group's deployment, by way of documents."""
    return group.load(root / f"documents-{os.getpid()}")


def forever(root: Path, start: int) -> None:
    """Deploy version after version; a line tells that it begins."""
    print("begin", flush=True)
    for version in itertools.count(start):
        group = versioned(version)
        Deployer(Layout(root / "greengrass"), group.store).deploy(read(group, root))


def die_at(root: Path, version: int, step: int) -> None:
    """Kill this process at the given step of a deployment; returns when there is no such step."""
    steps = itertools.count()

    def fault(_: str) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    group = versioned(version)
    Deployer(Layout(root / "greengrass"), group.store, fault=fault).deploy(read(group, root))


def serve(root: Path, mode: str, sdk: Path) -> None:
    """Run a container function, print what it sees, then sleep."""
    group = Group()
    group.resource("libraries", zip_of({"marker.py": ""}), "/mllibs")
    function = group.function(
        "see", package(SEE, sdk), resources=("libraries",), variables={"PYTHONPATH": "/mllibs"}
    )
    group.subscribe("cloud", "in", function)
    group.subscribe(function, "out", "cloud")
    deployment = read(group, root)
    python = Path(sys.executable).resolve()
    with EmbeddedCore(
        deployment, group.store, root / "greengrass", python=python, isolation_mode=mode
    ) as core:
        report = core.deploy()
        core.start()
        core.send("in", b"{}")
        answer = core.next_answer(20)
        seen = json.loads(answer.payload) if answer else {}
        print(json.dumps({**seen, "isolation": report.isolation}), flush=True)
        if not os.environ.get("ONCE"):
            time.sleep(600)


def main(verb: str, root: str, *rest: str) -> None:
    """Do one of the three."""
    if verb == "forever":
        forever(Path(root), int(rest[0]))
    elif verb == "die-at":
        die_at(Path(root), int(rest[0]), int(rest[1]))
    else:
        serve(Path(root), rest[0], Path(rest[1]))


if __name__ == "__main__":
    main(*sys.argv[1:])
