"""``/invocations`` and ``/ping`` as clients of MLflow and SageMaker use them."""

from __future__ import annotations

import http.client
import json
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_helpers import Package, Server, diamonds, diamonds_schema, make_manifest

from packager.manifest.manifest import Column, Schema
from serving.http.messages import RequestError
from serving.protocols.invocations import Invocations

FEATURES = ["carat", "color", "tables"]
ROWS = [{"carat": 0.5, "color": "E", "tables": 55}, {"carat": None, "color": "D", "tables": 50}]
INVOCATIONS = Invocations(make_manifest(diamonds_schema(diamonds())))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


def rows(body: Any, kind: str = "application/json") -> list[dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return INVOCATIONS.rows(raw, {b"content-type": kind.encode()})[0]


def refused(body: Any, kind: str = "application/json") -> RequestError:
    with pytest.raises(RequestError) as caught:
        rows(body, kind)
    return caught.value


def send(server: Server, body: bytes, kind: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/invocations", body, {"Content-Type": kind})
    answer = connection.getresponse()
    found = answer.status, json.loads(answer.read())
    connection.close()
    return found


def asked(server: Server, body: bytes, kind: str, accept: str) -> tuple[int, str | None, list[str]]:
    """Status, content type and lines of the answer to a request with ``Accept``."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("POST", "/invocations", body, {"Content-Type": kind, "Accept": accept})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, answer.headers["content-type"], text.splitlines()


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": pd.DataFrame(ROWS).to_dict("split")},
        {"dataframe_split": json.loads(pd.DataFrame(ROWS).to_json(orient="split"))},
        {"dataframe_records": ROWS},
        {"dataframe_records": pd.DataFrame(ROWS).to_dict("records"), "params": {}},
        {"inputs": pd.DataFrame(ROWS).to_dict("list")},
        {"inputs": ROWS},
        {"inputs": [list(row.values()) for row in ROWS]},
        {"instances": ROWS},
        {"instances": [list(row.values()) for row in ROWS], "params": None},
        {"instances": ROWS, "parameters": {}},
    ],
)
def test_every_form_gives_the_same_rows(body: Any) -> None:
    assert rows(body) == ROWS


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("carat,color,tables\n0.5,E,55\n,D,50\n", "text/csv"),
        ("tables,color,carat\r\n55,E,0.5\r\n\r\n50,D,NaN\r\n", "text/csv; charset=utf-8"),
        ("\ufeffcarat,color,tables\n0.5,E,55\n,D,50", "Text/CSV; header=present"),
        ("0.5,E,55\n,D,50\n", "text/csv"),
        ('0.5,"E",55\n,D,50\n', "text/csv; header=absent"),
        (
            '{"carat": 0.5, "color": "E", "tables": 55}\n'
            '{"color": "D", "carat": null, "tables": 50}',
            "application/jsonlines",
        ),
        ('{"features": [0.5, "E", 55]}\r\n\n[NaN, "D", 50]\n', "application/x-ndjson"),
    ],
)
def test_lines_with_and_without_names_give_the_same_rows(text: str, kind: str) -> None:
    assert rows(text.encode(), kind) == ROWS


def test_a_value_that_is_a_column_s_name_is_no_header() -> None:
    assert rows(b"0.5,color,55\n,D,50\n", "text/csv")[0]["color"] == "color"
    assert rows(b"carat,shop,id,more\n0.5,a,1,2\n", "text/csv") == [
        {"carat": 0.5, "shop": "a", "id": "1", "more": "2"}
    ]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b"", 422, "there are no rows"),
        (b"[0.5]\n", 422, "row 0 is not a list of 3 values"),
        (b'[0.5, "E", 55]\n1\n', 422, "row 1 is not a list of 3 values"),
        (b'{}\n{"carat": 1', 400, "row 1: the body is not JSON: "),
        (b"[\n]\n", 400, "row 0: the body is not JSON: "),
        (b"1\n" * 200_000, 413, "the request has about 1000000 values"),
    ],
)
def test_lines_that_are_no_rows(body: bytes, status: int, message: str) -> None:
    error = refused(body, "application/jsonlines")
    assert (error.status, error.message[: len(message)]) == (status, message)


def test_a_header_is_what_the_content_type_says() -> None:
    assert rows(b"color,color,1\n", "text/csv; header=absent")[0]["carat"] == "color"
    assert refused(b"0.5,E,55\n", "text/csv; header=present").message == "there are no rows"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ([], "the body is not an object"),
        ({}, "the body must have exactly one form of rows"),
        ({"rows": ROWS}, "the body must have exactly one form of rows"),
        ({"inputs": ROWS, "instances": ROWS}, "the body must have exactly one form of rows"),
        ({"inputs": ROWS, "params": {"a": 1}}, "this model takes no params"),
        ({"instances": ROWS, "parameters": {"a": 1}}, "this model takes no parameters"),
        ({"inputs": ROWS, "id": 1}, "'id' is not allowed with 'inputs'"),
        ({"inputs": []}, "there are no rows"),
        ({"inputs": {}}, "there are no rows"),
        ({"inputs": {"a": 1}}, "'inputs': a column is not a list"),
        ({"inputs": {"a": [1], "b": []}}, "'inputs': columns differ in length"),
        ({"inputs": 1}, "the instances are not a list"),
        ({"instances": [{}, 1]}, "row 1 is not an object"),
        ({"instances": [[1, "E", 2], {}]}, "row 1 is not a list of 3 values"),
        ({"instances": [[1, "E"]]}, "row 0 is not a list of 3 values"),
        ({"dataframe_records": {}}, "the rows are not a list of objects"),
        ({"dataframe_split": []}, "'dataframe_split'"),
        ({"dataframe_split": {"columns": [1], "data": []}}, "'dataframe_split': columns"),
        ({"dataframe_split": {"columns": ["a", "a"], "data": []}}, "duplicate column"),
        ({"dataframe_split": {"columns": ["a"], "data": [[]]}}, "row 0 is not a list of 1 values"),
    ],
)
def test_json_of_another_form_is_422(body: Any, message: str) -> None:
    error = refused(body)
    assert (error.status, error.message) == (422, message)


def test_what_cannot_be_read_is_400_and_so_is_another_content_type() -> None:
    assert refused(b"{").status == 400
    assert refused(b"[" * 100_000).status == 400
    assert refused(b"\xff", "text/csv").status == 400
    assert refused(b'"' + b"x" * 200_000, "text/csv").status == 400
    error = refused(b"", "application/x-www-form-urlencoded")
    assert (error.status, error.details["got"]) == (400, "application/x-www-form-urlencoded")


@pytest.mark.slow
@given(
    st.one_of(
        JSON,
        st.fixed_dictionaries({"dataframe_split": JSON}),
        st.fixed_dictionaries({"inputs": st.dictionaries(st.text(), JSON)}),
        st.fixed_dictionaries({"instances": st.lists(JSON)}),
    )
)
def test_any_json_is_rows_or_a_named_error(body: Any) -> None:
    try:
        found = rows(body)
    except RequestError as error:
        assert error.status in (400, 422)  # noqa: PT017
        json.loads(error.response().body)
    else:
        assert found
        assert all(isinstance(row, dict) for row in found)


@given(st.one_of(st.binary(), st.text().map(str.encode)), st.binary())
def test_any_bytes_are_rows_or_a_named_error(body: bytes, kind: bytes) -> None:
    for given_kind in (b"text/csv", b"application/jsonlines", kind):
        try:
            found, _ = INVOCATIONS.rows(body, {b"content-type": given_kind})
        except RequestError as error:
            assert error.status in (400, 422)  # noqa: PT017
        else:
            assert found


@pytest.mark.server
def test_answers_are_the_models_labels(server: Server, package: Package) -> None:
    frame = package.frame[FEATURES].head(120)
    labels = package.model.predict(frame).tolist()
    split = json.dumps({"dataframe_split": frame.to_dict("split")}).encode()  # with NaN in it
    assert send(server, split, "application/json") == (200, {"predictions": labels})
    table = frame.to_csv(index=False).encode()
    assert send(server, table, "text/csv") == (200, {"predictions": labels})
    lines = frame.to_csv(index=False, header=False).encode()
    assert asked(server, lines, "text/csv", "text/csv") == (200, "text/csv", [*labels])
    objects = frame.to_json(orient="records", lines=True).encode()
    status, kind, found = asked(server, objects, "application/jsonlines", "application/jsonlines")
    assert (status, kind) == (200, "application/jsonlines")
    assert [json.loads(line) for line in found] == [{"prediction": label} for label in labels]


@pytest.mark.server
def test_errors_have_mlflows_form(server: Server) -> None:
    status, body = send(server, b'{"instances": [[0.5, 5, 55]]}', "application/json")
    assert status == 422
    assert body == {
        "error_code": "BAD_REQUEST",
        "message": 'row 0, column "color": expected text, got 5; send text in quotes',
    }
    assert send(server, b"{", "application/json")[0] == 400
    assert send(server, b"", "text/xml")[1]["message"].endswith(
        "expected application/json, text/csv or application/jsonlines, got text/xml"
    )
    reply = server.get("/invocations")
    assert (reply.status, reply.headers["allow"]) == (405, "POST, OPTIONS")
    assert reply.json["error_code"] == "ENDPOINT_NOT_FOUND"


@pytest.mark.server
def test_a_row_on_which_a_sound_model_raises_is_refused_by_number(failing_server: Server) -> None:
    status, body = send(failing_server, b'{"instances": [[1]]}', "application/json")
    assert (status, body["error_code"]) == (422, "BAD_REQUEST")
    assert body["message"].startswith("row 0")


@pytest.mark.server
def test_ping_is_answered(server: Server) -> None:
    assert server.get("/ping").status == 200


PIXELS = Column(
    name="pixels", kind="array", dtype="object", nullable=True, shape=(1, 2), element="uint8"
)
PICTURE = Column(name="picture", kind="bytes", dtype="object", nullable=True)
TAGS = Column(name="tags", kind="list", dtype="object", nullable=True, element="string")


def adapter(*features: Column) -> Invocations:
    return Invocations(make_manifest(Schema(features=features)))


def rows_of(made: Invocations, body: Any, kind: str = "application/json") -> list[dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return made.rows(raw, {b"content-type": kind.encode()})[0]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["pixels", "picture"], "data": [[[[1, 2]], "QQ=="]]}},
        {"dataframe_records": [{"pixels": [[1, 2]], "picture": {"b64": "QQ=="}}]},
        {"inputs": {"pixels": [[[1, 2]]], "picture": ["QQ=="]}},
        {"instances": [[[[1, 2]], {"b64": "QQ=="}]]},
        {"instances": [{"pixels": [[1, 2]], "picture": {"b64": "QQ=="}}]},
    ],
)
def test_arrays_are_nested_lists_and_bytes_base64_in_every_form(body: Any) -> None:
    found = rows_of(adapter(PIXELS, PICTURE), body)
    assert found == [{"pixels": [[1, 2]], "picture": "QQ=="}]


@pytest.mark.parametrize("form", ["inputs", "instances"])
@pytest.mark.parametrize(
    ("column", "value"),
    [(PIXELS, [[1, 2]]), (TAGS, ["a", "b"]), (TAGS, []), (PICTURE, {"b64": "QQ=="})],
)
def test_an_instance_may_be_the_value_of_the_only_feature(
    form: str, column: Column, value: Any
) -> None:
    expected = [{column.name: "QQ==" if column is PICTURE else value}] * 2
    made = adapter(column)
    assert rows_of(made, {form: [value, value]}) == expected
    assert rows_of(made, {form: [{column.name: value}] * 2}) == expected
    if value:
        assert rows_of(made, {form: [[value], [value]]}) == expected


def test_cells_of_csv_are_json_for_arrays_and_lists_and_base64_for_bytes() -> None:
    text = b'pixels,picture,tags\n"[[1, 2]]",QQ==,"[""a""]"\n,,\n"[[1,",QQ,a\n'
    found = rows_of(adapter(PIXELS, PICTURE, TAGS), text, "text/csv")
    assert found == [
        {"pixels": [[1, 2]], "picture": "QQ==", "tags": ["a"]},
        {"pixels": None, "picture": None, "tags": None},
        {"pixels": "[[1,", "picture": "QQ", "tags": "a"},
    ]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"dataframe_records": [{"day": "2024-01-31", "price": "12.30"}]}, "application/json"),
        ({"inputs": {"day": ["2024-01-31"], "price": ["12.30"]}}, "application/json"),
        (b"day,price\n2024-01-31,12.30\n", "text/csv; header=present"),
    ],
)
def test_dates_and_decimals_are_text_in_every_form(body: Any, kind: str) -> None:
    columns = [
        Column(name="day", kind="date", dtype="object", nullable=True),
        Column(name="price", kind="decimal", dtype="object", nullable=True),
    ]
    assert rows_of(adapter(*columns), body, kind) == [{"day": "2024-01-31", "price": "12.30"}]
