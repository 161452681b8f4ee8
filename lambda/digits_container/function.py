"""digits-container: TensorFlow from an ML resource, found through PYTHONPATH.

The container has the libraries at their destination path and PYTHONPATH names it, so that this code
need not know where they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from digits.saved_model import FILE, load_saved_model
from digits.service import Predict
from digits.startup import start

NAME = "digits-container"


def load(folder: Path) -> Predict:
    """Load the model with the TensorFlow that Python finds by itself."""
    return load_saved_model(NAME, folder)


SERVICE = start(NAME, FILE, load)


def function_handler(event: Any, _context: Any) -> None:
    """Answer one message from a topic."""
    SERVICE.answer(event)
