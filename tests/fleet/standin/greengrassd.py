#!/usr/bin/env python3
"""Stand-in for `greengrassd` of a Greengrass V1 core. It is NOT the core.

greengrassd {start|stop|restart|--version}
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

VERSION = "1.11.6"
ROOT = Path(__file__).resolve().parents[2]
DAEMON = ROOT / "ggc/packages" / VERSION / "bin/daemon"
PID_FILE = Path("/var/run/greengrassd.pid")


def start() -> None:
    """Start the daemon; return when it serves."""
    log = ROOT / "ggc/var/log/crash.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as errors:
        daemon = subprocess.Popen(
            [DAEMON, ROOT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
            start_new_session=True, text=True,
        )  # fmt: skip
    assert daemon.stdout is not None
    if daemon.stdout.readline() != "ready\n":
        sys.exit(f"greengrass-standin: the daemon did not start: {log.read_text().strip()}")
    PID_FILE.write_text(f"{daemon.pid}\n")
    print(f"Greengrass stand-in started with PID {daemon.pid}")


def stop() -> None:
    """Stop the daemon, if there is one, and wait for its end."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        pid = int(PID_FILE.read_text())
        os.kill(pid, signal.SIGTERM)
        while Path("/proc", str(pid)).exists():
            time.sleep(0.05)
    PID_FILE.unlink(missing_ok=True)


def main(verb: str) -> None:
    """Do what `verb` says."""
    if verb == "--version":
        print(f"Greengrass daemon version: {VERSION}-standin (not the AWS IoT Greengrass core)")
    elif verb in ("start", "stop", "restart"):
        if verb != "start":
            stop()
        if verb != "stop":
            start()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
