"""Device shadows in memory: get, update and delete, with versions. No delta, no documents topic."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from typing import Any

TOPIC = re.compile(r"\$aws/things/(?P<thing>[^/]+)/shadow/(?P<operation>get|update|delete)")


class ShadowError(Exception):
    """A request that the shadow service rejects, with the code of an HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class ShadowService:
    """The shadows of this core's things. They are gone when the core stops."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._states: dict[str, dict[str, Any]] = {}
        self._versions: dict[str, int] = {}

    def answer(self, topic: str, payload: bytes) -> tuple[bool, bytes]:
        """Whether a request is accepted, and the answer's JSON (`code` and `message` when not)."""
        try:
            with self._lock:
                content = self._operate(topic, payload)
        except ShadowError as error:
            return False, json.dumps({"code": error.code, "message": str(error)}).encode()
        return True, json.dumps({**content, "timestamp": int(self._clock())}).encode()

    def _operate(self, topic: str, payload: bytes) -> dict[str, Any]:
        found = TOPIC.fullmatch(topic)
        if found is None:
            raise ShadowError(400, f"{topic} is no topic of the shadow service")
        thing = found["thing"]
        if found["operation"] == "update":
            return self._update(thing, payload)
        if thing not in self._states:
            raise ShadowError(404, f"No shadow exists with name: '{thing}'")
        if found["operation"] == "delete":
            del self._states[thing]
            return {"version": self._versions[thing]}
        return {"state": self._states[thing], "version": self._versions[thing]}

    def _update(self, thing: str, payload: bytes) -> dict[str, Any]:
        try:
            request = json.loads(payload)
            changes = request["state"]
        except (ValueError, KeyError, TypeError) as error:
            raise ShadowError(400, "an update is a JSON object with the key state") from error
        version = self._versions.get(thing, 0)
        if request.get("version", version) != version:
            raise ShadowError(409, f"Version conflict: the shadow has version {version}")
        self._states[thing] = _merge(self._states.get(thing, {}), changes)
        self._versions[thing] = version + 1
        return {"state": changes, "version": version + 1}


def _merge(state: Any, changes: Any) -> Any:
    """Changes laid over a state: objects member by member, null removes a member."""
    if not isinstance(state, dict) or not isinstance(changes, dict):
        return changes
    merged = dict(state)
    for key, value in changes.items():
        merged[key] = _merge(merged.get(key, {}), value)
        if value is None:
            del merged[key]
    return merged
