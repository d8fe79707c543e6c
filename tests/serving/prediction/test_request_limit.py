"""A worker admits as many requests as its limit."""

from __future__ import annotations

import pytest

from serving.prediction.errors import QueueFullError
from serving.prediction.request_limit import RequestLimit


def test_a_place_is_free_again_when_its_request_has_ended() -> None:
    limit = RequestLimit(2)
    limit.take()
    limit.take()
    with pytest.raises(QueueFullError):
        limit.take()
    limit.free()
    limit.take()
    with pytest.raises(QueueFullError):
        limit.take()
