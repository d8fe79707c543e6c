"""The frame of a sampled request."""

from __future__ import annotations

from serving.shadow.sampled import HEAD, SampledRequest


def test_a_frame_is_read_as_it_was_written() -> None:
    headers = {b"content-type": b"text/csv"}
    request = SampledRequest("/x", headers, b"body", [0, 2], ["a", None], [[0.5, 0.5]] * 2, None)
    told, body = request.frame()
    pickled, size = HEAD.unpack(told[: HEAD.size])
    assert (size, body) == (4, b"body")
    assert len(told) == HEAD.size + pickled
    assert SampledRequest.read(told[HEAD.size :], body) == request
