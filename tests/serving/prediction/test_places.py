"""A worker admits as many requests as it has places."""

from __future__ import annotations

import pytest

from serving.prediction.errors import QueueFullError
from serving.prediction.places import Places


def test_a_place_is_free_again_when_its_request_has_ended() -> None:
    places = Places(2)
    places.take()
    places.take()
    with pytest.raises(QueueFullError):
        places.take()
    places.free()
    places.take()
    with pytest.raises(QueueFullError):
        places.take()
