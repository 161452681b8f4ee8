"""Errors as the IPC answers them: each has the name of a shape that the client knows."""

from __future__ import annotations

from collections.abc import Mapping


class IpcError(Exception):
    """An answer that says no. `name` is the shape's within `aws.greengrass`."""

    name = "ServiceError"

    def content(self) -> Mapping[str, str]:
        """The shape's members."""
        return {"message": str(self)}


class UnauthorizedError(IpcError):
    """No policy of the component allows it."""

    name = "UnauthorizedError"


class InvalidArgumentsError(IpcError):
    """The request cannot be done as it was asked."""

    name = "InvalidArgumentsError"


class ResourceNotFoundError(IpcError):
    """There is nothing of that name."""

    name = "ResourceNotFoundError"

    def __init__(self, message: str, kind: str, resource: str) -> None:
        super().__init__(message)
        self._of = {"resourceType": kind, "resourceName": resource}

    def content(self) -> Mapping[str, str]:
        """Likewise, with what was looked for."""
        return {"message": str(self), **self._of}
