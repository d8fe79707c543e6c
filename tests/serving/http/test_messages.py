from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_helpers import diamonds, diamonds_schema, make_manifest

from packager.manifest.evaluation import Golden
from serving.http import messages
from serving.http.messages import RequestError

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


def refused(body: bytes) -> RequestError:
    with pytest.raises(RequestError) as caught:
        messages.parse_rows(body)
    return caught.value


def test_rows_are_the_objects_sent() -> None:
    body = b'{"rows": [{"carat": 0.3, "color": "E"}, {}]}'
    assert messages.parse_rows(body) == [{"carat": 0.3, "color": "E"}, {}]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"carat=1",
        '{"rows": []}'.encode("utf-16"),
        b'{"rows": ["\xff"]}',
        b"[" * 100_000,
        b'{"rows": [{"carat": ' + b"1" * 5_000 + b"}]}",
    ],
)
def test_what_is_not_json_is_400(body: bytes) -> None:
    error = refused(body)
    assert (error.status, error.code) == (400, "unreadable_json")
    assert error.message.startswith("the body is not JSON: ")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "the body is not an object"),
        (None, "the body is not an object"),
        ({}, "'rows' is missing"),
        ({"row": []}, "'rows' is missing"),
        ({"rows": [{}], "id": 1}, "'id' is not allowed with 'rows'"),
        ({"rows": {}}, "'rows' is not a list"),
        ({"rows": []}, "'rows' is empty"),
        ({"rows": [{}, 1]}, "row 1 is not an object"),
        ({"rows": [[1, 2]]}, "row 0 is not an object"),
    ],
)
def test_json_of_another_form_is_422(document: Any, message: str) -> None:
    error = refused(json.dumps(document).encode())
    assert (error.status, error.code, error.message) == (422, "malformed_request", message)


def test_an_error_names_the_row_and_leaves_out_what_is_absent() -> None:
    body = json.loads(refused(b'{"rows": [{}, 1]}').response().body)
    assert body == {
        "error": {
            "code": "malformed_request",
            "message": "row 1 is not an object",
            "row": 1,
            "expected": "an object",
            "got": "1",
        }
    }


@pytest.mark.slow
@given(st.one_of(st.binary(), JSON.map(lambda value: json.dumps({"rows": value}).encode())))
def test_any_body_is_rows_or_a_named_error(body: bytes) -> None:
    try:
        rows = messages.parse_rows(body)
    except RequestError as error:
        assert error.status in (400, 422)  # noqa: PT017
        json.loads(error.response().body)
    else:
        assert rows
        assert all(isinstance(row, dict) for row in rows)


def test_answers_are_ascii_whatever_the_labels() -> None:
    body = messages.encode({"prediction": "\ud800é"})
    assert json.loads(body.decode("ascii")) == {"prediction": "\ud800é"}


def test_the_schema_tells_inputs_output_and_a_row_to_try() -> None:
    manifest = make_manifest(diamonds_schema(diamonds()))
    row = {"carat": 0.5, "color": "E", "tables": 55}
    document = messages.schema_document(manifest, Golden(rows=(row,), expected=()))
    assert document["version"] == manifest.tag
    assert document["classes"] == ["Fair", "Good", "Ideal"]
    assert document["target"] == "cut"
    assert [column["name"] for column in document["extras"]] == ["shop"]
    assert document["features"][1] == {
        "name": "color",
        "kind": "string",
        "nullable": False,
        "categories": ["D", "E", "F", "G"],
    }
    assert document["example"] == {"rows": [row]}
    assert "example" not in messages.schema_document(manifest, None)
