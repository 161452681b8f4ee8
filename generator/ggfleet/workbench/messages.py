"""Messages for an embedded core, one JSON object a line: `{"topic": ..., "payload": ...}`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ggfleet.errors import GgfleetError
from ggfleet.model import Json


@dataclass(frozen=True)
class Message:
    """A payload (the bytes of a JSON document) on a topic."""

    topic: str
    payload: bytes

    def to_json(self) -> dict[str, Json]:
        """The message as JSON has it; a payload that is not JSON becomes a string."""
        try:
            payload = json.loads(self.payload)
        except ValueError:
            payload = self.payload.decode(errors="replace")
        return {"topic": self.topic, "payload": payload}

    def to_line(self) -> str:
        """The message as a line."""
        return json.dumps(self.to_json())


def read_message(line: str, where: str) -> Message:
    """Read one line; other keys, such as a label, are the caller's own and left out.

    `where` names the line in the error.
    """
    try:
        value = json.loads(line)
        return Message(str(value["topic"]), json.dumps(value["payload"]).encode())
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise GgfleetError(
            f"{where} is no message",
            fix='write one JSON object a line: {"topic": "digits/request", "payload": {...}}',
        ) from error


def read_messages(stream: Iterable[str], name: str) -> Iterator[Message]:
    """The messages of a text stream, as its lines come; empty lines are passed over.

    Raises `GgfleetError` naming the line that is no message, or bytes that are no UTF-8.
    """
    number = 0
    try:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield read_message(line, f"{name}:{number}")
    except UnicodeDecodeError as error:
        raise GgfleetError(f"{name}:{number + 1} is not UTF-8", fix="send UTF-8") from error
