"""A model that SageMaker Neo compiled. Its runtime, DLR, is the device's own, with numpy."""

from __future__ import annotations

from typing import Any, List

import dlr
import numpy as np
from core_of_sample import package_folder, serve
from digits.messages import Image

NAME = "classifier_neo"
MODEL = dlr.DLRModel(str(package_folder()), "cpu")


def predict(image: Image) -> List[float]:
    """Ten probabilities, of the model's one input and one output."""
    [scores] = MODEL.run(np.array([image], dtype="float32"))
    row: List[float] = scores[0].tolist()
    return row


SERVICE = serve(NAME, predict)


def lambda_handler(event: Any, _context: Any) -> None:
    """Answer one message from CORE_NAME/in."""
    SERVICE.answer(event)
