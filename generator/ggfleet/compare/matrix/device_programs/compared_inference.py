"""Import a function as a core does, ask it once, say so, and ask it again; a program.

    compared_inference.py ORDER.json-as-text

The core's messages are a call here: `greengrasssdk` is a module whose publish keeps the answer.
"""

from __future__ import annotations

import importlib
import json
import os
import statistics
import sys
import time
import types
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List

ANSWERS: List[Any] = []


class _Client:
    def publish(self, **message: Any) -> None:
        ANSWERS.append(message)


def _sdk() -> types.ModuleType:
    module = types.ModuleType("greengrasssdk")
    module.client = lambda *_: _Client()  # type: ignore[attr-defined]
    return module


def _ask(handler: Any, message: Any) -> None:
    ANSWERS.clear()
    handler(message, None)
    if not ANSWERS:
        sys.exit("the function published no answer")
    if ANSWERS[0].get("topic") == os.environ.get("ERROR_TOPIC", object()):
        sys.exit(f"the function answered {ANSWERS[0]!r}")


def _latency(handler: Any, message: Any, count: int) -> float:
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        _ask(handler, message)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def _serving(order: Dict[str, Any]) -> str:
    """Name the versions that answered: packages, and the marks in model and function."""
    found = [f"{name} {metadata.version(name)}" for name in order["packages"]]
    found += [f"{name} {Path(path).read_text().strip()}" for name, path in order["marks"].items()]
    return ", ".join(found)


def main() -> None:
    """Answer on standard output; what the function prints goes to standard error."""
    order = json.loads(sys.argv[1])
    said, sys.stdout = sys.stdout, sys.stderr
    sys.path[:0] = order["paths"]
    os.environ.update(order["environment"])
    sys.modules["greengrasssdk"] = _sdk()
    module, _, name = order["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module), name)
    _ask(handler, order["message"])
    print("answered", file=said, flush=True)
    latency = _latency(handler, order["message"], order["answers"])
    answer = {"latency": latency, "serving": _serving(order)}
    print(json.dumps(answer), file=said, flush=True)


main()
