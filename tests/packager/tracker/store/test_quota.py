from __future__ import annotations

import pytest
from issue_samples import NOW, finding, report

from packager.tracker.core.moments import DAY
from packager.tracker.store import quota
from packager.tracker.store.quota import QuotaExceededError, forget_quotas, spend
from packager.tracker.store.store import Store


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quota, "MAX_ADDED", {"issues": 3, "packages": 2, "versions": 3})


def add(store: Store, name: str, at: float = NOW, token: str = "ci", **fields: str) -> None:
    with store.write() as writer:
        report(writer, finding(subject=f"feature={name}", **fields), now=at)
        spend(writer, token, at)


def count(store: Store) -> int:
    with store.read() as reader:
        n: int = reader.db.rows("select count(*) as n from issue")[0]["n"]
        return n


def test_new_issues_of_a_token_are_bounded_in_a_day(store: Store) -> None:
    for name in ("a", "b", "c"):
        add(store, name)
    with pytest.raises(QuotaExceededError) as refused:
        add(store, "d", NOW + 60)
    assert str(refused.value) == "expected at most 3 new issues a day of 'ci', got more"
    assert refused.value.seconds == DAY - 60
    assert count(store) == 3, "the transaction is undone"
    add(store, "a", NOW + 60)  # what is known costs nothing
    add(store, "d", NOW + 60, token="other")
    add(store, "e", NOW + DAY)


def test_packages_and_versions_are_bounded_too(store: Store) -> None:
    add(store, "a", package="one")
    add(store, "a", package="two")
    with pytest.raises(QuotaExceededError, match="at most 2 new packages a day of 'ci'"):
        add(store, "a", package="three")
    add(store, "a", package="two", version="9")
    with pytest.raises(QuotaExceededError, match="at most 3 new versions a day of 'ci'"):
        add(store, "a", package="two", version="10")


def test_days_that_are_over_are_forgotten(store: Store) -> None:
    add(store, "a")
    with store.write() as writer:
        forget_quotas(writer, NOW + 1)
        assert len(writer.db.rows("select * from quota")) == 3
        forget_quotas(writer, NOW + DAY + 1)
        assert writer.db.rows("select * from quota") == []
