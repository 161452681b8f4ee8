"""The whole way once, on this machine: what `make demo` runs after it has made the environments.

Every step is a command that a user can type; each is shown before it runs. Needs no root.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SAMPLES = "build/models/digits/samples.jsonl"
ANSWERS = "build/demo/answers.jsonl"


def main() -> None:
    """Check, bundle, render, run, score, compare."""
    began = time.monotonic()
    (ROOT / "build/demo").mkdir(parents=True, exist_ok=True)
    show("1. One file describes the fleet", "ggfleet check fleet.yml")
    platform = platform_of_this_machine()
    show(
        f"2. Its parts as archives, for {platform} (this machine is one)",
        f"ggfleet bundle fleet.yml --platform {platform}",
    )
    show(
        "3. What Greengrass deploys",
        f"ggfleet render fleet.yml --platform {platform} --out build/demo/group-v1",
    )
    show(
        "4. The three functions in an embedded core: 450 digits each",
        f"ggfleet run fleet.yml --platform {platform} --messages {SAMPLES}",
        into=ANSWERS,
    )
    show(
        "5. What they recognised",
        f"python models/score.py {SAMPLES} {ANSWERS} --at-least 0.95 --show 3",
    )
    show(
        "6. Libraries by pip, or as an ML resource?",
        f"ggfleet compare fleet.yml --platform {platform} --messages {SAMPLES} --out build/compare",
    )
    print(f"\nall of it took {time.monotonic() - began:.0f} s")


def platform_of_this_machine() -> str:
    """The platform of the spec whose archives run here, as ggfleet tells it."""
    told = subprocess.run(
        [BIN / "ggfleet", "run", "fleet.yml", "--which", "--json"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return str(json.loads(told.stdout)["platform"])


def show(title: str, command: str, into: str = "") -> None:
    """Print a heading and the command, and run it; a failure ends the demo."""
    print(f"\n== {title}\n$ {command}{f' > {into}' if into else ''}", flush=True)
    program, *arguments = shlex.split(command)
    if into:
        with (ROOT / into).open("wb") as stream:
            done = subprocess.run([BIN / program, *arguments], cwd=ROOT, stdout=stream, check=False)
    else:
        done = subprocess.run([BIN / program, *arguments], cwd=ROOT, check=False)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
