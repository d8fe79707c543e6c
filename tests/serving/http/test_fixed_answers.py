from __future__ import annotations

import asyncio
import gzip

import pytest

from serving.http import fixed_answers
from serving.http.encoding import MIN_BYTES, VARY
from serving.http.fixed_answers import FixedAnswers, fixed_answer
from serving.http.messages import Response

DOCUMENT = fixed_answer(Response(200, b"{}" * MIN_BYTES, headers={"X-A": "b"}))
TAG = DOCUMENT.headers["ETag"]


def answered(answers: FixedAnswers, **headers: str) -> Response:
    names = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return asyncio.run(answers.answer(names, DOCUMENT))


def test_it_is_compressed_once_for_all_clients(monkeypatch: pytest.MonkeyPatch):
    made, compress = [], fixed_answers.compressed

    def noted(body: bytes, coding: fixed_answers.Coding, *, fixed: bool) -> bytes:
        made.append(coding)
        return compress(body, coding, fixed=fixed)

    monkeypatch.setattr(fixed_answers, "compressed", noted)
    answers = FixedAnswers()
    found = [answered(answers, accept_encoding="gzip") for _ in range(3)]
    assert gzip.decompress(found[2].body) == DOCUMENT.body
    assert found[2].headers == {"X-A": "b", **VARY, "ETag": TAG, "Content-Encoding": "gzip"}
    answered(answers, accept_encoding="zstd")
    assert made == ["gzip", "zstd"]


def test_without_a_coding_it_is_as_it_is():
    assert answered(FixedAnswers()) is DOCUMENT
    assert DOCUMENT.headers == {"X-A": "b", **VARY, "ETag": TAG}


@pytest.mark.parametrize("told", [TAG, f'"a", {TAG}'])
def test_a_client_that_has_it_gets_304(told: str):
    found = answered(FixedAnswers(), if_none_match=told, accept_encoding="gzip")
    assert (found.status, found.body, found.headers) == (304, b"", {"ETag": TAG, **VARY})
    assert answered(FixedAnswers(), if_none_match='W/"other"').status == 200


def test_a_tag_depends_on_the_content():
    other = fixed_answer(Response(200, b"[]" * MIN_BYTES))
    assert other.headers["ETag"] != TAG
    assert fixed_answer(Response(200, b"{}" * MIN_BYTES)).headers["ETag"] == TAG


def test_a_tiny_answer_has_no_tag():
    tiny = Response(200, b"{}")
    assert fixed_answer(tiny) is tiny
    assert asyncio.run(FixedAnswers().answer({b"if-none-match": b"*"}, tiny)) is tiny
