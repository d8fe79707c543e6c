"""Forms: what browsers, curl and clients send, and anything else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from serving.http.messages import RequestError
from serving.protocols.form_parts import (
    MAX_ALL_HEADER_BYTES,
    MAX_HEADERS,
    MAX_PARTS,
    FormPart,
    read_form,
)

TYPE = "multipart/form-data; boundary=XX"
LINE = b'Content-Disposition: form-data; name="a"'


def form(*parts: tuple[bytes, bytes]) -> bytes:
    """A body of parts, each with its headers and its content."""
    pieces = [b"--XX\r\n" + headers + b"\r\n\r\n" + content + b"\r\n" for headers, content in parts]
    return b"".join([*pieces, b"--XX--\r\n"])


def refused(body: bytes, content_type: str = TYPE) -> RequestError:
    with pytest.raises(RequestError) as caught:
        read_form(body, content_type)
    return caught.value


def test_fields_and_files_arrive_in_their_order() -> None:
    body = form(
        (LINE, b"3"),
        (b'content-disposition: form-data; name="b"; filename="x.png"\r\nContent-Type: image/png',
         b"\x89PNG\r\n--X"),
        (b'Content-Disposition: form-data; name="b"; filename=""', b""),
        (b"Content-Disposition: form-data; name=c\r\nContent-Type: text/plain;charset=UTF-8",
         "é".encode()),
    )  # fmt: skip
    parts = read_form(body, TYPE)
    assert parts == [
        FormPart("a", b"3"),
        FormPart("b", b"\x89PNG\r\n--X", filename=True),
        FormPart("b", b"", unchosen=True),
        FormPart("c", "é".encode()),
    ]
    assert parts[3].text == "é"


def test_extended_names_of_files_are_ignored_and_those_of_parts_are_no_names() -> None:
    disposition = b"Content-Disposition: form-data; name=a; filename*=utf-8''%C3%A9.png"
    assert read_form(form((disposition, b"x")), TYPE) == [FormPart("a", b"x")]
    error = refused(form((b"Content-Disposition: form-data; name*=utf-8''a", b"x")))
    assert (error.status, error.message) == (
        400,
        "the body is not a form: part 1 has no name",
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it ends before its closing boundary"),
        (b"--XX--\r\n", "it has no parts"),
        (form((LINE, b"1"))[:-4], "it ends before its closing boundary"),
        (form((LINE, b"1"))[:30], "it ends before its closing boundary"),
        (b"nothing", "in part 0"),
        (form((b"", b"1")), "part 1 has no Content-Disposition"),
        (form((LINE, b"1"), (b"Content-Type: text/plain", b"1")), "part 2 has no Content-Disp"),
        (form((b"Content-Disposition: form-data", b"1")), "part 1 has no name"),
        (form((b"Content-Disposition: attachment; name=a", b"1")), "part 1 has no Content-Disp"),
        (form((b'Content-Disposition: form-data; name="\xff"', b"1")), "not UTF-8"),
        (form((LINE + b"\r\nX" * MAX_HEADERS + b": 1", b"1")), "in part 1"),
        (form((LINE + b"\r\nX: " + b"1" * 2_000, b"1")), "Maximum header size exceeded, in part 1"),
        (form((b"Content Disposition: x", b"1")), "in part 1"),
    ],
)
def test_what_is_no_form_is_refused_with_the_reason(body: bytes, said: str) -> None:
    error = refused(body)
    assert error.status == 400
    assert error.code == "unreadable_form"
    assert said in error.message


@pytest.mark.parametrize(
    ("content_type", "said"),
    [
        ("multipart/form-data", "Content-Type has no boundary"),
        ("multipart/form-data; boundary=", "Content-Type has no boundary"),
        ("multipart/form-data; boundary=" + "x" * 71, "1 to 70 characters"),
        ("multipart/form-data; boundary=é", "of ASCII"),
        ("multipart/form-data; boundary=YY", "in part 0"),
    ],
)
def test_a_boundary_that_is_absent_or_another_one_is_named(content_type: str, said: str) -> None:
    error = refused(form((LINE, b"1")), content_type)
    assert error.status == 400
    assert said in error.message


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (LINE + b"\r\nContent-Type: text/plain; charset=latin1", "'a' has the charset 'latin1'"),
        (LINE + b"\r\nContent-Transfer-Encoding: base64", "Content-Transfer-Encoding 'base64'"),
    ],
)
def test_other_character_sets_and_encodings_are_not_supported(headers: bytes, said: str) -> None:
    error = refused(form((headers, b"1")))
    assert (error.status, error.code) == (415, "unsupported_media_type")
    assert said in error.message


def test_the_field_of_the_character_set_is_no_column() -> None:
    named = b'Content-Disposition: form-data; name="_charset_"'
    assert read_form(form((named, b"UTF-8"), (LINE, b"1")), TYPE) == [FormPart("a", b"1")]
    assert refused(form((named, b"iso-8859-1"))).status == 415


def test_parts_and_their_headers_are_bounded() -> None:
    error = refused(form(*[(LINE, b"")] * (MAX_PARTS + 1)))
    assert (error.status, error.details["expected"]) == (413, f"at most {MAX_PARTS} parts")
    long = LINE + b"\r\nX: " + b"1" * 900
    error = refused(form(*[(long, b"")] * (MAX_ALL_HEADER_BYTES // 900 + 1)))
    assert (error.status, error.details["expected"]) == (
        413,
        f"at most {MAX_ALL_HEADER_BYTES} bytes",
    )


PIECES = st.sampled_from(
    [
        *(b"--XX", b"--XX--", b"\r\n", b"\r", b"\n", b"-", b"--", b":", b";", b'"', b"\\", b" "),
        *(LINE, b"Content-Disposition: form-data", b'; name="b"', b"; filename=", b"; name*=x''y"),
        *(b"Content-Type: text/plain; charset=", b"utf-8", b"\x00", b"\xff", b"%22", b"x" * 1_100),
    ]
)


@given(st.lists(PIECES | st.binary(max_size=8), max_size=24), st.booleans())
@example([b"--XX\r\n", LINE, b"\r\n\r\n--XX--"], False)
def test_any_bytes_are_a_form_or_a_documented_error(pieces: list[bytes], begun: bool) -> None:
    body = (b"--XX\r\n" if begun else b"") + b"".join(pieces)
    try:
        found: list[FormPart] | RequestError = read_form(body, TYPE)
    except RequestError as error:
        found = error
    if isinstance(found, RequestError):
        assert found.status in (400, 413, 415)
        assert found.message.isprintable()
    else:
        assert all(part.content in body for part in found)


@given(
    st.lists(st.tuples(st.text("abc%é", min_size=1), st.binary(max_size=40)), min_size=1),
)
def test_what_a_client_writes_is_read_back(fields: list[tuple[str, bytes]]) -> None:
    body = form(
        *(
            (b'Content-Disposition: form-data; name="' + name.encode() + b'"', content)
            for name, content in fields
            if b"\r\n--XX" not in content
        )
    )
    kept = [(name, content) for name, content in fields if b"\r\n--XX" not in content]
    if kept:
        assert [(part.name, part.content) for part in read_form(body, TYPE)] == kept
