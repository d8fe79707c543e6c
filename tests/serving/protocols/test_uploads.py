"""Forms and files become the rows that JSON would be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upload_samples import FEATURES, IMAGE, PNG, ROW, TEXTS

from packager.data.rows.request_rows import RowChecker, RowError
from packager.manifest.manifest import Column, Schema
from serving.http.limits import Budget
from serving.http.messages import RequestError
from serving.protocols.predict import PredictProtocol
from serving.protocols.uploads import UploadProtocol, Uploads, may_be_upload, rows_as_json

FORM = b"multipart/form-data; boundary=XX"
BACK = IMAGE.model_copy(update={"name": "back"})


def uploads(*features: Column, values: int = 1_000) -> Uploads:
    budget = Budget(values=values)
    return Uploads(Schema(features=features or FEATURES), PredictProtocol("1", budget), budget)


def protocol(made: Uploads, content_type: bytes, query: bytes = b"") -> UploadProtocol | None:
    return made.protocol({b"content-type": content_type}, query)


def form(*fields: tuple[str, bytes | str]) -> bytes:
    parts = [
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode()
        + (content if isinstance(content, bytes) else content.encode())
        + b"\r\n"
        for name, content in fields
    ]
    return b"".join([*parts, b"--XX--\r\n"])


def rows(body: bytes, *features: Column, kind: bytes = FORM, query: bytes = b"") -> list[Any]:
    found = protocol(uploads(*features), kind, query)
    assert found is not None
    return found.rows(body, {})[0]


def refused(body: bytes, kind: bytes = FORM, query: bytes = b"", **options: Any) -> RequestError:
    found = protocol(uploads(**options), kind, query)
    assert found is not None
    with pytest.raises(RequestError) as caught:
        found.rows(body, {})
    return caught.value


def test_fields_are_the_columns_of_a_row() -> None:
    (row,) = rows(form(("image", PNG), *TEXTS.items()))
    assert row == {**ROW, "image": PNG, "age": 3}
    assert type(row["age"]) is int  # so that a float that can't hold it is refused
    assert json.loads(rows_as_json([row])) == {"rows": [ROW]}


def test_empty_fields_are_null_but_for_text_and_files() -> None:
    texts = dict.fromkeys(TEXTS, "")
    (row,) = rows(form(("image", b""), *texts.items()))
    assert row == {**dict.fromkeys(TEXTS), "coat": "", "image": b""}
    unchosen = b'--XX\r\nContent-Disposition: form-data; name="image"; filename=""\r\n\r\n\r\n'
    assert rows(unchosen + b"--XX--")[0]["image"] is None


def test_parts_that_repeat_are_rows() -> None:
    two = form(("image", b"1"), ("age", "1"), ("image", b"2"), ("age", "2"))
    assert rows(two) == [{"image": b"1", "age": 1}, {"image": b"2", "age": 2}]
    error = refused(form(("image", b"1"), ("image", b"2"), ("age", "1")))
    assert (error.status, error.code, error.details["column"]) == (422, "malformed_request", "age")
    assert error.message == "column 'age' has 1 part, and 'image' has 2"


def test_names_are_those_that_browsers_and_curl_write() -> None:
    odd = Column(name='a "b"\n', kind="number", dtype="float64", nullable=True)
    percent = Column(name="100%22", kind="number", dtype="float64", nullable=True)
    body = form(("a %22b%22%0A", "1"), ("100%22", "2"), ("image", b""), ("%22x", "y"))
    assert rows(body, odd, percent, IMAGE) == [
        {'a "b"\n': 1, "100%22": 2, "image": b"", "%22x": "y"}
    ]


@pytest.mark.parametrize("kind", [b"image/png", b"IMAGE/svg+xml", b"application/octet-stream"])
def test_a_body_may_be_the_file_with_the_other_columns_in_the_query(kind: bytes) -> None:
    query = b"age=3&indoor=true&born=2024-01-31&coat=long&box=%5B%5B1,2%5D,[3,4]]"
    assert may_be_upload({b"content-type": kind})
    assert rows(PNG, kind=kind, query=query) == [{**ROW, "image": PNG}]
    assert rows(PNG, kind=kind, query=b"coat=l%C3%A9&more=") == [
        {"coat": "lé", "more": "", "image": PNG}
    ]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        (b"image=x", 422, "column 'image' is the body, and in the query, too"),
        (b"age=1&age=2", 422, "column 'age' is in the query twice"),
        (b"coat=%FF", 400, "not UTF-8"),
        (b"coat=\xff", 400, "not UTF-8"),
        (b"a=1&" * 2_000, 413, "too many fields"),
    ],
)
def test_a_query_that_is_none_is_refused(query: bytes, status: int, said: str) -> None:
    error = refused(PNG, b"image/png", query)
    assert error.status == status
    assert said in error.message


def test_what_a_package_does_not_take_is_refused_by_name() -> None:
    number = Column(name="age", kind="number", dtype="float64", nullable=True)
    for made, kind, said in (
        (uploads(number), FORM, "the body is multipart/form-data, and no column is bytes"),
        (uploads(number), b"image/png", "the body is image/png, and no column is bytes"),
        (uploads(), b"multipart/mixed; boundary=XX", "the body is multipart/mixed"),
        (uploads(IMAGE, BACK), b"image/png", "the body is one file, and several columns are bytes"),
    ):
        with pytest.raises(RequestError, match=said) as caught:
            protocol(made, kind)
        assert (caught.value.status, caught.value.code) == (415, "unsupported_media_type")
    assert protocol(uploads(number), b"application/octet-stream") is None
    assert protocol(uploads(), b"application/json") is None
    assert not may_be_upload({b"content-type": b"application/json"})
    assert not may_be_upload({})


def test_text_of_another_encoding_and_too_many_values_are_refused() -> None:
    error = refused(form(("coat", "long"), ("coat", b"\xff")))
    assert (error.status, error.code, error.details["row"]) == (422, "invalid_row", 1)
    assert error.message.startswith('row 1, column "coat": expected text in UTF-8, got 1 bytes')
    error = refused(form(("box", "[" + "1," * 100)), values=100)
    assert (error.status, error.code) == (413, "too_large")


@given(
    st.sampled_from(["age", "indoor", "born", "box"]),
    st.one_of(
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.booleans(),
        st.lists(st.lists(st.integers(-5, 5), max_size=3), max_size=3),
        st.dates().map(str),
    ),
)
def test_text_means_what_its_json_means(name: str, value: Any) -> None:
    checker = RowChecker(Schema(features=FEATURES))
    (read,) = rows(form((name, value if isinstance(value, str) else json.dumps(value))))

    def judged(cell: Any) -> Any:
        try:
            return checker.check([{**ROW, name: cell}]).columns
        except RowError as error:
            return error.expected

    if name == "indoor" and value in (0, 1):  # 0 and 1 are words of CSV for false and true
        assert read[name] is bool(value)
    else:
        assert str(judged(read[name])) == str(judged(value))
