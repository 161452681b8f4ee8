"""TensorFlow without a container: the core tells where resources are when it starts the process.

No PYTHONPATH that is written beforehand can name that place.
"""

from __future__ import annotations

import sys
from typing import Any

from core_of_sample import package_folder, serve
from digits.saved_model import load_saved_model

NAME = "classifier_tf_no_container"
sys.path.insert(0, str(package_folder() / "dependencies"))
SERVICE = serve(NAME, load_saved_model(NAME, package_folder() / "model"))


def lambda_handler(event: Any, _context: Any) -> None:
    """Answer one message from CORE_NAME/in."""
    SERVICE.answer(event)
