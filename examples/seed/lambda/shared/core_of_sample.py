"""Start of the three classifiers: they know the name of their core, and where their model lies.

A message is answered on CORE_NAME/out, whether it was a request or not: the group has one
subscription for answers.
"""

from __future__ import annotations

import os
from pathlib import Path

import greengrasssdk
from digits.resources import resource_path, variable
from digits.service import DigitService, Predict, Topics
from digits.startup import log

PACKAGE = "/models/image_classifier"


def package_folder() -> Path:
    """Where the core has put the archive of this function, in a container or not."""
    return resource_path(os.environ, PACKAGE)


def serve(function: str, predict: Predict) -> DigitService:
    """Make the service that answers for `function`. Raises ResourceError without CORE_NAME."""
    answers = variable(os.environ, "CORE_NAME") + "/out"
    log(function, "answers on " + answers)
    publish = greengrasssdk.client("iot-data").publish
    return DigitService(function, predict, publish, Topics(answers, answers))
