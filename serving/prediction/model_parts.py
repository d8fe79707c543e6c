"""Calls of parts of the model, for a compiled form, by a worker of a server."""

from __future__ import annotations

import math

from modelhost.wire import Message
from packager.model.compiled.called_parts import CalledParts
from serving.prediction.errors import ModelError
from serving.prediction.model_client import ModelClient


class HostedParts(CalledParts):
    """The parts of a served model; called in a thread, never in the event loop.

    Calls raise ``ModelError`` if a part raises, and what ``ModelClient`` raises.
    """

    def __init__(self) -> None:
        super().__init__(self._answer)
        self._client: ModelClient | None = None
        self.deadline = math.inf
        """``time.monotonic()`` seconds by which the calls that follow are to be answered."""

    def bind(self, client: ModelClient) -> None:
        """Ask this client; before, no part can be called."""
        self._client = client

    def _answer(self, call: Message) -> Message:
        assert self._client is not None
        answer = self._client.ask_blocking(call, self.deadline)
        if "broken" in answer.header:
            raise ModelError(answer.header["broken"]["said"])
        return answer
