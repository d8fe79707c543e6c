"""A row goes into the form and comes back from a browser unchanged, whatever the schema."""

from __future__ import annotations

import base64
import datetime as dt
import math
from typing import Any

import pytest
from html_forms import SentForm
from hypothesis import given
from hypothesis import strategies as st
from tried_packages import EXTRAS, FEATURES, ROW

from packager.manifest.base import Scalar
from packager.manifest.manifest import Column, Schema
from serving.http.messages import RequestError
from serving.protocols.form_parts import FormPart, read_form
from serving.try_page.controls import Control, controls_of
from serving.try_page.entries import FieldEntry, Fields, entry_of, row_of, sent_entries
from serving.try_page.form import form_html
from serving.try_page.inputs import InputState

TYPE = "multipart/form-data; boundary=XX"
TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=12)


def returned(schema: Schema, row: dict[str, Any], *, strict: bool = False) -> dict[str, Any]:
    """``row`` after it has been shown by a browser and sent again."""
    controls = controls_of(schema, strict=strict)
    states = [(control, InputState(entry_of(control, row))) for control in controls]
    page = SentForm(form_html(states, "1", counted=True))
    parts = read_form(page.body(), TYPE, 10_000)
    return row_of(controls, sent_entries(controls, {part.name: part for part in parts}))


def as_bytes(row: dict[str, Any], schema: Schema) -> dict[str, Any]:
    """A JSON row with its base64 decoded."""
    names = {column.name for column in schema.features if column.kind == "bytes"}
    return {
        name: base64.b64decode(cell) if name in names and cell is not None else cell
        for name, cell in row.items()
    }


def column(name: str, kind: Any, dtype: str, **more: Any) -> Column:
    return Column(name=name, kind=kind, dtype=dtype, **{"nullable": True, **more})


def columns_and_values() -> st.SearchStrategy[tuple[Column, Any]]:
    """A column of any kind with a value that a request may hold."""
    finite = st.floats(allow_nan=False, allow_infinity=False)
    label: st.SearchStrategy[Scalar] = TEXT | st.integers() | st.booleans()
    encoded = st.binary(max_size=40).map(lambda found: base64.b64encode(found).decode())
    decimals = st.decimals(allow_nan=False, allow_infinity=False).map(str)
    two = st.lists(finite, min_size=2, max_size=2)
    kinds: list[tuple[Column, st.SearchStrategy[Any]]] = [
        (column("a", "number", "float64"), finite | st.integers()),
        (column("a", "integer", "int64"), st.integers()),
        (column("a", "boolean", "bool"), st.booleans()),
        (column("a", "string", "str"), TEXT),
        (column("a", "any", "object"), label | finite),
        (column("a", "date", "object"), st.dates().map(str)),
        (column("a", "time", "object"), st.times().map(str)),
        (column("a", "decimal", "object"), decimals),
        (column("a", "datetime", "datetime64[us]"), st.datetimes().map(dt.datetime.isoformat)),
        (column("a", "datetime", "datetime64[ns, UTC]"), st.just("2024-01-31T10:00:00+01:00")),
        (column("a", "bytes", "object"), encoded),
        (column("a", "array", "object", shape=(2,), element="float32"), two),
        (column("a", "list", "object", element="string"), st.lists(TEXT | st.none(), max_size=3)),
    ]  # fmt: skip
    plain = st.one_of([st.tuples(st.just(one), values | st.none()) for one, values in kinds])
    chosen = st.lists(TEXT, min_size=1, max_size=5, unique=True).flatmap(
        lambda known: st.tuples(
            st.just(column("a", "string", "str", categories=tuple(known))),
            st.sampled_from(known) | TEXT.filter(_may_be_typed) | st.none(),
        )
    )
    numbers = st.lists(st.integers(), min_size=1, max_size=5, unique=True).flatmap(
        lambda known: st.tuples(
            st.just(column("a", "integer", "int64", categories=tuple(known))),
            st.sampled_from(known) | st.integers() | st.none(),
        )
    )
    return plain | chosen | numbers


def _may_be_typed(text: str) -> bool:
    return bool(text) and not set(text) & set("\n\r")


@given(st.lists(columns_and_values(), min_size=1, max_size=5), st.booleans(), TEXT)
def test_every_value_comes_back(pairs: list[tuple[Column, Any]], strict: bool, suffix: str) -> None:
    columns = [
        one.model_copy(update={"name": f"{at}{suffix}"}) for at, (one, _) in enumerate(pairs)
    ]
    schema = Schema(features=tuple(columns))
    row = {one.name: value for one, (_, value) in zip(columns, pairs, strict=True)}
    if strict:  # a closed choice has no place for other values
        row = {
            one.name: value
            for one, value in zip(columns, row.values(), strict=True)
            if one.categories is None or value in one.categories or value is None
        }
    found = returned(schema, row, strict=strict)
    for name, value in as_bytes(row, schema).items():
        got = found[name]
        if isinstance(value, float) and isinstance(got, int | float):
            assert math.isclose(got, value, rel_tol=0, abs_tol=0)
        else:
            assert got == value, (name, value)
            assert isinstance(got, bool) == isinstance(value, bool)


def test_columns_that_are_left_out_stay_so() -> None:
    schema = Schema(features=FEATURES, extras=EXTRAS)
    assert returned(schema, ROW) == {**as_bytes(ROW, schema), "shop": None}
    given_rate = {**ROW, "rate": 0.25, "shop": "south"}
    assert returned(schema, given_rate) == as_bytes(given_rate, schema)


def control(name: str) -> Control:
    (found,) = [
        one
        for one in controls_of(Schema(features=FEATURES), strict=False)
        if one.column.name == name
    ]
    return found


def sent(name: str, **fields: str | bytes) -> Any:
    """The value of a control for fields by the part of their name."""
    own = control(name)
    made: Fields = {
        own.field("" if part == "value" else part): FormPart(
            "", text if isinstance(text, bytes) else text.encode(), isinstance(text, bytes)
        )
        for part, text in fields.items()
    }
    return row_of([own], sent_entries([own], made)).get(name, "left out")


def test_what_a_user_types_is_read_by_the_kind_of_the_column() -> None:
    assert sent("number", value="1e3") == 1000.0
    assert sent("number", value="old") == "old"  # refused later, with JSON's message
    assert sent("number", value="") is None
    assert sent("flag") is False
    assert sent("flag", value="true") is True
    assert sent("flag", value="true", null="on") is None
    assert sent("colour", value='"red"') == "red"
    assert sent("colour", value='"red"', other="green") == "green"
    assert sent("colour", value="") is None
    assert sent("many", value="") == ""
    assert sent("many", value="", null="on") is None
    assert sent("anything", value="5") == 5
    assert sent("anything", value="five") == "five"
    assert sent("anything", value="NaN") == "NaN"
    assert sent("pixels", value="[[1, 2], [3, 4]]") == [[1, 2], [3, 4]]
    assert sent("rate", value="2", omit="on") == "left out"
    assert sent("rate", value="2") == 2
    assert sent("words", value="a\r\nb") == "a\nb"


def test_a_chosen_file_replaces_the_kept_one() -> None:
    kept = base64.b64encode(b"old").decode()
    assert sent("picture", kept=kept) == b"old"
    assert sent("picture", kept=kept, value=b"new") == b"new"
    assert sent("picture", kept=kept, null="on") is None
    assert sent("picture", value=b"") == b""
    with pytest.raises(RequestError) as caught:
        sent("picture", kept="?")
    assert (caught.value.status, caught.value.details["column"]) == (422, "picture")


def test_text_that_is_not_utf_8_is_refused_by_its_column() -> None:
    with pytest.raises(RequestError) as caught:
        sent("number", value=b"\xff")
    assert (caught.value.status, caught.value.details["column"]) == (422, "number")


def test_an_entry_without_an_example_is_empty() -> None:
    assert entry_of(control("number"), {}) == FieldEntry()
    assert entry_of(control("many"), {}) == FieldEntry(null=True)
    assert entry_of(control("rate"), {}) == FieldEntry(omitted=True)
