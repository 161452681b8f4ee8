"""A recogniser of digits: messages in, answers out. Knows neither the core nor the ML runtime."""

from __future__ import annotations

import json
import time
from typing import Any, Callable, Dict, NamedTuple, Sequence

from digits.messages import BadRequest, Image, error, read_request, result

Predict = Callable[[Image], Sequence[float]]  # 8 x 8 numbers, 0 to 16, to ten probabilities
Publish = Callable[..., Any]  # called with topic= and payload=, as the client of greengrasssdk is


class Topics(NamedTuple):
    """Where answers go."""

    result: str
    error: str


class DigitService:
    """Answers every message on one of two topics. `function` is the name that answers carry."""

    def __init__(
        self,
        function: str,
        predict: Predict,
        publish: Publish,
        topics: Topics,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._function = function
        self._predict = predict
        self._publish = publish
        self._topics = topics
        self._clock = clock

    def answer(self, event: Any) -> None:
        """Answer one message. Only a fault of ours raises; the core then reports it and goes on."""
        try:
            request = read_request(event)
        except BadRequest as problem:
            self._send(self._topics.error, error(self._function, problem))
            return
        started = self._clock()
        scores = self._predict(request.image)
        seconds = self._clock() - started
        self._send(self._topics.result, result(request.id, self._function, scores, seconds))

    def _send(self, topic: str, answer: Dict[str, Any]) -> None:
        self._publish(topic=topic, payload=json.dumps(answer, allow_nan=False).encode())
