"""A job is ended by another thread, whenever that asks for it."""

from __future__ import annotations

import pytest

from packager.engine.job import Cancellation


@pytest.mark.parametrize("early", [False, True])
def test_what_runs_and_what_is_started_later_is_ended(early: bool) -> None:
    ended: list[str] = []
    cancellation = Cancellation()
    if not early:
        cancellation.started(lambda: ended.append("first"))
        assert ended == []
    cancellation.cancel()
    assert ended == ([] if early else ["first"])
    cancellation.started(lambda: ended.append("second"))
    assert ended[-1] == "second"
