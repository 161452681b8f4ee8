"""Where the core has put the machine learning resources of a function.

A resource lies at AWS_GG_RESOURCE_PREFIX followed by its destination path. In a container the
prefix is "/", outside of one it is a folder that the core makes for the function.
"""

from __future__ import annotations

from pathlib import Path
from typing import Mapping

PREFIX = "AWS_GG_RESOURCE_PREFIX"


class ResourceError(RuntimeError):
    """The function cannot start: a variable or a resource is missing. Says which."""


def variable(environ: Mapping[str, str], name: str) -> str:
    """Read a variable that must have a value."""
    value = environ.get(name, "")
    if not value:
        raise ResourceError(
            f"environment variable {name} is not set; give it under the function's `environment`"
        )
    return value


def resource_path(environ: Mapping[str, str], destination: str) -> Path:
    """Find the place of the resource with this destination path (such as `/models/digits`).

    Joining the two as they are would lose the prefix, the destination path being absolute.
    """
    if PREFIX not in environ:
        raise ResourceError(f"environment variable {PREFIX} is not set; a Greengrass core sets it")
    return Path(environ[PREFIX] or "/") / destination.lstrip("/")


def model_path(environ: Mapping[str, str], file: str) -> Path:
    """Find the folder of the model that MODEL names, which must hold this file."""
    destination = variable(environ, "MODEL")
    folder = resource_path(environ, destination)
    if not (folder / file).is_file():
        raise ResourceError(
            f"model file {folder / file} is missing: no ML resource with the destination path "
            f"{destination} (MODEL) is attached to this function, or it holds another model"
        )
    return folder
