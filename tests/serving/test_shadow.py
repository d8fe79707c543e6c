"""A server with a shadow: the challenger gets the rows, and costs the clients nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from challengers import challenger, predicting, raw_server, wait_for
from html_forms import SentForm
from serving_helpers import Package, Server, free_port, start, wait_ready
from upload_samples import PNG, TEXTS, picture_package
from upload_samples import ROW as PICTURE_ROW

pytestmark = pytest.mark.server

ROWS = "model_shadow_rows_total"
PAIRS = "model_shadow_pairs_total"
ROW = {"carat": 0.5, "color": "D", "tables": 55, "shop": "north"}


@contextmanager
def serving(package: Package, folder: Path, url: str, **environment: str) -> Iterator[Server]:
    folder.mkdir(exist_ok=True)
    server = start(package, folder, MODEL_SHADOW=url, MODEL_NATIVE="lazy", **environment)
    try:
        wait_ready(server)
        yield server
    finally:
        assert server.stop() == 0


def seen(server: Server) -> float:
    return server.metric(ROWS)


def test_a_challenger_gets_the_rows_and_its_answers_are_compared(
    package: Package, tmp_path: Path
) -> None:
    answer = predicting(lambda row: "Fair" if row["carat"] > 1 else "Ideal")
    with challenger(answer) as other, serving(package, tmp_path, other.url) as server:
        rows = [ROW | {"carat": carat} for carat in (0.3, 0.4, 2.0, 2.5)]
        ours = [one["prediction"] for one in server.predict(rows).json["predictions"]]
        assert server.predict([ROW]).status == 200
        assert wait_for(lambda: seen(server), 5) == 5
        theirs = ["Ideal", "Ideal", "Fair", "Fair"]
        same = 1 + sum(one == their for one, their in zip(ours, theirs, strict=True))
        assert server.metric(ROWS, outcome="same") == same
        assert server.metric(ROWS, outcome="other") == 5 - same
        assert sorted(other.rows, key=lambda row: row["carat"])[:2] == [rows[0], rows[1]]
        headers = {name.lower(): text for name, text in other.requests[0][0].items()}
        assert headers["x-model-shadow"] == "1"
        info = server.metric("model_shadow_challenger_info", challenger="challenger1")
        assert info == 1


def test_every_protocol_is_sent_on_as_the_same_rows(package: Package, tmp_path: Path) -> None:
    answer = predicting(lambda _: "Ideal")
    with challenger(answer) as other, serving(package, tmp_path, other.url) as server:
        split = {"columns": list(ROW), "data": [list(ROW.values())]}
        body = json.dumps({"dataframe_split": split}).encode()
        assert server.request("POST", "/invocations", body, "application/json").status == 200
        table = b"carat,color,tables,shop\n0.5,D,55,north\n"
        assert server.request("POST", "/invocations", table, "text/csv").status == 200
        tensors = [
            {"name": "carat", "shape": [1], "datatype": "FP64", "data": [0.5]},
            {"name": "color", "shape": [1], "datatype": "BYTES", "data": ["D"]},
            {"name": "tables", "shape": [1], "datatype": "INT64", "data": [55]},
            {"name": "shop", "shape": [1], "datatype": "BYTES", "data": ["north"]},
        ]
        body = json.dumps({"inputs": tensors}).encode()
        assert server.request("POST", "/v2/models/diamonds/infer", body).status == 200
        assert wait_for(lambda: seen(server), 3) == 3
        assert other.rows == [ROW, ROW, ROW]
        lines = server.get("/metrics").body.decode().splitlines()
        assert 0 < sum(line.startswith("model_shadow") for line in lines) <= 100


def test_files_and_rows_of_the_page_are_sent_on_as_json(tmp_path: Path) -> None:
    package = picture_package(tmp_path / "package")
    answer = predicting(lambda _: "cat")
    with (
        challenger(answer) as other,
        serving(package, tmp_path / "server", other.url, MODEL_TRY_PAGE="on") as server,
    ):
        url = f"http://127.0.0.1:{server.port}"
        form = httpx.post(f"{url}/predict", files={"image": PNG}, data=TEXTS)
        kind = {"content-type": "image/png"}
        raw = httpx.post(f"{url}/predict", params=TEXTS, content=PNG, headers=kind)
        page = SentForm(httpx.get(f"{url}/try").text).body()
        kind = {"content-type": "multipart/form-data; boundary=XX"}
        tried = httpx.post(f"{url}/try", content=page, headers=kind)
        assert [one.status_code for one in (form, raw, tried)] == [200] * 3
        assert wait_for(lambda: seen(server), 3) == 3
        assert other.rows == [PICTURE_ROW] * 3


@pytest.mark.parametrize(
    ("sent", "pause"),
    [
        (b"\x00\xff garbage that is no HTTP\r\n\r\n", 0.0),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", 0.3),
    ],
    ids=["noise", "drip"],
)
def test_a_broken_challenger_fails_rows_and_no_request(
    package: Package, tmp_path: Path, sent: bytes, pause: float
) -> None:
    with (
        raw_server(sent, pause) as url,
        serving(package, tmp_path, url, MODEL_SHADOW_TIMEOUT_SECONDS="0.5") as server,
    ):
        for _ in range(20):
            assert server.predict([ROW]).status == 200
        assert wait_for(lambda: seen(server), 20) == 20
        failed = server.metric(ROWS, outcome="failed")
        assert failed >= 1
        assert failed + server.metric(ROWS, outcome="dropped") == 20
        assert server.metric("model_request_duration_seconds_count", code="5xx") == 0


def test_a_dead_challenger_opens_the_breaker_and_a_live_one_closes_it(
    package: Package, tmp_path: Path
) -> None:
    port = free_port()
    with serving(package, tmp_path, f"http://127.0.0.1:{port}") as server:
        for sent in range(1, 11):
            assert server.predict([ROW]).status == 200
            wait_for(lambda: seen(server), sent)
        assert server.metric(ROWS, outcome="failed") + server.metric(ROWS, outcome="dropped") == 10
        assert server.metric(ROWS, outcome="failed") >= 5
        assert server.metric("model_shadow_pauses_total") >= 1
        assert server.told(lambda line: "gets no rows" in line["message"])

        def answered() -> float:
            assert server.predict([ROW] * 3).status == 200
            return server.metric(ROWS, outcome="same") + server.metric(ROWS, outcome="other")

        with challenger(predicting(lambda _: "Ideal"), port) as other:
            assert wait_for(answered, 3) >= 3
            before = len(other.rows)
            assert wait_for(answered, 12) >= 12
            assert len(other.rows) > before
        assert server.told(lambda line: "answers again" in line["message"])


def test_a_challenger_with_keys_gets_rows_once_the_file_has_its_key(
    package: Package, tmp_path: Path
) -> None:
    keys, token = tmp_path / "keys", tmp_path / "token"
    keys.write_text("right\n")
    token.write_text("wrong\n")
    other = start(package, tmp_path, MODEL_API_KEYS_FILE=str(keys), MODEL_NATIVE="lazy")
    try:
        wait_ready(other)
        url = f"http://127.0.0.1:{other.port}"
        variables = {"MODEL_SHADOW_TOKEN_FILE": str(token)}
        with serving(package, tmp_path / "champion", url, **variables) as server:
            server.predict([ROW])
            assert wait_for(lambda: server.metric(ROWS, outcome="failed"), 1) == 1
            token.write_text("right\n")
            server.predict([ROW])
            assert wait_for(lambda: server.metric(ROWS, outcome="same"), 1) == 1
            assert server.metric("model_shadow_difference_sum") == 0
            assert "wrong" not in server.log.read_text()
    finally:
        other.stop()


def test_a_shadow_of_a_shadow_makes_no_loop(package: Package, tmp_path: Path) -> None:
    port = free_port()
    with serving(package, tmp_path, f"http://127.0.0.1:{port}", MODEL_PORT=str(port)) as server:
        server.predict([ROW])
        assert wait_for(lambda: seen(server), 1) == 1
        assert server.metric(ROWS, outcome="same") == 1
        assert server.metric("model_request_rows_count") == 2


def test_labels_come_in_pairs_over_two_replicas_and_count_once(
    package: Package, tmp_path: Path
) -> None:
    key = tmp_path / "keys"
    key.write_text(f"1:{base64.b64encode(b'k' * 32).decode()}\n")
    shared = {"MODEL_FEEDBACK_KEY_FILE": str(key), "MODEL_STATE_DIR": str(tmp_path / "state")}
    with (
        challenger(predicting(lambda _: "Good")) as other,
        serving(package, tmp_path / "one", other.url, **shared) as one,
        serving(package, tmp_path / "two", other.url, **shared) as two,
    ):
        labelled: list[dict[str, Any]] = []
        for at in range(40):
            found = (one, two)[at % 2].predict([ROW, ROW | {"carat": 2.0}]).json["predictions"]
            labelled += [{"token": it["token"], "actual": "Good"} for it in found]
        assert wait_for(lambda: seen(one) + seen(two), 80) == 80
        for start_at in range(0, 80, 20):
            body = json.dumps(labelled[start_at : start_at + 20]).encode()
            for server in (one, two, one):
                assert server.request("POST", "/feedback", body).status == 200

        def total(name: str, **labels: str) -> float:
            return one.metric(name, **labels) + two.metric(name, **labels)

        assert total("model_feedback_total", slice="__all__") == 80
        assert total(PAIRS, slice="__all__") == 80
        assert total(PAIRS, slice="__all__", champion="wrong", challenger="correct") == 80
        assert total(PAIRS, slice="large") == 40
        assert total("model_shadow_unpaired_labels_total") == 0


def test_labels_without_an_answer_of_the_challenger_are_counted_as_such(
    package: Package, tmp_path: Path
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with serving(package, tmp_path, url) as server:
        token = server.predict([ROW]).json["predictions"][0]["token"]
        body = json.dumps([{"token": token, "actual": "Ideal"}]).encode()
        assert server.request("POST", "/feedback", body).json["accepted"] == 1
        assert server.metric("model_shadow_unpaired_labels_total") == 1
        assert server.metric(PAIRS) == 0
        assert server.metric("model_feedback_total", slice="__all__") == 1


def test_a_server_without_a_shadow_has_no_process_and_no_series_for_one(
    package: Package, tmp_path: Path
) -> None:
    server = start(package, tmp_path, MODEL_NATIVE="lazy")
    try:
        wait_ready(server)
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        names = {Path(f"/proc/{p}/comm").read_text() for p in children.read_text().split()}
        assert not any(name.startswith("shadow") for name in names)
        assert b"model_shadow" not in server.get("/metrics").body
    finally:
        server.stop()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"MODEL_SHADOW": "challenger:3000"}, "MODEL_SHADOW: expected http://host:port"),
        ({"MODEL_SHADOW_SHARE": "0.1"}, "MODEL_SHADOW_SHARE: expected MODEL_SHADOW to be set"),
        (
            {"MODEL_SHADOW": "http://a", "MODEL_SHADOW_SHARE": "2"},
            "MODEL_SHADOW_SHARE: expected a number from 0 to 1, got '2'",
        ),
    ],
)
def test_a_bad_setting_is_refused_at_start_by_name(
    package: Package, tmp_path: Path, variables: dict[str, str], message: str
) -> None:
    server = start(package, tmp_path, **variables)
    assert server.process.wait(60) == 2
    assert message in server.log.read_text()
