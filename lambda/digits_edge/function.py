"""digits-edge: an edge runtime that is small enough to travel inside the function's own package."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, List

from digits.messages import Image
from digits.service import Predict
from digits.startup import log, start

NAME = "digits-edge"
FILE = "digits.tflite"


def load(folder: Path) -> Predict:
    """Load the TFLite model with the interpreter that lies beside this file."""
    began = time.perf_counter()
    # Imported here to be timed: the log shows what starting costs.
    import numpy as np  # noqa: PLC0415
    from ai_edge_litert import interpreter  # noqa: PLC0415

    seconds = time.perf_counter() - began
    log(NAME, f"imported LiteRT in {seconds:.2f} s from {Path(interpreter.__file__).parent}")
    model = interpreter.Interpreter(model_path=str(folder / FILE))
    run = model.get_signature_runner("serving_default")

    def predict(image: Image) -> List[float]:
        row: List[float] = run(image=np.array([image], np.float32))["probabilities"][0].tolist()
        return row

    return predict


SERVICE = start(NAME, FILE, load)


def function_handler(event: Any, _context: Any) -> None:
    """Answer one message from a topic."""
    SERVICE.answer(event)
