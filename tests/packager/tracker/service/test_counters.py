"""What waits to be asked of Prometheus."""

from __future__ import annotations

from tracked import MINUTE, T0

from packager.tracker.service import counters
from packager.tracker.service.counters import WaitingAlerts
from packager.tracker.sources.alertmanager import ReceivedAlert


def alert(name: str, start: float = T0) -> ReceivedAlert:
    return ReceivedAlert({}, {}, start, name)


def test_what_begins_is_asked_first_and_each_once() -> None:
    waiting = WaitingAlerts()
    waiting.add([alert("a"), alert("b")], begins=False)
    waiting.add([alert("c"), alert("b", T0 + 1)], begins=True)
    waiting.add([alert("c", T0 + 2)], begins=False)
    assert [(one.fingerprint, one.starts_at, new) for one, new in waiting.take(2)] == [
        ("b", T0 + 1, True),
        ("c", T0 + 2, True),
    ]
    assert [one.fingerprint for one, _ in waiting.take(9)] == ["a"]
    assert waiting.take(9) == []


def test_the_oldest_are_dropped_beyond_the_bound(monkeypatch) -> None:
    monkeypatch.setattr(counters, "MAX_WAITING", 3)
    waiting = WaitingAlerts()
    waiting.add([alert(str(number)) for number in range(9)], begins=False)
    assert [one.fingerprint for one, _ in waiting.take(9)] == ["6", "7", "8"]


def test_a_plot_is_drawn_again_after_a_while() -> None:
    waiting = WaitingAlerts()
    assert waiting.is_plot_due(alert("a"), T0)
    assert not waiting.is_plot_due(alert("a"), T0 + 14 * MINUTE)
    assert waiting.is_plot_due(alert("a"), T0 + 15 * MINUTE)
