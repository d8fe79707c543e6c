"""What the calls of a connection take of the room of all bodies is given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from serving.grpc.protocol import GrpcProtocol
from serving.http.asgi import BodyReader
from serving.http.messages import RequestError

LIMIT = 100


class Call:
    """A call whose errors are swallowed, as those of ``GrpcRequest`` are."""

    response = None

    def __enter__(self) -> Call:
        return self

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> bool:
        return isinstance(error, RequestError)


class Service:
    """A service that admits calls or not."""

    draining = False
    seconds = 1.0

    def __init__(self, *, admits: bool) -> None:
        self.bodies = BodyReader(LIMIT)
        self._admits = admits

    def request(self, _headers: Any) -> Call:
        return Call()

    def admit(self, _request: Call) -> None:
        if not self._admits:
            raise RequestError(401, "unauthorized", "a key is needed")


def room(service: Service) -> int:
    """Bytes that bodies may still take."""
    return service.bodies._room


@pytest.mark.parametrize("admits", [True, False])
@pytest.mark.parametrize("sizes", [[50], [50, 40], [50, 70], [400]])
def test_what_a_refused_call_sent_is_counted_once(
    admits: bool, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    service = Service(admits=admits)
    protocol = GrpcProtocol(service, set())  # type: ignore[arg-type]
    monkeypatch.setattr(protocol, "_answer", lambda *_: None)
    whole = room(service)
    for number in range(1, 9):
        stream: Any = SimpleNamespace(number=number, headers={}, body=bytearray())
        for size in sizes:
            stream.body += b"x" * size
            protocol.grown(stream, size)
            assert room(service) <= whole
        protocol.cancelled(stream)
        assert room(service) == whole
