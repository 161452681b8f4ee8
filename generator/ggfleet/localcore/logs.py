"""A function's log file, and the lines that went to it last."""

from __future__ import annotations

import logging.handlers
from collections import deque
from collections.abc import Callable
from pathlib import Path

KEPT_LINES = 20
KIB = 1024


class FunctionLog:
    """Writes what a function prints to its file, which is rotated at `space` KB, and to `tell`."""

    def __init__(self, path: Path, name: str, space: int, tell: Callable[[str], None]) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.last: deque[str] = deque(maxlen=KEPT_LINES)
        self._name = name
        self._tell = tell
        self._handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=max(space, 1) * KIB, backupCount=1, encoding="utf-8"
        )
        self._handler.setFormatter(logging.Formatter("[%(asctime)s]-%(message)s"))

    def line(self, text: str) -> None:
        """One line that the function printed."""
        self.last.append(text)
        record = logging.LogRecord(self._name, logging.INFO, "", 0, "%s", (text,), None)
        self._handler.handle(record)
        self._tell(f"{self._name}: {text}")

    def close(self) -> None:
        """Close the file."""
        self._handler.close()
