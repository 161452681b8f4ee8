"""An S3 server on 127.0.0.1 that lives as long as its standard input stays open.

Started by file name as a program of its own. Prints its port in a line, then serves. The parent
holds the other end of the pipe: when it ends, however it ends, the pipe closes and so do we.
(PR_SET_PDEATHSIG would be bound to one thread of the parent, which may end before it.)
"""

from __future__ import annotations

import sys

from moto.server import ThreadedMotoServer


def main() -> None:
    """Serve until standard input ends."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    print(port, flush=True)  # noqa: T201 - this is how the parent learns of it
    sys.stdin.buffer.read()
    server.stop()


if __name__ == "__main__":
    main()
