"""What a function's process starts with: loads the handler, then takes messages one by one.

    python lambda_runtime.py --handler MODULE.FUNCTION --package FOLDER [--level INFO]

Everything else comes by environment variables, as on a V1 core. Python 3.8 and the standard library
only. The function sees two names more than it would without: greengrass_common and
greengrass_ipc_python_sdk.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import logging
import os
import sys
import traceback
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

MODULES = str(Path(__file__).resolve().parent / "modules")
VERSION_AT = 7


def set_path(package: str) -> None:
    """PYTHONPATH first, then the package, as on a V1 core; this script's folder is not for import.

    The two modules of the core come after the package: they are imported before the handler, so
    that stand-ins a package may carry for tests do not hide them.
    """
    given = [str(Path.cwd() / p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    rest = [p for p in sys.path[1:] if p not in given]
    sys.path[:] = [*dict.fromkeys(given), package, MODULES, *rest]


def decode_context(encoded: str) -> dict[str, Any]:
    """The client context: base64 of a JSON object. What is none raises ValueError."""
    if not encoded:
        return {}
    try:
        content = json.loads(base64.b64decode(encoded, validate=True))
    except ValueError as error:  # binascii.Error and JSONDecodeError are ValueErrors
        raise ValueError(f"the client context is not base64 of JSON: {error}") from error
    if not isinstance(content, dict):
        raise ValueError("the client context is not a JSON object")  # noqa: TRY004
    return content


def make_context(arn: str, invocation_id: str, client: dict[str, Any]) -> SimpleNamespace:
    """The handler's second argument, with the attributes that V1 functions use."""
    parts = arn.split(":")
    return SimpleNamespace(
        aws_request_id=invocation_id,
        invoked_function_arn=arn,
        function_name=parts[6],
        function_version=parts[VERSION_AT] if len(parts) > VERSION_AT else "",
        client_context=SimpleNamespace(
            client=client.get("client", {}),
            custom=client.get("custom", {}),
            env=client.get("env", {}),
        ),
        identity=None,
    )


def decode_event(payload: bytes, encoding: str) -> object:
    """The handler's first argument: bytes, or what the JSON says. An empty message is {}."""
    if encoding == "binary":
        return payload
    return json.loads(payload) if payload else {}


def encode_result(result: Any, encoding: str) -> bytes:
    """What the handler returned, as bytes."""
    if encoding == "binary":
        return b"" if result is None else bytes(result)
    return json.dumps(result).encode()


def describe(error: BaseException) -> dict[str, Any]:
    """An error as Lambda reports it."""
    trace = traceback.extract_tb(error.__traceback__)
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": [list(frame) for frame in trace],
    }


def print_error(error: BaseException) -> None:
    """Print an error as Python does, without the frames that led from here to the function."""
    trace = error.__traceback__
    while trace is not None and is_own(trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace or error.__traceback__)


def is_own(file: str) -> bool:
    """Whether a frame's file is this one or the import machinery."""
    return file in (__file__, importlib.__file__) or file.startswith("<frozen importlib")


class Runtime:
    """One function in one process."""

    def __init__(self, client: Any, arn: str, encoding: str) -> None:
        self.client = client
        self.arn = arn
        self.encoding = encoding

    def load(self, handler: str) -> Callable[[Any, Any], Any]:
        """Import `module.function`; when it fails tells the core why and ends the process."""
        try:
            module, name = handler.rsplit(".", 1)
            found: Callable[[Any, Any], Any] = getattr(importlib.import_module(module), name)
        except BaseException as error:  # noqa: BLE001 - sys.exit while loading is a failure too
            print_error(error)
            self.client.put_initialized(self.arn, False, repr(error))
            sys.exit(1)
        return found

    def work(self, handler: Callable[[Any, Any], Any]) -> None:
        """Take one message, call the handler, hand back its result or its error."""
        item = self.client.get_work(self.arn)
        try:
            event = decode_event(item.payload, self.encoding)
            client = decode_context(item.client_context)
        except ValueError as error:
            self.fail(item.invocation_id, error, "Unhandled")
            return
        try:
            result = handler(event, make_context(self.arn, item.invocation_id, client))
            encoded = encode_result(result, self.encoding)
        except Exception as error:  # noqa: BLE001 - whatever the handler raises is reported
            self.fail(item.invocation_id, error, "Handled")
        else:
            self.client.post_work_result(self.arn, item.invocation_id, encoded)

    def fail(self, invocation_id: str, error: BaseException, kind: str) -> None:
        """Log an error and tell the core."""
        print_error(error)
        self.client.post_handler_err(self.arn, invocation_id, describe(error), kind)


def main() -> None:
    """Load the handler and serve until the core ends this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--handler", required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--level", default="INFO")
    options = parser.parse_args()
    set_path(options.package)
    logging.basicConfig(
        stream=sys.stdout, level=options.level, format="[%(levelname)s]-%(name)s: %(message)s"
    )
    # Only now is the module's folder on the path.
    from greengrass_ipc_python_sdk.ipc_client import (  # type: ignore[import-not-found]  # noqa: PLC0415
        IPCClient,
    )

    arn = os.environ["MY_FUNCTION_ARN"]
    runtime = Runtime(IPCClient(), arn, os.environ.get("ENCODING_TYPE", "json"))
    sys.argv[1:] = []
    handler = runtime.load(options.handler)
    runtime.client.put_initialized(arn, True)
    while True:
        runtime.work(handler)


if __name__ == "__main__":
    main()
