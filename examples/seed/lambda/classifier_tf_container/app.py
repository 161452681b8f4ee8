"""TensorFlow in a container: PYTHONPATH of the spec names where it is, so nothing is to do here."""

from __future__ import annotations

from typing import Any

from core_of_sample import package_folder, serve
from digits.saved_model import load_saved_model

NAME = "classifier_tf_container"
SERVICE = serve(NAME, load_saved_model(NAME, package_folder() / "model"))


def lambda_handler(event: Any, _context: Any) -> None:
    """Answer one message from CORE_NAME/in."""
    SERVICE.answer(event)
