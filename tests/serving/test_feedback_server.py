"""Late labels, sent to real servers with two workers."""

from __future__ import annotations

import base64
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from command import package as package_command
from command import package_here
from redis_servers import Stop, redis_servers
from serving_helpers import Package, Reply, Server, start

from monitoring.feedback.keys import FeedbackKeys
from monitoring.feedback.tokens import Tokens

pytestmark = pytest.mark.server

Starter = Callable[..., Server]
ROW = {"carat": 0.5, "color": "D", "tables": 55, "shop": "north"}
KEY = base64.b64encode(b"k" * 32).decode()


def tokens_of(server: Server, count: int, **changed: Any) -> list[tuple[str, str]]:
    """(token, prediction) of so many rows."""
    reply = server.predict([ROW | changed] * count)
    return [(one["token"], one["prediction"]) for one in reply.json["predictions"]]


def feed(server: Server, pairs: Any) -> Reply:
    items = [{"token": token, "actual": actual} for token, actual in pairs]
    return server.request("POST", "/feedback", json.dumps(items).encode())


def outcomes(server: Server, name: str = "__all__") -> tuple[float, float]:
    return tuple(
        server.metric("model_feedback_total", slice=name, outcome=outcome, model="diamonds")
        for outcome in ("correct", "incorrect")
    )


def wait_for_others(server: Server, killed: set[int]) -> None:
    """Until as many workers as before run, none of them killed, and answer."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        found = set(server.running_workers().values())
        if len(found) == 2 and not found & killed:
            try:
                if all(server.get("/readyz").status == 200 for _ in range(10)):
                    return
            except OSError:
                pass
        time.sleep(0.2)
    raise AssertionError(server.log.read_text())


def test_labels_are_scored_by_slice_and_answered_one_by_one(server: Server) -> None:
    before = outcomes(server), outcomes(server, "color=D"), outcomes(server, "color=other")
    (one, label), (two, _) = tokens_of(server, 2)
    other, label_of_other = tokens_of(server, 1, color="F")[0]
    forged = one[:-2] + ("AA" if one[-2:] != "AA" else "BB")
    reply = feed(
        server,
        [
            (one, label),
            (two, "Fair" if label != "Fair" else "Good"),
            (one, label),
            (forged, label),
            ("x", 1),
            (other, "none of them"),
            (other, None),
            (other, label_of_other),
        ],
    )
    assert reply.status == 200
    assert reply.json == {
        "accepted": 3,
        "skipped": 1,
        "rejected": [
            {"index": 2, "reason": "duplicate"},
            {"index": 3, "reason": "bad_signature"},
            {"index": 4, "reason": "malformed"},
            {"index": 5, "reason": "not_a_class"},
        ],
    }
    after = outcomes(server), outcomes(server, "color=D"), outcomes(server, "color=other")
    changes = [(a[0] - b[0], a[1] - b[1]) for a, b in zip(after, before, strict=True)]
    assert changes == [(2, 1), (1, 1), (1, 0)]
    assert server.metric("model_feedback_rejected_total", reason="bad_signature") == 1
    assert server.metric("model_feedback_delay_seconds_count") >= 3
    labels = {"route": "/feedback", "code": "2xx"}
    assert server.metric("model_request_duration_seconds_count", **labels) >= 1


def test_of_concurrent_labels_of_one_token_one_is_counted(server: Server) -> None:
    before = sum(outcomes(server))
    pairs = tokens_of(server, 25)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: feed(server, pairs), range(16)))
    assert {reply.status for reply in replies} == {200}
    assert sum(reply.json["accepted"] for reply in replies) == len(pairs)
    assert sum(outcomes(server)) - before == len(pairs)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "unreadable_json"),
        (b"\xff", 400, "unreadable_json"),
        (b"[" * 100_000, 400, "unreadable_json"),
        (b'{"token": "x", "actual": 1}', 422, "malformed_request"),
        (b"null", 422, "malformed_request"),
    ],
)
def test_what_is_no_list_is_refused(server: Server, body: bytes, status: int, code: str) -> None:
    reply = server.request("POST", "/feedback", body)
    assert (reply.status, reply.json["error"]["code"]) == (status, code)


def test_unusual_items_are_malformed_and_an_empty_list_is_nothing(server: Server) -> None:
    items = [1, None, "x", [], {}, {"actual": 1}, {"token": 1, "actual": 1, "more": 1}]
    reply = server.request("POST", "/feedback", json.dumps(items).encode())
    assert reply.json["accepted"] == 0
    assert [one["reason"] for one in reply.json["rejected"]] == ["malformed"] * len(items)
    assert server.request("POST", "/feedback", b"[]").json == {
        "accepted": 0,
        "skipped": 0,
        "rejected": [],
    }
    assert server.get("/feedback").status == 405


def test_a_refused_value_counts_for_its_column(server: Server) -> None:
    labels = {"feature": "carat", "kind": "invalid"}
    before = server.metric("model_feature_anomalies_total", **labels)
    assert server.predict([ROW | {"carat": "much"}]).status == 422
    assert server.metric("model_feature_anomalies_total", **labels) - before == 1


def test_the_command_sends_a_file_and_says_which_lines_do_not_count(
    server: Server, tmp_path: Path
) -> None:
    pairs = tokens_of(server, 3)
    source = tmp_path / "labels.csv"
    lines = [f"7,{token},{label}" for token, label in pairs]
    source.write_text("\n".join(["id,token,actual", *lines, f"8,nonsense,{pairs[0][1]}", ""]))
    url = f"http://127.0.0.1:{server.port}"
    first = package_command("feedback", url, "--data", source)
    assert (first.code, first.out) == (
        1,
        "counted: 3 labels\nnot counted: 1 malformed\n  line 5: malformed\n",
    )
    source.write_text("\n".join(["id,token,actual", *lines]))
    again = package_here("feedback", url, "--data", source, "--json")
    assert again.code == 0
    rejected = [{"line": line, "reason": "duplicate"} for line in (2, 3, 4)]
    assert json.loads(again.out) == {
        "accepted": 0,
        "skipped": 0,
        "reasons": {"duplicate": 3},
        "rejected": rejected,
    }
    source.write_text("token,label\nx,y\n")
    wrong = package_here("feedback", url, "--data", source)
    assert wrong.code == 2
    assert "expected the columns token and actual, got no 'actual'" in wrong.err


@pytest.mark.parametrize("form", ["csv", "json", "jsonl", "parquet"])
def test_a_label_that_is_not_known_yet_is_skipped_however_it_is_sent(
    server: Server, tmp_path: Path, form: str
) -> None:
    tokens, labels = zip(*tokens_of(server, 6), strict=True)
    actual = [labels[0], None, "" if form == "csv" else "NaN", None, "none of them", None]
    frame = pd.DataFrame({"token": tokens, "actual": actual, "when": range(6)})
    source = tmp_path / f"labels.{form}"
    if form == "csv":
        frame.to_csv(source, index=False)
    elif form == "parquet":
        frame.to_parquet(source)
    else:
        frame.to_json(source, orient="records", lines=form == "jsonl")
    url = f"http://127.0.0.1:{server.port}"
    before, skipped = outcomes(server), server.metric("model_feedback_skipped_total")
    sent = package_here("feedback", url, "--data", source)
    place = "row 4" if form in ("json", "parquet") else "line 6" if form == "csv" else "line 5"
    assert (sent.code, sent.out) == (
        1,
        "counted: 1 labels\nskipped: 4 without a label yet\n"
        f"not counted: 1 not_a_class\n  {place}: not_a_class\n",
    )
    assert outcomes(server) == (before[0] + 1, before[1])
    assert server.metric("model_feedback_skipped_total") - skipped == 4
    assert feed(server, zip(tokens, labels, strict=True)).json["accepted"] == 5


def test_a_file_without_labels_is_refused(server: Server, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{server.port}"
    for name, text, said in (
        ("a.csv", "token,actual\n", "expected at least one label, got none"),
        ("a.csv", "token,actual,actual\nx,1,2\n", "expected the column 'actual' once"),
        ("a.json", '[{"token": "x", "label": 1}]', "got no 'actual'"),
        ("a.json", '{"token": "x"}', "expected a list of objects, got dict"),
        ("a.jsonl", '{"token": "x"}\n[1]', "expected objects, got '[1]' (2)"),
        ("a.jsonl", "{", "line 1: expected JSON"),
        ("a.parquet", "x", "expected a Parquet file"),
    ):
        (tmp_path / name).write_text(text)
        refused = package_here("feedback", url, "--data", tmp_path / name)
        assert (refused.code, said in refused.err) == (2, True), refused.err


def test_killed_workers_and_servers_neither_count_twice_nor_forget(
    package: Package, start_server: Starter, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"1:{KEY}\n")
    log = tmp_path / "flagged"
    lasting = {
        "MODEL_STATE_DIR": str(tmp_path / "state"),
        "MODEL_FEEDBACK_KEY_FILE": str(keys),
        "MODEL_FLAGGED_LOG": str(log),
    }
    server = start_server(package, **lasting)
    server.is_whole()  # one alone makes the server ready, without the other's files
    assert "feedback:" not in server.log.read_text()
    pairs = tokens_of(server, 60)
    assert feed(server, pairs[:20]).json["accepted"] == 20
    metrics = server.home / "prometheus_multiproc_dir"
    files = {path.name for path in metrics.glob("*.db")}
    assert all(name.endswith(("_w1.db", "_w2.db", "_supervisor.db")) for name in files)
    served = server.metric("model_slice_predictions_total", slice="__all__")
    killed = set(server.workers().values())
    for process in killed:
        os.kill(process, signal.SIGKILL)
    wait_for_others(server, killed)
    assert server.metric("model_slice_predictions_total", slice="__all__") == served
    assert feed(server, pairs[:40]).json["accepted"] == 20
    assert sum(outcomes(server)) == 40
    now = {path.name for path in metrics.glob("*.db")}
    assert {name for name in now ^ files if not name.startswith("gauge_live")} == set()
    reply = server.predict([ROW | {"color": "Z"}, ROW])
    token = reply.json["predictions"][0]["token"]
    server.wait_counted()
    (line,) = [json.loads(text) for text in log.read_text().splitlines()]
    assert (line["token"], line["flags"]) == (token, ["color:unseen"])
    assert line["row"] == {"carat": 0.5, "color": "Z", "tables": 55, "shop": "north"}
    _kill_whole(server)
    again = start_server(package, **lasting)
    reply = feed(again, pairs)
    assert reply.json["accepted"] == 20
    assert sum(outcomes(again)) == 20
    _rotate(again, keys)


def test_a_token_of_another_model_with_the_same_key_is_rejected_and_counted(
    package: Package, start_server: Starter, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"1:{KEY}\n")
    server = start_server(package, MODEL_FEEDBACK_KEY_FILE=str(keys), MODEL_WORKERS="1")
    minted = {}
    for model in ("diamonds", "diamonds2"):
        both = Tokens(FeedbackKeys.parse(keys.read_text(), model), "ab" * 32, ("Fair", "Good"))
        (minted[model],) = both.mint(["Good"], None, [1])
    reply = feed(server, [(minted["diamonds2"], "Good"), (minted["diamonds"], "Good")])
    assert (reply.status, reply.json["accepted"]) == (200, 1)
    assert reply.json["rejected"] == [{"index": 0, "reason": "bad_signature"}]
    assert server.metric("model_feedback_rejected_total", reason="bad_signature") == 1
    assert sum(outcomes(server)) == 1


def _rotate(server: Server, keys: Path) -> None:
    """A new key signs from the next moment on, and the old one still verifies."""
    old, label = tokens_of(server, 1)[0]
    keys.write_text(f"2:hex:{'ab' * 32}\n1:{KEY}\n")
    until = time.monotonic() + 60
    while base64.urlsafe_b64decode(tokens_of(server, 1)[0][0])[0] != 2:
        assert time.monotonic() < until
    new, _ = next(
        pair
        for pair in iter(lambda: tokens_of(server, 1)[0], None)
        if base64.urlsafe_b64decode(pair[0])[0] == 2
    )
    assert feed(server, [(old, label), (new, label)]).json["accepted"] == 2


def _kill_whole(server: Server) -> None:
    workers = server.running_workers().values()
    server.process.kill()
    server.process.wait()
    for process in workers:
        os.kill(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def redis(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[], tuple[str, Stop]]]:
    with redis_servers(tmp_path_factory.mktemp("redis")) as begin:
        yield begin


def test_replicas_share_a_redis_and_predict_on_without_it(
    package: Package, start_server: Starter, redis: Callable[[], tuple[str, Stop]], tmp_path: Path
) -> None:
    url, stop = redis()
    (tmp_path / "keys").write_text(f"1:{KEY}\n")
    shared = {
        "MODEL_FEEDBACK_STORE": url,
        "MODEL_FEEDBACK_KEY_FILE": str(tmp_path / "keys"),
        "MODEL_WORKERS": "1",
    }
    one, two = start_server(package, **shared), start_server(package, **shared)
    pairs = tokens_of(one, 30)
    with ThreadPoolExecutor(8) as pool:
        asked = [one, two] * 8
        replies = list(pool.map(lambda server: feed(server, pairs), asked))
    assert sum(reply.json["accepted"] for reply in replies) == 30
    assert sum(outcomes(one)) + sum(outcomes(two)) == 30
    fresh = tokens_of(one, 1)
    stop()
    reply = feed(two, fresh)
    assert (reply.status, reply.json["error"]["code"]) == (503, "feedback_unavailable")
    assert reply.headers["retry-after"] == "5"
    assert tokens_of(two, 1)
    assert sum(outcomes(one)) + sum(outcomes(two)) == 30


def test_without_feedback_there_are_no_tokens(package: Package, start_server: Starter) -> None:
    server = start_server(package, MODEL_FEEDBACK="off", MODEL_WORKERS="1")
    assert set(server.predict([ROW]).json["predictions"][0]) == {
        "prediction",
        "probabilities",
        "flags",
    }
    reply = feed(server, [("x", 1)])
    assert (reply.status, reply.json["error"]["code"]) == (404, "feedback_off")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("MODEL_FEEDBACK", "maybe", "MODEL_FEEDBACK: expected on or off, got 'maybe'"),
        ("MODEL_FEEDBACK_DAYS", "0", "MODEL_FEEDBACK_DAYS: expected a number of days"),
        ("MODEL_FEEDBACK_STORE", "file", "MODEL_FEEDBACK_STORE: expected redis://host:port/number"),
        ("MODEL_FEEDBACK_STORE", "redis://:pw@127.0.0.1:1/0", "got redis://127.0.0.1:1/0"),
        ("MODEL_FEEDBACK_KEY_FILE", "{folder}/none", "none: No such file or directory"),
        ("MODEL_STATE_DIR", "/proc/none", "MODEL_STATE_DIR: expected a writable location"),
        ("MODEL_FLAGGED_LOG", "/none/log", "MODEL_FLAGGED_LOG: expected a file that can"),
    ],
)
@pytest.mark.sample(3)
def test_what_cannot_be_used_is_said_before_anything_starts(
    package: Package, tmp_path: Path, name: str, value: str, said: str
) -> None:
    server = start(package, tmp_path, **{name: value.format(folder=tmp_path)})
    assert server.process.wait(60) == 2
    told = server.lines()[-1]
    assert said in told["message"]
    assert told["hint"]
    assert "pw" not in server.log.read_text()


def test_a_server_without_keys_says_how_long_tokens_last(server: Server) -> None:
    told = server.log.read_text()
    assert "feedback: tokens last until this server ends; set MODEL_FEEDBACK_KEY_FILE" in told
