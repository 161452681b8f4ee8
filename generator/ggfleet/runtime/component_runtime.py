"""Runs a function written for Greengrass V1, unmodified, as a native component of Greengrass V2.

    python3 component_runtime.py --package FOLDER [--root GREENGRASS_ROOT] [--level INFO]

The component's configuration tells the rest; lists are of objects, all but `handler` may be absent:

    "function": {
      "handler": "function.function_handler",
      "encoding": "json",
      "subscribe": [{"from": "iot-core", "topic": "digits/request"}],
      "publish": [{"to": "iot-core", "topic": "digits/#"}],
      "resources": {"/models/digits": "com.example.digits/1.0.0/digits"},
      "environment": {"MODEL": "/models/digits"}
    }

`from` and `to` are `iot-core` or `local`. `resources` maps a destination of V1 to the place of its
artifact: an absolute path, or one below ROOT/packages/artifacts-unarchived/. The function finds
them as V1 functions without a container do, below AWS_GG_RESOURCE_PREFIX, which is a folder of
symlinks; entries of PYTHONPATH that begin with a destination are found there too. awsiotsdk must be
on the import path.
"""

from __future__ import annotations

import argparse
import base64
import importlib
import json
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

import lambda_runtime  # type: ignore[import-not-found]

ARTIFACTS = "packages/artifacts-unarchived"
LINKS = "resources"
REALMS = ("iot-core", "local")
SYSTEM = {
    "ROUTER_FUNCTION_ARN": "arn:aws:lambda:::function:GGRouter",
    "SHADOW_FUNCTION_ARN": "arn:aws:lambda:::function:GGShadowService",
    "SECRETS_MANAGER_FUNCTION_ARN": "arn:aws:lambda:::function:GGSecretManager:1",
}


def link_resources(resources: Dict[str, str], root: str, prefix: Path) -> None:
    """Make the folder of symlinks anew."""
    if prefix.exists():
        shutil.rmtree(prefix)
    prefix.mkdir(parents=True)
    for destination, artifact in resources.items():
        target = Path(root) / ARTIFACTS / artifact  # an absolute artifact stays as it is
        if not target.exists():
            sys.exit(f"{destination}: there is no {target}")
        link = prefix / destination.strip("/")
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)


def relocated(python_path: str, resources: Dict[str, str], prefix: Path) -> str:
    """PYTHONPATH with the entries below a destination turned to the symlinks."""
    entries = python_path.split(os.pathsep)
    below = tuple(destination.rstrip("/") + "/" for destination in resources)
    return os.pathsep.join(
        f"{prefix}{entry}" if f"{entry}/".startswith(below) else entry for entry in entries
    )


def arn_of(component: str) -> str:
    """The ARN that the function learns as its own: a V2 component has none."""
    return f"arn:aws:lambda:{os.environ.get('AWS_REGION', '')}:000000000000:function:{component}"


def set_environment(component: str, settings: Dict[str, Any], root: str) -> None:
    """The variables of a V1 core, and the folder that they name."""
    prefix = Path.cwd() / LINKS
    resources = settings.get("resources", {})
    link_resources(resources, root, prefix)
    os.environ.update(SYSTEM)
    os.environ.update(settings.get("environment", {}))
    os.environ["MY_FUNCTION_ARN"] = arn_of(component)
    os.environ["AWS_GG_RESOURCE_PREFIX"] = str(prefix)
    os.environ["ENCODING_TYPE"] = settings.get("encoding", "json")
    path = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = relocated(path, resources, prefix)


def topics(settings: Dict[str, Any], key: str, end: str) -> List[Tuple[str, str]]:
    """Pairs of realm and topic from the configuration."""
    found = [(entry[end], entry["topic"]) for entry in settings.get(key, [])]
    unknown = [realm for realm, _ in found if realm not in REALMS]
    if unknown:
        sys.exit(f"{key}: {end} is {unknown[0]}; it is one of {', '.join(REALMS)}")
    return found


def matches(subject: str, topic: str) -> bool:
    """Whether a topic fits a filter: `+` is one level, `#` at the end the rest."""
    wanted, levels = subject.split("/"), topic.split("/")
    if wanted[-1] == "#":
        wanted, levels = wanted[:-1], levels[: len(wanted) - 1]
    return len(wanted) == len(levels) and all(
        level in ("+", found) for level, found in zip(wanted, levels)
    )


class Link:
    """The unmodified client of awsiotsdk, as `ipc_client.Nucleus` wants it."""

    def __init__(self, ended: Callable[[], None]) -> None:
        # Found only when PYTHONPATH and the package are on the path.
        ipc: Any = importlib.import_module("awsiot.greengrasscoreipc")
        self.model: Any = importlib.import_module("awsiot.greengrasscoreipc.model")
        client: Any = importlib.import_module("awsiot.greengrasscoreipc.clientv2")
        rpc: Any = importlib.import_module("awsiot.eventstreamrpc")

        class Watch(rpc.LifecycleHandler):  # type: ignore[misc]
            """Told by the client's own thread."""

            def on_disconnect(self, reason: Any) -> None:
                ended()

        connected = ipc.connect(lifecycle_handler=Watch())
        # Callbacks only fill a queue: without an executor messages keep their order.
        self.client = client.GreengrassCoreIPCClientV2(client=connected, executor=None)

    def configuration(self) -> Tuple[str, Dict[str, Any]]:
        """The component's name, by which its work folder is called too, and its configuration."""
        answer = self.client.get_configuration()
        return answer.component_name or Path.cwd().name, answer.value

    def subscribe(self, realm: str, topic: str, on_message: Callable[[Any], None]) -> None:
        """Hand on each message as (topic, payload)."""
        if realm == "local":
            self.client.subscribe_to_topic(
                topic=topic, on_stream_event=lambda event: on_message(local(event))
            )
            return
        self.client.subscribe_to_iot_core(
            topic_name=topic,
            qos="1",
            on_stream_event=lambda event: on_message(
                (event.message.topic_name, event.message.payload or b"")
            ),
        )

    def publish(self, realm: str, topic: str, payload: bytes) -> None:
        """Send one message."""
        if realm == "local":
            message = self.model.BinaryMessage(message=payload)
            publish_message = self.model.PublishMessage(binary_message=message)
            self.client.publish_to_topic(topic=topic, publish_message=publish_message)
        else:
            self.client.publish_to_iot_core(topic_name=topic, qos="1", payload=payload)

    def secret(self, name: str, stage: Optional[str]) -> bytes:
        """A secret as V1's secret manager gives it; the nucleus tells no date, so it is 1970's."""
        answer = self.client.get_secret_value(secret_id=name, version_stage=stage)
        values = {
            "ARN": answer.secret_id,
            "Name": name,
            "VersionId": answer.version_id or "",
            "VersionStages": answer.version_stage or [],
            "CreatedDate": 0,
        }
        if answer.secret_value.secret_string is not None:
            values["SecretString"] = answer.secret_value.secret_string
        else:
            binary = answer.secret_value.secret_binary
            values["SecretBinary"] = base64.b64encode(binary).decode()
        return json.dumps(values).encode()

    def shadow(self, verb: str, thing: str, payload: bytes) -> bytes:
        """The document that the shadow manager answers with; V1's SDK knows classic shadows."""
        operation = getattr(self.client, f"{verb}_thing_shadow")
        more = {"payload": payload} if verb == "update" else {}
        return operation(thing_name=thing, shadow_name="", **more).payload or b"{}"


def local(event: Any) -> Tuple[str, bytes]:
    """A local message's topic and payload; a JSON message becomes its text."""
    if event.binary_message is not None:
        return event.binary_message.context.topic, event.binary_message.message or b""
    return event.json_message.context.topic, json.dumps(event.json_message.message).encode()


def refused(error: Exception) -> bool:
    """Whether this is an answer of the nucleus; all else means that the connection has ended."""
    rpc: Any = importlib.import_module("awsiot.eventstreamrpc")
    return isinstance(error, rpc.EventStreamOperationError)


def main() -> None:
    """Read the configuration, load the handler, serve until the nucleus ends this process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", required=True)
    parser.add_argument("--root", default="/greengrass/v2")
    parser.add_argument("--level", default="INFO")
    options = parser.parse_args()
    lambda_runtime.set_path(options.package)
    first = Link(lambda: None)
    component, configuration = first.configuration()
    first.client.close()
    settings = configuration.get("function") or sys.exit(f"{component}: function is not configured")
    set_environment(component, settings, options.root)
    lambda_runtime.set_path(options.package)
    logging.basicConfig(
        stream=sys.stdout, level=options.level, format="[%(levelname)s]-%(name)s: %(message)s"
    )
    serve(settings)


def serve(settings: Dict[str, Any]) -> None:
    """Load the handler, subscribe, and take messages one by one."""
    ipc_client: Any = importlib.import_module("greengrass_ipc_python_sdk.ipc_client")
    ipc_client.NUCLEUS = ipc_client.Nucleus(
        Link,
        refused,
        topics(settings, "publish", "to"),
        topics(settings, "subscribe", "from"),
        matches,
    )
    arn = os.environ["MY_FUNCTION_ARN"]
    runtime = lambda_runtime.Runtime(ipc_client.IPCClient(), arn, os.environ["ENCODING_TYPE"])
    sys.argv[1:] = []
    handler = runtime.load(settings["handler"])
    runtime.client.put_initialized(arn, True)
    while True:
        runtime.work(handler)


if __name__ == "__main__":
    main()
