"""A metric on the rows of a case's own file."""

from __future__ import annotations

from typing import Any

import pytest
from case_models import CaseBench, Prices, price_of, rows

from packager.errors import UsageError
from packager.manifest.case import Case


def case(metric: str = "mae", limit: float = 5.0, **more: Any) -> Case:
    keys = {"rows": "file:known.csv", "metric": metric, "limit": limit, **more}
    return Case(name="good", kind="minimum", **keys)


@pytest.fixture
def known(bench: CaseBench) -> CaseBench:
    table = rows(20).assign(price=lambda frame: price_of(frame) + 4)
    table.to_csv(bench.root.code / "known.csv", index=False)
    return bench


def test_an_error_is_at_most_and_a_score_at_least_the_limit(known: CaseBench) -> None:
    checks = known.judge(Prices(), case(), case(limit=3.0).model_copy(update={"name": "b"}))
    assert [check.verdict for check in checks] == ["passed", "failed"]
    assert checks[1].why == "case 'b': mae 4 on 20 rows, expected at most 3"
    checks = known.judge(
        Prices(), case("r2", 0.9), case("r2", 1.0).model_copy(update={"name": "b"})
    )
    assert [check.verdict for check in checks] == ["passed", "failed"]
    assert "expected at least 1" in checks[1].why


def test_an_unknown_metric_lists_those_that_are_known(known: CaseBench) -> None:
    with pytest.raises(
        UsageError, match="case 'good': expected a metric of its rows, got 'acc'"
    ) as e:
        known.judge(Prices(), case("acc"))
    assert e.value.hint == "the metrics are bias, mae, r2, rmse"


def test_rows_that_a_server_refuses_or_without_labels_are_named(known: CaseBench) -> None:
    path = known.root.code / "known.csv"
    rows(20).to_csv(path, index=False)
    with pytest.raises(UsageError, match="got 'mae'") as refused:
        known.judge(Prices(), case())
    assert "its rows have no labels" in refused.value.hint
    rows(20).drop(columns="carat").to_csv(path, index=False)
    with pytest.raises(UsageError, match=r"case 'good': expected a column 'carat' in known\.csv"):
        known.judge(Prices(), case())
