"""Requests beyond a bound are refused with its name by every protocol, in a short error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from serving_helpers import diamonds, diamonds_schema, make_manifest

from packager.data.rows.column_converter import RowError
from packager.data.rows.extra_columns import ExtraColumns
from packager.data.rows.request_rows import check_rows
from packager.manifest.manifest import Column, Schema
from serving.feedback.endpoint import parse_labels
from serving.http import messages
from serving.http.limits import MAX_LABELS, Budget
from serving.http.messages import RequestError
from serving.protocols import v2
from serving.protocols.invocations import Invocations
from serving.protocols.predict import MAX_ROWS_AT_ONCE, PredictProtocol
from serving.protocols.protocol import ScoredRows
from serving.protocols.registry import refusal

MANIFEST = make_manifest(diamonds_schema(diamonds()))


TIGHT = Budget(values=100)


LONG = "n" * 1_000_000


def invoked(body: bytes, kind: bytes = b"application/json", budget: Budget = Budget()) -> Any:
    return Invocations(MANIFEST, budget).rows(body, {b"content-type": kind})[0]


def inferred(document: Any, budget: Budget = Budget(), **headers: str) -> Any:
    sent = {name.replace("_", "-").encode(): text.encode() for name, text in headers.items()}
    return v2.Infer(MANIFEST, budget).rows(json.dumps(document).encode(), sent)


def tensor(name: str = "carat", rows: int = 1, **more: Any) -> dict[str, Any]:
    return {"name": name, "shape": [rows], "datatype": "FP64", "data": [0.5] * rows, **more}


def refused(call: Any, *given: Any, **named: Any) -> RequestError:
    with pytest.raises(RequestError) as caught:
        call(*given, **named)
    answer = refusal("/invocations", caught.value)
    assert len(answer.body) < 4_000
    assert len(caught.value.response().body) < 8_000
    return caught.value


def test_too_many_values_are_413_over_every_protocol() -> None:
    rows = b"[" + b'{"carat":1},' * 50 + b"{}]"
    csv = b"carat\n" + b"1\n" * 50
    for error in (
        refused(messages.parse_rows, b'{"rows":%s}' % rows, TIGHT),
        refused(invoked, b'{"instances":%s}' % rows, budget=TIGHT),
        refused(invoked, csv, b"text/csv", TIGHT),
        refused(inferred, {"inputs": [tensor(rows=101)]}, TIGHT),
        refused(parse_labels, b"[" + b"1," * (10 * MAX_LABELS) + b"1]"),
    ):
        assert (error.status, error.code) == (413, "too_large")
        assert "values" in error.message
        assert str(error.details["expected"]).startswith("at most ")


def test_raw_elements_are_counted_before_they_are_read() -> None:
    entry = tensor(shape=[101], parameters={"binary_data_size": 101}, datatype="BOOL")
    del entry["data"]
    head = json.dumps({"inputs": [entry]}).encode()
    sent = {b"inference-header-content-length": b"%d" % len(head)}
    error = refused(v2.Infer(MANIFEST, TIGHT).rows, head + b"\1" * 101, sent)
    assert (error.status, error.message) == (413, "the request has 101 rows")


def test_columns_that_are_ignored_cost_their_rows() -> None:
    inputs = [tensor(rows=8), *(tensor(f"x{place}", 1) for place in range(13))]
    assert refused(inferred, {"inputs": inputs}, TIGHT).status == 413
    assert len(inferred({"inputs": inputs[:9]}, TIGHT)[0]) == 8


def test_rows_of_one_byte_each_are_refused_before_they_are_made() -> None:
    for name in ("x", "carat"):
        error = refused(inferred, {"inputs": [tensor(name, rows=13)]}, TIGHT)
        assert (error.status, error.message) == (413, "the request has 13 rows")
    assert len(inferred({"inputs": [tensor(rows=12)]}, TIGHT)[0]) == 12


@pytest.mark.parametrize("shape", [[10**12, 0], [10**30, 1], [int("9" * 4_000), int("9" * 4_000)]])
def test_a_shape_of_more_than_any_body_holds_is_the_clients_mistake(shape: list[int]) -> None:
    entry = tensor("x", shape=shape, data=[])
    assert refused(inferred, {"inputs": [entry]}).status in (413, 422)
    assert refused(inferred, {"inputs": [tensor("x", shape=[0]), entry]}).status in (413, 422)


def test_an_output_is_named_once_and_an_id_is_short() -> None:
    twice = {"inputs": [tensor()], "outputs": [{"name": "flags"}] * 2}
    error = refused(inferred, twice)
    assert (error.status, error.message) == (422, "duplicate output 'flags'")
    assert refused(inferred, {**twice, "outputs": [{"name": "flags"}] * 9_999}).status == 422
    assert "'id' is too long" in refused(inferred, {"id": "x" * 1_001, "inputs": []}).message


@pytest.mark.parametrize("length", ["9" * 5_000, "9" * 20, "\u00b2"])
def test_a_json_length_that_is_no_length_is_422(length: str) -> None:
    error = refused(inferred, {}, inference_header_content_length=length)
    assert error.status == 422


def test_names_and_values_are_cut_where_an_error_repeats_them() -> None:
    for error in (
        refused(inferred, {"inputs": [tensor(LONG), tensor(LONG)]}),
        refused(inferred, {"inputs": [tensor(data=LONG)]}),
        refused(inferred, {"inputs": [tensor(data=[LONG])]}),
        refused(inferred, {"inputs": [tensor()], "outputs": [{"name": LONG}]}),
        refused(invoked, json.dumps({"instances": [], LONG: 1}).encode()),
        refused(invoked, json.dumps({"inputs": {LONG: 1}}).encode()),
        refused(invoked, b"1", LONG.encode()),
        refused(messages.parse_rows, json.dumps({"rows": [], LONG: 1}).encode()),
        refused(messages.parse_rows, json.dumps({"rows": LONG}).encode()),
    ):
        assert error.status in (400, 422)
        assert len(error.message) <= 1_000


@pytest.mark.slow
def test_an_unknown_column_is_compared_with_few_and_shown_cut() -> None:
    columns = tuple(
        Column(name=f"column {place}", kind="number", dtype="float64", nullable=True)
        for place in range(5_000)
    )
    row = {**dict.fromkeys((column.name for column in columns), 1.0), LONG: 1}
    with pytest.raises(RowError) as caught:
        check_rows([row], Schema(features=columns), extra=ExtraColumns(refuse=True))
    answer = RequestError.of_row(caught.value).response().body
    assert len(answer) < 4_000
    assert b"and 4,980 more" in answer


def test_an_answer_in_parts_has_the_bytes_of_one_in_one_piece() -> None:
    rows = 2 * MAX_ROWS_AT_ONCE + 7
    checked = check_rows([{"carat": None}] * rows, Schema(features=(CARAT,)))
    labels = ["a", "\ud800", "é"] * (rows // 3) + ["b"] * (rows % 3)
    scored = ScoredRows(checked, labels, [[0.25, 0.75]] * rows, ("a", "b"), None)
    (whole, _) = PredictProtocol("1").body(None, scored)
    answers = PredictProtocol("1")._many(scored, slice(rows))
    assert json.loads(whole) == {"version": "1", "predictions": answers}


CARAT = Column(name="carat", kind="number", dtype="float64", nullable=True)


@pytest.mark.slow
@given(
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=9) | st.dictionaries(st.text(), inner, max_size=4),
    )
)
def test_json_written_in_parts_has_the_bytes_of_json_in_one_piece(document: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "PART_ELEMENTS", 2)
        assert messages.encode_in_parts(document) == messages.encode(document)
