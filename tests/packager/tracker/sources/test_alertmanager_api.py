"""What all replicas of an Alertmanager hold."""

from __future__ import annotations

from fake_sources import FakeAlertmanager, answering
from tracked import T0

from packager.tracker.sources.alertmanager_api import addresses_of, look


def test_addresses() -> None:
    assert addresses_of(" http://a:9093/ ,, http://b:9093") == ("http://a:9093", "http://b:9093")
    assert addresses_of("") == ()


def test_the_union_of_replicas() -> None:
    one, other = FakeAlertmanager(started_at=T0), FakeAlertmanager(started_at=T0 + 60)
    one.hold("carat", T0 + 10, silenced_by=("s1",))
    one.hold("depth", T0 + 10, silenced_by=("s1",))
    other.hold("carat", T0 + 5)
    other.hold("depth", T0 + 15, silenced_by=("unknown",))
    other.hold("table", T0)
    one.silences = [{"id": "s1", "endsAt": "2026-11-29T10:00:00Z", "createdBy": ""}]
    with answering(one.answer) as first, answering(other.answer) as second:
        found = look((first, second))
    assert set(found.alerts) == {"f-carat", "f-depth", "f-table"}
    carat, depth = found.alerts["f-carat"], found.alerts["f-depth"]
    assert (carat.starts_at, carat.muted) == (T0 + 5, "")
    text = "silenced in Alertmanager until 2026-11-29T10:00:00Z"
    assert (depth.starts_at, depth.muted) == (T0 + 10, text)
    assert found.started_at == T0 + 60
    assert found.is_settled(found.at - T0 - 60)
    assert not found.is_settled(found.at - T0 - 59)


def test_every_alert_is_asked_for_or_those_of_a_receiver() -> None:
    asked: list[dict[str, list[str]]] = []
    source = FakeAlertmanager()

    def answer(path: str, query: dict[str, list[str]]) -> object:
        asked.append(query)
        return source.answer(path, query)

    with answering(answer) as address:
        look((address,))
        look((address,), "tracker.*")
    every = {name: ["true"] for name in ("active", "silenced", "inhibited", "unprocessed")}
    assert asked == [{}, every, {}, {**every, "receiver": ["tracker.*"]}]
