"""What clients ask and make of the answers, without any transport."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from packager.client.answers import Prediction
from packager.client.exchanges import (
    MAX_ATTEMPTS,
    HttpAnswer,
    HttpCall,
    Pause,
    ServerExchanges,
    wait_seconds,
)
from packager.errors import PackageError, UsageError

URL = "http://a:1/"


def run(exchange: Any, *answers: HttpAnswer | PackageError) -> tuple[Any, list[Any]]:
    """The result, and the calls and pauses; an error is raised in place of an answer."""
    given: Iterator[Any] = iter(answers)
    steps = []
    try:
        step = next(exchange)
        while True:
            steps.append(step)
            answer = None if isinstance(step, Pause) else next(given)
            thrown = isinstance(answer, PackageError)
            step = exchange.throw(answer) if thrown else exchange.send(answer)
    except StopIteration as done:
        return done.value, steps


def answered(document: Any, status: int = 200, retry: str = "") -> HttpAnswer:
    return HttpAnswer(status, json.dumps(document).encode(), retry)


def predictions(count: int) -> HttpAnswer:
    return answered({"predictions": [{"prediction": 1, "flags": []}] * count})


def test_rows_go_out_in_batches_without_a_look_at_the_schema() -> None:
    found, calls = run(
        ServerExchanges(URL).predict([{"a": 1}, {"a": 2}, {"a": 3}], 2, 0),
        predictions(2),
        predictions(1),
    )
    assert found == [Prediction(1, None, (), None)] * 3
    assert [(one.path, json.loads(one.body)) for one in calls] == [
        ("/predict", {"rows": [{"a": 1}, {"a": 2}]}),
        ("/predict", {"rows": [{"a": 3}]}),
    ]


@pytest.mark.parametrize("once", [False, True])
def test_bytes_need_the_schema_once(once: bool) -> None:
    rows = [{"a": b"\xff"}, {"a": b"\xfe"}]
    schema = answered({"features": [{"name": "a", "kind": "bytes"}]})
    given = iter(rows) if once else rows
    _, calls = run(ServerExchanges(URL).predict(given, 9, 0), schema, predictions(2))
    assert [one.path for one in calls] == ["/schema", "/predict"]
    assert json.loads(calls[1].body) == {"rows": [{"a": "/w=="}, {"a": "/g=="}]}


def test_without_a_schema_a_value_that_json_lacks_is_refused_by_its_place() -> None:
    gone = PackageError("no connection")
    with pytest.raises(UsageError, match='row 3, column "a": expected a value that JSON can hold'):
        run(ServerExchanges(URL).predict([{"a": object()}], 9, 3), gone)


def test_a_busy_server_is_asked_again_after_the_time_it_names() -> None:
    busy = answered({"error": {"code": "overloaded", "message": "busy"}}, 503, "2")
    found, steps = run(ServerExchanges(URL).schema(), busy, answered({"name": "x"}))
    assert found == {"name": "x"}
    assert steps == [HttpCall("GET", "/schema"), Pause(2.0), HttpCall("GET", "/schema")]
    with pytest.raises(PackageError, match="busy") as caught:
        run(ServerExchanges(URL).schema(), *[busy] * MAX_ATTEMPTS)
    assert caught.value.hint == "the server is busy or starting: try again later"


def test_the_longest_wait_is_bounded() -> None:
    assert [wait_seconds(told) for told in ("", "0", "99999999", "x")] == [1.0, 0.0, 10.0, 1.0]


def test_an_error_names_the_row_over_all_batches() -> None:
    refused = answered({"error": {"code": "invalid_row", "message": "row 1: no", "row": 1}}, 422)
    with pytest.raises(UsageError) as caught:
        run(ServerExchanges(URL).predict([{}] * 4, 2, 10), predictions(2), refused)
    assert caught.value.message == "row 13: no"


def test_answers_of_another_server_are_refused() -> None:
    exchanges = ServerExchanges(URL)
    for answer in (HttpAnswer(200, b"<html>"), answered([1]), answered({"predictions": []})):
        with pytest.raises(PackageError, match=r"http://a:1.*expected"):
            run(exchanges.predict([{}], 9, 0), answer)
    with pytest.raises(PackageError, match="expected status 200, got 502"):
        run(exchanges.metrics(), HttpAnswer(502, b"bad gateway"))
