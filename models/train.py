"""Train the sample model: handwritten digits, 8 x 8 pixels, ten classes.

    build/train-venv/bin/python models/train.py [--out build/models/digits]

The data travels inside scikit-learn: 1,797 digits, of which 1,347 train and 450 test. The result is
a folder with `saved_model/`, `digits.tflite`, `metrics.json` and `samples.jsonl` (the test digits
as messages). It appears whole, or not at all when accuracy is too low or training is interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from replace import FolderError, replaced_folder

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors of its own raise; the rest is chatter
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")  # rounds alike on every x86-64 processor

import keras
import numpy as np
import sklearn
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

ROOT = Path(__file__).resolve().parent.parent
REQUEST_TOPIC = "digits/request"
LEAST_ACCURACY = 0.95
TEST_SIZE = 450
BATCH = 32

Images = NDArray[np.float32]  # (n, 8, 8), 0 to 16
Labels = NDArray[np.int64]  # (n,), 0 to 9


class LowAccuracyError(Exception):
    """The model is not good enough to take the place of an older one."""


class Digits(NamedTuple):
    """The data, split."""

    train_images: Images
    test_images: Images
    train_labels: Labels
    test_labels: Labels


def main() -> int:
    """Train, measure, and put the result in its place. Returns the exit code."""
    arguments = _arguments()
    try:
        with replaced_folder(arguments.out, marker="metrics.json") as folder:
            accuracy = _fill(folder, arguments.seed, arguments.epochs)
            _demand(min(accuracy.values()))
    except (FolderError, LowAccuracyError, OSError) as problem:
        print(f"train.py: {problem}", file=sys.stderr)
        return 1
    say(f"wrote {arguments.out}")
    return 0


def _demand(accuracy: float) -> None:
    if accuracy < LEAST_ACCURACY:
        raise LowAccuracyError(
            f"accuracy {accuracy:.4f} is below {LEAST_ACCURACY}: nothing was replaced; "
            "try more --epochs or another --seed"
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train the sample model of handwritten digits.")
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "build/models/digits",
        metavar="FOLDER",
        help="where the result goes (default: build/models/digits)",
    )
    parser.add_argument(
        "--seed", type=int, default=7, help="of the split and the weights (default: 7)"
    )
    parser.add_argument("--epochs", type=int, default=25, help="passes over the data (default: 25)")
    return parser.parse_args()


def _fill(folder: Path, seed: int, epochs: int) -> dict[str, float]:
    digits = split_digits(seed)
    model, seconds = train(digits, seed, epochs)
    keras_file = folder / "digits.keras"
    model.save(keras_file)
    export(model, folder)
    accuracy = measure(keras_file, folder, digits)
    keras_file.unlink()  # was needed to measure what a reader of the file gets
    write_samples(folder / "samples.jsonl", digits)
    metrics = {
        "seed": seed,
        "epochs": epochs,
        "samples": {"train": len(digits.train_labels), "test": len(digits.test_labels)},
        "accuracy": accuracy,
        "seconds": {"training": round(seconds, 1)},
        "bytes": {name: size_of(folder / name) for name in ("saved_model", "digits.tflite")},
        "versions": versions(),
    }
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return accuracy


def split_digits(seed: int) -> Digits:
    """Load the digits; every class has the same share in both parts."""
    data = load_digits()
    parts = train_test_split(
        data.images.astype(np.float32),
        data.target.astype(np.int64),
        test_size=TEST_SIZE,
        stratify=data.target,
        random_state=seed,
    )
    return Digits(*parts)


def build_model() -> Any:
    """Make the network: 8 x 8 numbers from 0 to 16 in, ten probabilities out.

    Scaling is part of it, so that no function has to know how the data was prepared.
    """
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((8, 8), name="image"),
            layers.Rescaling(1 / 16),
            layers.Reshape((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def train(digits: Digits, seed: int, epochs: int) -> tuple[Any, float]:
    """Train on the training part alone. Returns the model and the seconds it took."""
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    model = build_model()
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    report = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: _progress(epoch + 1, epochs, logs)
    )
    options = {"batch_size": BATCH, "epochs": epochs, "verbose": 0, "callbacks": [report]}
    began = time.perf_counter()
    model.fit(digits.train_images, digits.train_labels, **options)
    return model, time.perf_counter() - began


def _progress(epoch: int, epochs: int, logs: dict[str, float]) -> None:
    if epoch % 5 == 0 or epoch == epochs:
        say(f"epoch {epoch:2} of {epochs}: accuracy in training {logs['accuracy']:.4f}")


def export(model: Any, folder: Path) -> None:
    """Write the SavedModel with its serving signature, and the TFLite file made from it.

    Signature `serving_default`: `image` float32 (n, 8, 8) in, `probabilities` float32 (n, 10) out.
    """
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint(
        "serving_default",
        lambda image: {"probabilities": model(image, training=False)},
        input_signature=[tf.TensorSpec((None, 8, 8), tf.float32, name="image")],
    )
    archive.write_out(str(folder / "saved_model"), verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "saved_model"))
    (folder / "digits.tflite").write_bytes(converter.convert())


def measure(keras_file: Path, folder: Path, digits: Digits) -> dict[str, float]:
    """Measure the share of test digits that each form gets right, each read back from the disk."""
    images = digits.test_images
    model = tf.saved_model.load(str(folder / "saved_model"))
    interpreter = Interpreter(model_path=str(folder / "digits.tflite"))
    serve = model.signatures["serving_default"]
    serve_lite = interpreter.get_signature_runner("serving_default")
    probabilities = {
        "keras": keras.models.load_model(keras_file).predict(images, verbose=0),
        "saved_model": serve(image=tf.constant(images))["probabilities"].numpy(),
        "tflite": np.concatenate(
            [serve_lite(image=i[np.newaxis])["probabilities"] for i in images]
        ),
    }
    return {name: _accuracy(name, rows, digits.test_labels) for name, rows in probabilities.items()}


def _accuracy(name: str, probabilities: Any, labels: Labels) -> float:
    share = float(np.mean(probabilities.argmax(axis=1) == labels))
    say(f"accuracy on {len(labels)} test digits, {name}: {share:.4f}")
    return share


def write_samples(file: Path, digits: Digits) -> None:
    """Write the test digits as request messages, each with what it is."""
    pairs = zip(digits.test_images, digits.test_labels, strict=True)
    with file.open("w") as stream:
        for number, (image, label) in enumerate(pairs, start=1):
            payload = {"id": f"digit-{number:04}", "image": image.astype(int).tolist()}
            line = {"topic": REQUEST_TOPIC, "payload": payload, "label": int(label)}
            stream.write(json.dumps(line) + "\n")


def size_of(path: Path) -> int:
    """Count the bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [f for f in path.rglob("*") if f.is_file()]
    return sum(file.stat().st_size for file in files)


def versions() -> dict[str, str]:
    """Name what the result depends on."""
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def say(text: str) -> None:
    """Report progress."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
