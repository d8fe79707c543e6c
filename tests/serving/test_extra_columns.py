"""Columns unknown to the model, over every protocol: ignored and counted, or refused by name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from serving_helpers import Package, Reply, Server

from packager.client import Client
from packager.errors import UsageError

pytestmark = pytest.mark.server

ROWS = [{"carat": 0.5, "color": "E", "tables": 55}, {"carat": 2.5, "color": "D", "tables": 51}]
TARGET = {"cut": "no class at all"}
SLICED = {"shop": ["of", "another", "kind"]}
ORDER = {"order": {"id": 7, "of": [None, "x"]}}
JSON = "application/json"
PROTOCOLS = ("predict", "v2", "split", "records", "inputs", "instances", "csv")


@pytest.fixture(scope="module")
def refusing(package: Package, start_shared: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    root = tmp_path_factory.mktemp("refusing") / "root"
    shutil.copytree(package.root, root)
    serve = package.manifest.serve.model_copy(update={"extra_columns": "refuse"})
    manifest = package.manifest.model_copy(update={"serve": serve})
    return start_shared(replace(package, root=root, manifest=manifest), MODEL_WORKERS="1")


def ask(server: Server, protocol: str, rows: list[dict[str, Any]]) -> Reply:
    names = list(rows[0])
    cells = [list(row.values()) for row in rows]
    match protocol:
        case "predict":
            path, body = "/predict", {"rows": rows}
        case "v2":
            path, body = "/v2/models/diamonds/infer", {"inputs": [_tensor(n, rows) for n in names]}
        case "split":
            path, body = "/invocations", {"dataframe_split": {"columns": names, "data": cells}}
        case "records":
            path, body = "/invocations", {"dataframe_records": rows}
        case "inputs":
            columns = {name: [row[name] for row in rows] for name in names}
            path, body = "/invocations", {"inputs": columns}
        case "instances":
            path, body = "/invocations", {"instances": rows}
        case _:
            text = pd.DataFrame(rows).to_csv(index=False).encode()
            return server.request("POST", "/invocations", text, "text/csv")
    return server.request("POST", path, json.dumps(body).encode(), JSON)


def _tensor(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = {"carat": "FP64", "tables": "INT64"}
    values = [row[name] for row in rows]
    data = values if name in ROWS[0] else [json.dumps(value) for value in values]
    kind = kinds.get(name, "BYTES")
    return {"name": name, "shape": [len(rows)], "datatype": kind, "data": data}


def labels(reply: Reply) -> list[Any]:
    assert reply.status == 200, reply.body
    found = reply.json
    if "outputs" in found:
        return list(found["outputs"][0]["data"])
    return [one["prediction"] if isinstance(one, dict) else one for one in found["predictions"]]


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("more", [TARGET, SLICED, ORDER, TARGET | SLICED | ORDER])
def test_the_answer_is_that_without_them(
    server: Server, protocol: str, more: dict[str, Any]
) -> None:
    expected = labels(ask(server, protocol, ROWS))
    assert labels(ask(server, protocol, [{**row, **more} for row in ROWS])) == expected
    assert labels(ask(server, protocol, [{**more, **ROWS[0]}])) == expected[:1]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_they_are_counted_but_for_the_target(server: Server, protocol: str) -> None:
    def counted() -> float:
        return server.metric("model_extra_columns_total")

    before = counted()
    labels(ask(server, protocol, [{**row, **TARGET, **SLICED} for row in ROWS]))
    server.predict(ROWS)  # so that what came before is waited for
    assert counted() == before
    labels(ask(server, protocol, [{**row, **ORDER, "second": 1} for row in ROWS]))
    server.predict(ROWS)
    assert counted() == before + 2


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_they_are_refused_by_name_where_that_is_wanted(refusing: Server, protocol: str) -> None:
    known = {**TARGET, **SLICED}
    assert len(labels(ask(refusing, protocol, [{**row, **known} for row in ROWS]))) == 2
    reply = ask(refusing, protocol, [{**row, **ORDER} for row in ROWS])
    assert reply.status == 422
    assert 'row 0, column "order": expected only columns that the model knows' in _told(reply)


def _told(reply: Reply) -> str:
    found = reply.json
    error = found.get("error", found)
    return error if isinstance(error, str) else str(error["message"])


def test_the_client_sends_them_and_gets_the_error(server: Server, refusing: Server) -> None:
    rows = [{**row, **TARGET, "order": object()} for row in ROWS]
    with Client(f"http://127.0.0.1:{server.port}") as client:
        assert len(client.predict(rows)) == 2
        assert len(client.predict(pd.DataFrame(rows))) == 2
    with Client(f"http://127.0.0.1:{refusing.port}") as client:
        with pytest.raises(UsageError, match='row 0, column "order": expected only columns'):
            client.predict(rows)
        assert len(client.predict([{**row, **TARGET} for row in ROWS])) == 2


def test_the_documents_say_so(server: Server, refusing: Server) -> None:
    def row(of: Server) -> Any:
        return of.get("/docs.json").json["components"]["schemas"]["Row"]

    assert row(server)["additionalProperties"] is True
    assert row(refusing)["additionalProperties"] is False
    assert "cut" in row(refusing)["properties"]


def test_the_manifest_names_the_choice(package: Package, tmp_path: Path) -> None:
    assert json.loads(package.manifest.dump())["serve"]["extra_columns"] == "ignore"
