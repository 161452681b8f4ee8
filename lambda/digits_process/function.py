"""digits-process: TensorFlow from an ML resource, outside of a container.

Where the libraries are is known only when the process runs: below AWS_GG_RESOURCE_PREFIX, which a
PYTHONPATH written beforehand cannot name.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from digits.resources import resource_path
from digits.saved_model import FILE, load_saved_model
from digits.service import Predict
from digits.startup import log, start

NAME = "digits-process"


def load(folder: Path) -> Predict:
    """Load the model with the TensorFlow of the resource LIBRARIES, else with the host's own.

    Libraries in layers are several resources, with a colon between them as in PYTHONPATH.
    """
    destinations = os.environ.get("LIBRARIES", "").split(":")
    for destination in reversed([each for each in destinations if each]):
        add_libraries(resource_path(os.environ, destination))
    return load_saved_model(NAME, folder)


def add_libraries(folder: Path) -> None:
    """Let Python find modules in this folder first, as it does with PYTHONPATH in a container.

    Appended, they would come after the host's own: an older numpy there makes TensorFlow's import
    fail (seen with Debian 12's numpy 1.24.2).
    """
    if not folder.is_dir():
        log(NAME, f"no libraries at {folder} (LIBRARIES); looking for the host's own")
        return
    sys.path.insert(0, str(folder))


SERVICE = start(NAME, FILE, load)


def function_handler(event: Any, _context: Any) -> None:
    """Answer one message from a topic."""
    SERVICE.answer(event)
