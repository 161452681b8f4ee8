"""What a package must hold to be of use, and what of it is meant for other machines."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """The binary that a package is nothing without: any file of a set that `pattern` fits."""

    pattern: str
    reason: str


CORES = {
    "tensorflow": Core(
        "tensorflow/libtensorflow_cc.so.*",
        "for some platforms and versions the wheel is a stub that names another package",
    ),
    "tflite-runtime": Core(
        "tflite_runtime/_pywrap_tensorflow_interpreter_wrapper*.so", "it is the interpreter"
    ),
    "ai-edge-litert": Core("ai_edge_litert/*pywrap*.so", "it is the interpreter"),
    "onnxruntime": Core(
        "onnxruntime/capi/onnxruntime_pybind11_state*.so", "all of its Python calls this module"
    ),
    "torch": Core("torch/lib/libtorch_cpu.so", "all operators lie in this library"),
    "numpy": Core("numpy/*core/_multiarray_umath*.so", "arrays are written in C"),
    "dlr": Core(
        "dlr/libdlr.so", "from 1.6 on the package is Python alone and looks for a library elsewhere"
    ),
}
"""By normalised package name."""

FOREIGN = {
    "debugpy": "carries helpers for every machine and loads the one that fits",
}
"""Packages that carry ELF files of other machines on purpose."""

OPTIONAL = {
    "ai-edge-litert": (
        "ai_edge_litert/vendors/*",
        "plug-ins for accelerators, loaded when asked for; the vendor's SDK brings their libraries",
    ),
}
"""Files that may lack libraries: patterns, and why nothing breaks without them."""
