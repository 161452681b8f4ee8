"""How a function starts on a core: find the model, load it once, connect to the core."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Callable

import greengrasssdk

from digits.resources import model_path, variable
from digits.service import DigitService, Predict, Topics


def start(function: str, file: str, load: Callable[[Path], Predict]) -> DigitService:
    """Make the service of a pinned function; runs once, when the core imports function.py.

    `file` must be in the model's folder, which is what `load` gets. Raises ResourceError when the
    core did not provide what the function needs.
    """
    began = time.perf_counter()
    topics = Topics(variable(os.environ, "RESULT_TOPIC"), variable(os.environ, "ERROR_TOPIC"))
    folder = model_path(os.environ, file)
    predict = load(folder)
    publish = greengrasssdk.client("iot-data").publish
    log(function, f"ready after {time.perf_counter() - began:.2f} s with the model in {folder}")
    return DigitService(function, predict, publish, topics)


def log(function: str, text: str) -> None:
    """Write a line to the function's log, at once: a core reads what arrives on standard output."""
    print(f"{function}: {text}", flush=True)
