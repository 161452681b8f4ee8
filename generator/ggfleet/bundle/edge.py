"""What an edge runtime can stand in for. Data: packages with a reason each, and forms of models."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from ggfleet.model import Model, Platform

RUNTIME = "ai-edge-litert"
"""The runtime that is offered; for a requirements file."""

TENSORFLOW = {
    "tensorflow": "training and inference in one package",
    "tensorflow-cpu": "the same, without code for GPUs",
    "tensorflow-cpu-aws": "what tensorflow requires on aarch64 in some of its versions",
    "tensorflow-intel": "what tensorflow requires on Windows in some of its versions",
    "tensorflow-gpu": "the name of builds for GPUs before TensorFlow 2.12",
    "tensorflow-aarch64": "a build of TensorFlow for aarch64",
    "intel-tensorflow": "a build of TensorFlow for Intel's processors",
    "tf-nightly": "tensorflow of the day",
    "tf-nightly-cpu": "tensorflow-cpu of the day",
}
"""Distributions of TensorFlow by normalised name, and why each is one."""

EDGE_RUNTIMES = {
    RUNTIME: "the runtime itself",
    "ai-edge-litert-nightly": "the runtime of the day",
    "tflite-runtime": "its name until 2024",
}
"""Packages of which a function that has one needs no offer."""


class ModelForm(StrEnum):
    """Forms of a model for inference alone that lead to the edge runtime."""

    TFLITE = "tflite"
    SAVED_MODEL = "saved-model"


STEPS = {
    ModelForm.TFLITE: "is in the runtime's form already",
    ModelForm.SAVED_MODEL: (
        "is a SavedModel: convert it where TensorFlow is, with "
        "tf.lite.TFLiteConverter.from_saved_model(FOLDER).convert(), and try the result there; "
        "operators outside of TFLite's built-in set would need more than this runtime"
    ),
}
"""What the owner of a model has to do."""

CODE_STEP = (
    f"the code loads the model with ai_edge_litert.interpreter.Interpreter, and {RUNTIME} takes "
    "TensorFlow's place in the function's libraries"
)
GPU_STEP = "these are figures for the processor: whether the runtime uses this GPU was not tried"


def form_of(model: Model) -> ModelForm | None:
    """The form of a model by its files; None for others, and for what lies in AWS."""
    if not model.is_local:
        return None
    source = Path(model.source)
    if source.is_file():
        return ModelForm.TFLITE if source.suffix == ".tflite" else None
    if (source / "saved_model.pb").is_file():
        return ModelForm.SAVED_MODEL
    return ModelForm.TFLITE if any(source.glob("*.tflite")) else None


def steps(models: dict[str, ModelForm], platform: Platform) -> tuple[str, ...]:
    """What a function's owner has to do to take the runtime; `models` are forms by name."""
    found = [f"model {name} {STEPS[form]}" for name, form in models.items()]
    return (*found, CODE_STEP, *([GPU_STEP] if platform.gpu else []))
