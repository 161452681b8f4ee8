"""The operations of the IPC that this core has; every other one is answered with a ServiceError."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from ggfleet.localcore.topics import MAX_PAYLOAD, filter_problem, topic_problem
from ggfleet.localcore.v2.access import MQTT_PROXY, PUBSUB, SECRETS, Authority
from ggfleet.localcore.v2.broker import Broker, Realm, Subscription
from ggfleet.localcore.v2.configuration import MISSING, ConfigurationStore, look_up
from ggfleet.localcore.v2.faults import (
    InvalidArgumentsError,
    IpcError,
    ResourceNotFoundError,
    UnauthorizedError,
)
from ggfleet.localcore.v2.session import Stream, same_token

Request = Mapping[str, Any]
Answer = Mapping[str, Any]
ACCESS_CONTROL = "accessControl"
STATES = ("RUNNING", "ERRORED")


class NucleusOperations:
    """Answers components. `tokens` are their SVCUIDs by component, `secrets` texts by id.

    `to_cloud` gets component, topic and payload of a message for AWS IoT Core, `reported` a
    component and the state that it tells of itself, `delivered` the component of each delivery,
    `log` a line for each refusal.
    """

    def __init__(
        self,
        tokens: Mapping[str, str],
        authority: Authority,
        configuration: ConfigurationStore,
        *,
        to_cloud: Callable[[str, str, bytes], None],
        reported: Callable[[str, str], None] = lambda _c, _s: None,
        delivered: Callable[[str], None] = lambda _: None,
        secrets: Mapping[str, str] | None = None,
        log: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.broker = Broker(delivered)
        self._tokens = tokens
        self._authority = authority
        self._configuration = configuration
        self._to_cloud = to_cloud
        self._reported = reported
        self._secrets = secrets or {}
        self._log = log
        self._known: Mapping[str, Callable[[Stream, Request], Answer]] = {
            "PublishToTopic": self._publish_local,
            "SubscribeToTopic": self._subscribe_local,
            "PublishToIoTCore": self._publish_cloud,
            "SubscribeToIoTCore": self._subscribe_cloud,
            "GetConfiguration": self._get_configuration,
            "UpdateConfiguration": self._update_configuration,
            "SubscribeToConfigurationUpdate": self._watch_configuration,
            "UpdateState": self._update_state,
            "GetSecretValue": self._secret,
        }

    def owner(self, token: str) -> str:
        """The component whose SVCUID this is; empty for nobody's."""
        found = [name for name, own in self._tokens.items() if same_token(own, token)]
        return found[0] if found else ""

    def call(self, stream: Stream, request: Request) -> Answer:
        """Do an operation. Raises IpcError with the shape that the client expects."""
        known = self._known.get(stream.name)
        if known is None:
            raise IpcError(f"the embedded core does not have the operation {stream.name}")
        try:
            return known(stream, request)
        except IpcError as error:
            self._log(f"IPC: {stream.component}: {stream.name}: {error.name}: {error}")
            raise

    def _allow(self, stream: Stream, service: str, resource: str) -> None:
        if not self._authority.allows(stream.component, service, stream.name, resource):
            raise UnauthorizedError(
                f"Principal {stream.component} is not authorized to perform "
                f"{service}:aws.greengrass#{stream.name} on resource {resource}"
            )

    def _publish_local(self, stream: Stream, request: Request) -> Answer:
        topic = _topic(request, "topic")
        self._allow(stream, PUBSUB, topic)
        self.broker.publish(Realm.LOCAL, stream.component, topic, _message(request))
        return {}

    def _publish_cloud(self, stream: Stream, request: Request) -> Answer:
        topic = _topic(request, "topicName")
        self._allow(stream, MQTT_PROXY, topic)
        _quality(request)
        payload = _decoded(request.get("payload", ""))
        if len(payload) > MAX_PAYLOAD:
            raise InvalidArgumentsError(f"AWS IoT Core takes {MAX_PAYLOAD} bytes in a message")
        self._to_cloud(stream.component, topic, payload)
        self.broker.publish(Realm.IOT_CORE, stream.component, topic, payload)
        return {}

    def _subscribe_local(self, stream: Stream, request: Request) -> Answer:
        subject = _filter(request, "topic")
        self._allow(stream, PUBSUB, subject)

        def deliver(topic: str, content: object) -> None:
            stream.event("SubscriptionResponseMessage", _with_topic(content, topic))

        own_too = _own_too(request, subject)
        stream.keep(self._subscribed(stream, Realm.LOCAL, subject, own_too, deliver))
        return {"topicName": subject}

    def _subscribe_cloud(self, stream: Stream, request: Request) -> Answer:
        subject = _filter(request, "topicName")
        self._allow(stream, MQTT_PROXY, subject)
        _quality(request)

        def deliver(topic: str, content: object) -> None:
            assert isinstance(content, bytes)  # as published
            payload = base64.b64encode(content).decode()
            message = {"message": {"topicName": topic, "payload": payload}}
            stream.event("IoTCoreMessage", message)

        stream.keep(self._subscribed(stream, Realm.IOT_CORE, subject, True, deliver))
        return {}

    def _subscribed(
        self,
        stream: Stream,
        realm: Realm,
        subject: str,
        own_too: bool,
        deliver: Callable[[str, object], None],
    ) -> Callable[[], None]:
        subscription = Subscription(stream.component, realm, subject, own_too, deliver)
        return self.broker.add(subscription)

    def _get_configuration(self, stream: Stream, request: Request) -> Answer:
        component, path = self._place(stream, request)
        value = look_up(self._configuration.values[component], path)
        if value is MISSING:
            at = "/".join(path)
            raise ResourceNotFoundError(f"Key not found: {at}", "configuration", at)
        leaf = path and not isinstance(value, dict)
        return {"componentName": component, "value": {path[-1]: value} if leaf else value}

    def _place(self, stream: Stream, request: Request) -> tuple[str, list[str]]:
        named = request.get("componentName")
        component = _text(request, "componentName") if named else stream.component
        if component not in self._configuration.values:
            raise ResourceNotFoundError(f"there is no {component}", "component", component)
        return component, _path(request)

    def _update_configuration(self, stream: Stream, request: Request) -> Answer:
        path, value = _path(request), request.get("valueToMerge")
        if value is None or (not path and not isinstance(value, dict)):
            raise InvalidArgumentsError("valueToMerge is missing, or no object for the whole")
        if ACCESS_CONTROL in (path[:1] or value):
            raise InvalidArgumentsError(f"{ACCESS_CONTROL} is changed by deployments alone")
        self._configuration.update(stream.component, path, value)
        return {}

    def _watch_configuration(self, stream: Stream, request: Request) -> Answer:
        component, path = self._place(stream, request)

        def changed(at: object) -> None:
            event = {"componentName": component, "keyPath": at}
            stream.event("ConfigurationUpdateEvents", {"configurationUpdateEvent": event})

        stream.keep(self._configuration.listen(component, path, changed))
        return {}

    def _update_state(self, stream: Stream, request: Request) -> Answer:
        state = request.get("state")
        if state not in STATES:
            raise InvalidArgumentsError(f"{state} is no state that a component reports")
        self._reported(stream.component, state)
        return {}

    def _secret(self, stream: Stream, request: Request) -> Answer:
        name = _text(request, "secretId")
        self._allow(stream, SECRETS, name)
        if not self._secrets:
            raise IpcError("no secrets were given to the embedded core")
        if name not in self._secrets:
            raise ResourceNotFoundError(f"there is no secret {name}", "secret", name)
        stage = request.get("versionStage") or "AWSCURRENT"
        value = {"secretString": self._secrets[name]}
        return {"secretId": name, "versionId": "", "versionStage": [stage], "secretValue": value}


def _text(request: Request, key: str) -> str:
    value = request.get(key)
    if not isinstance(value, str) or not value:
        raise InvalidArgumentsError(f"{key} is missing")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # JSON can escape half a character
        raise InvalidArgumentsError(f"{key} is no text: {error}") from error
    return value


def _topic(request: Request, key: str) -> str:
    topic = _text(request, key)
    if problem := topic_problem(topic):
        raise InvalidArgumentsError(problem)
    return topic


def _filter(request: Request, key: str) -> str:
    subject = _text(request, key)
    if problem := filter_problem(subject):
        raise InvalidArgumentsError(problem)
    return subject


def _path(request: Request) -> list[str]:
    path = request.get("keyPath") or []
    if not isinstance(path, list) or not all(isinstance(key, str) for key in path):
        raise InvalidArgumentsError("keyPath is not a list of strings")
    return path


def _quality(request: Request) -> None:
    if request.get("qos", "0") not in ("0", "1"):
        raise InvalidArgumentsError(f"there is no quality of service {request['qos']}")


def _decoded(payload: object) -> bytes:
    try:
        return base64.b64decode(str(payload), validate=True)
    except ValueError as error:  # not ASCII, or binascii.Error
        raise InvalidArgumentsError(f"the payload is not base64: {error}") from error


def _message(request: Request) -> dict[str, Any]:
    """What was published locally: exactly one of two kinds, without a context."""
    message = request.get("publishMessage")
    for kind in ("jsonMessage", "binaryMessage"):
        if isinstance(message, dict) and isinstance(message.get(kind), dict):
            return {kind: {"message": message[kind].get("message")}}
    raise InvalidArgumentsError("publishMessage has neither a jsonMessage nor a binaryMessage")


def _with_topic(content: object, topic: str) -> dict[str, Any]:
    assert isinstance(content, dict)  # as published
    return {kind: {**inner, "context": {"topic": topic}} for kind, inner in content.items()}


def _own_too(request: Request, subject: str) -> bool:
    """Without a mode, a filter with wildcards does not bring a component its own messages."""
    mode = request.get("receiveMode")
    if mode is None:
        return not ("+" in subject or "#" in subject)
    if mode not in ("RECEIVE_ALL_MESSAGES", "RECEIVE_MESSAGES_FROM_OTHERS"):
        raise InvalidArgumentsError(f"{mode} is no receive mode")
    return bool(mode == "RECEIVE_ALL_MESSAGES")
