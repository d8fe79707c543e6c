"""The client with a real package, and with a server that sends arbitrary answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from answering_server import Answer, answering
from command import NO_ENGINE, Package, package, package_here

from packager.client import Client, FeedbackReceipt, Prediction, read_key
from packager.client.exchanges import wait_seconds
from packager.errors import PackageError, UsageError


@pytest.fixture
def frame(local_package: Package) -> pd.DataFrame:
    table = pd.read_csv(local_package.project / "data" / "visits.csv")
    return table.drop(columns="returned").head(50)


@pytest.mark.server
def test_client_and_command_answer_as_the_package_itself(
    served_url: str, frame: pd.DataFrame, local_package: Package
) -> None:
    with Client(served_url) as client:
        assert client.ready()
        assert client.schema()["name"] == "starter"
        assert client.package().tag == local_package.built["tag"].partition(":")[2]
        answers = client.predict(frame, batch=7)
    data = local_package.project / "data" / "visits.csv"  # the target is in it, and left out
    told = package("predict", local_package.reference, "--data", data, "--local", env=NO_ENGINE).out
    expected = [json.loads(line) for line in told.splitlines()]
    remote = package("predict", served_url, "--data", data)
    assert remote.code == 0, remote.err
    found = [json.loads(line) for line in remote.out.splitlines()]
    assert [one["prediction"] for one in found] == [one["prediction"] for one in expected]
    assert [set(one) - {"token"} for one in found] == [set(one) for one in expected]
    assert len(answers) == 50
    for answer, one in zip(answers, expected, strict=False):
        assert (answer.prediction, list(answer.flags)) == (one["prediction"], one["flags"])
        assert answer.probabilities == pytest.approx(one["probabilities"], rel=1e-12)


@pytest.mark.server
def test_an_error_names_the_row_over_all_batches(served_url: str, frame: pd.DataFrame) -> None:
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows[9] = {**rows[9], "visits": "many"}
    with Client(served_url) as client, pytest.raises(UsageError) as caught:
        client.predict(rows, batch=4)
    assert caught.value.message.startswith('row 9, column "visits": expected an integer')


@pytest.mark.server
def test_predict_with_a_url_writes_csv_or_names_the_row_it_cannot_send(
    served_url: str, local_package: Package, tmp_path: Path
) -> None:
    data = local_package.project / "data" / "visits.csv"
    lines = package("predict", served_url, "--data", data, "--format", "csv").out.splitlines()
    assert lines[0].startswith("prediction,probability no,probability yes,flags")
    assert len(lines) == len(data.read_text().splitlines())
    bad = tmp_path / "rows.json"
    bad.write_text('[{"visits": 1}]')
    refused = package("predict", served_url, "--data", bad)
    assert (refused.code, refused.out) == (2, "")
    assert "no such key" in refused.err


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing argument 'REF|URL'"),
        (["http://127.0.0.1:1", "--local"], "--local: expected a package, got the server http"),
        (["some:tag", "--key-file", "key"], "--key-file: expected the address of a server, got"),
        (["http://"], "expected an address like http://127.0.0.1:3000"),
    ],
)
def test_a_wrong_mix_of_options_is_refused(arguments: list[str], message: str) -> None:
    done = package_here("predict", *arguments, "--data", "rows.csv")
    assert done.code == 2
    assert message in done.err


def failing(answer: Answer, act: Callable[[Client], Any]) -> PackageError:
    with answering(lambda *_: answer) as url, Client(url, timeout=60) as client:
        with pytest.raises(PackageError) as caught:
            act(client)
        return caught.value


def one_row(client: Client) -> list[Prediction]:
    return client.predict([{"a": 1}])


def test_a_busy_server_is_retried_and_given_up_in_the_end() -> None:
    asked = []
    done = json.dumps({"predictions": [{"prediction": 1, "flags": ["a:missing"], "token": "t"}]})

    def busy_twice(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        asked.append(body)
        if len(asked) < 3:
            return 503, {"Retry-After": "0"}, b"{}"
        return 200, {}, done.encode()

    with answering(busy_twice) as url, Client(url) as client:
        assert one_row(client) == [Prediction(1, None, ("a:missing",), "t")]
    assert asked == [b'{"rows": [{"a": 1}]}'] * 3
    told = json.dumps({"error": {"code": "overloaded", "message": "too many requests"}})
    error = failing((503, {"Retry-After": "0"}, told.encode()), one_row)
    assert (error.message, error.exit_code) == ("too many requests", 1)
    assert "try again" in error.hint


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("3", 3.0), ("0", 0.0), ("9" * 400, 10.0), ("-1", 1.0), ("soon", 1.0), ("\u00b2", 1.0)],
)
def test_a_server_never_decides_how_long_it_is_waited_for(told: str, seconds: float) -> None:
    assert wait_seconds(told) == seconds


def test_feedback_counts_over_batches() -> None:
    def taken(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        assert path == "/feedback"
        sent = json.loads(body)
        rejected = [
            {"index": place, "reason": "duplicate"}
            for place, one in enumerate(sent)
            if one["token"] == "old"
        ]
        skipped = sum(one["actual"] is None for one in sent)
        accepted = len(sent) - len(rejected) - skipped
        answer = {"accepted": accepted, "skipped": skipped, "rejected": rejected}
        return 200, {}, json.dumps(answer).encode()

    with answering(taken) as url, Client(url) as client:
        labels = [("a", "yes"), ("b", "no"), ("c", "no"), ("old", "no")]
        assert client.feedback(labels, batch=3) == FeedbackReceipt(3, ((3, "duplicate"),), 0)


def test_labels_of_any_type_are_sent_and_nulls_of_any_type_are_none() -> None:
    seen: list[Any] = []

    def taken(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        seen.extend(one["actual"] for one in json.loads(body))
        return 200, {}, b'{"accepted": %d, "skipped": 0, "rejected": []}' % len(json.loads(body))

    nulls = [None, float("nan"), np.float32("nan"), pd.NA, pd.NaT, Decimal("NaN")]
    labels = [np.int64(3), np.bool_(True), np.str_("a"), Decimal("3.5"), float("inf"), ""]
    with answering(taken) as url, Client(url) as client:
        client.feedback([("token", label) for label in (*nulls, *labels)])
    assert seen == [*[None] * len(nulls), 3, True, "a", 3.5, "inf", ""]


def test_a_key_goes_with_every_request() -> None:
    seen = []

    def closed(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        seen.append(headers.get("Authorization"))
        return 200, {}, b"{}"

    with answering(closed) as url, Client(url, key="secret") as client:
        client.schema()
    assert seen == ["Bearer secret"]
    told = json.dumps({"error": {"code": "no_key", "message": "the key is missing"}}).encode()
    assert "--key-file" in failing((401, {}, told), Client.schema).hint


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((200, {}, b"<html>"), "expected JSON, got '<html>'"),
        ((200, {}, b"[]"), "expected an object, got []"),
        ((200, {}, b"{}"), "expected 1 predictions, got none"),
        ((502, {}, b"<html>"), "expected status 200, got 502"),
        ((302, {"Location": "/elsewhere"}, b""), "expected status 200, got 302"),
        ((404, {}, b'{"error": "no"}'), "expected status 200, got 404"),
    ],
)
def test_an_answer_that_is_not_a_packages_is_named(answer: Answer, message: str) -> None:
    assert message in failing(answer, one_row).message


def test_a_server_that_is_not_there_is_not_ready_and_named() -> None:
    with Client("http://127.0.0.1:1") as client:
        assert not client.ready()
        with pytest.raises(PackageError, match="got no connection"):
            client.schema()


def test_a_package_of_another_program_is_named() -> None:
    assert "expected a manifest" in failing((200, {}, b"{}"), Client.package).message


def test_a_frame_becomes_json_values() -> None:
    sent: list[Any] = []

    def keep(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        sent.extend(json.loads(body)["rows"])
        return 200, {}, b'{"predictions": [{"prediction": 1}, {"prediction": 2}]}'

    frame = pd.DataFrame(
        {
            "number": [1.5, np.nan],
            "whole": pd.array([1, None], dtype="Int64"),
            "time": pd.to_datetime(["2024-01-31 10:00", None]),
            "text": pd.Categorical(["a", None]),
            "yes": np.array([True, False]),
        },
        index=[7, 7],
    )
    with answering(keep) as url, Client(url) as client:
        client.predict(frame)
    nothing = dict.fromkeys(["number", "whole", "time", "text"])
    assert sent == [
        {"number": 1.5, "whole": 1, "time": "2024-01-31T10:00:00", "text": "a", "yes": True},
        {**nothing, "yes": False},
    ]


@pytest.mark.parametrize(
    ("value", "told"),
    [(float("inf"), "a finite number, got inf"), (1j, "JSON can hold, got complex")],
)
def test_a_value_that_json_cannot_hold_is_named_before_it_is_sent(value: Any, told: str) -> None:
    with Client("http://127.0.0.1:1") as client, pytest.raises(UsageError) as caught:
        client.predict([{"a": 1}, {"a": value}])
    assert caught.value.message.startswith('row 1, column "a": expected ')
    assert caught.value.message.endswith(told)


def test_a_value_that_json_cannot_hold_is_omitted_for_a_column_outside_the_schema() -> None:
    sent: list[Any] = []

    def keep(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        if path == "/schema":
            return 200, {}, b'{"features": [{"name": "a"}], "extras": [{"name": "b"}]}'
        sent.extend(json.loads(body)["rows"])
        return 200, {}, b'{"predictions": [{"prediction": 1}]}'

    with answering(keep) as url, Client(url) as client:
        client.predict([{"a": np.int64(1), "b": object(), "shape": object()}])
        with pytest.raises(UsageError, match='row 0, column "a"'):
            client.predict([{"a": object()}])
    assert sent == [{"a": 1, "b": None, "shape": None}]


def test_labels_for_feedback_are_plain_values() -> None:
    sent: list[Any] = []

    def keep(path: str, body: bytes, headers: dict[str, str]) -> Answer:
        sent.extend(json.loads(body))
        count = len(json.loads(body))
        return 200, {}, b'{"accepted": %d, "skipped": 0, "rejected": []}' % count

    with answering(keep) as url, Client(url) as client:
        client.feedback(
            [("t", np.int64(1)), ("t", np.bool_(True)), ("t", Decimal("2.5")), ("t", np.nan)]
        )
        client.feedback([("t", float("inf"))])  # the server rejects it, and takes the others
    assert [one["actual"] for one in sent] == [1, True, 2.5, None, "inf"]


def test_a_key_file_holds_a_key(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("secret\n")
    assert read_key(path) == "secret"
    path.write_text("\n")
    with pytest.raises(UsageError, match="got an empty file"):
        read_key(path)
    with pytest.raises(UsageError, match="No such file"):
        read_key(tmp_path / "absent")


def test_answers_go_with_labels_in_requests_of_a_bounded_size(monkeypatch) -> None:
    monkeypatch.setattr("packager.client.label_requests.MAX_ANSWERS_CHARACTERS", 40)
    asked: list[Any] = []

    def answer(path: str, body: bytes, _headers: dict[str, str]) -> Answer:
        asked.append(json.loads(body))
        done = {"accepted": len(asked[-1]), "skipped": 0, "rejected": []}
        return 200, {}, json.dumps(done).encode()

    structured = Prediction({"load": [1.0] * 9, "n": 1}, None, (), "t")
    with answering(answer) as url, Client(url) as client:
        monkeypatch.setattr(client._exchanges, "_structured", True)
        labels = [(structured, {"n": 2}), ("t2", [1, None], {"a": np.True_}), ("t3", 1)]
        assert client.feedback(labels).accepted == 3
    first = {"token": "t", "actual": {"n": 2}, "answer": structured.prediction}
    second = {"token": "t2", "actual": {"a": True}, "answer": [1, None]}
    assert asked == [[first], [second, {"token": "t3", "actual": 1}]]
