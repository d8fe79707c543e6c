from __future__ import annotations

import io

import pytest
from registry_stubs import StubAnswer, stub

from packager.errors import PackageError
from packager.registry.transport import BrokenTransferError, RegistryAnswer, Transport


def test_a_body_may_be_bytes_or_a_file_that_is_closed_after_it():
    file = io.BytesIO(b"from a file")
    with stub(lambda asked: StubAnswer(200, content=asked.body)) as found:
        for body, expected in ((lambda: b"bytes", b"bytes"), (lambda: file, b"from a file")):
            with Transport(found.host).send("PUT", f"http://{found.host}/", body=body) as answer:
                assert answer.whole(100).content == expected
        assert [one.headers["Content-Length"] for one in found.requests] == ["5", "11"]
    assert file.closed


def test_content_is_not_unpacked():
    packed = StubAnswer(200, {"Content-Encoding": "gzip"}, b"as it was sent")
    with stub(lambda _: packed) as found:
        with Transport(found.host).send("GET", f"http://{found.host}/") as answer:
            assert answer.whole(100).content == b"as it was sent"
        assert found.requests[0].headers["Accept-Encoding"] == "identity"


def test_an_answer_that_ends_early_is_broken():
    with stub(lambda _: StubAnswer(200, content=b"x" * 100, cut_at=50)) as found:
        answer = Transport(found.host).send("GET", f"http://{found.host}/")
        with answer, pytest.raises(BrokenTransferError):
            answer.whole(1_000)


def test_an_answer_over_the_limit_is_refused():
    with stub(lambda _: StubAnswer(200, content=b"x" * 100)) as found:
        answer = Transport(found.host).send("GET", f"http://{found.host}/")
        with answer, pytest.raises(PackageError, match="expected an answer of at most 99 bytes"):
            answer.whole(99)


def test_a_port_where_nothing_listens_is_broken():
    with stub(lambda _: StubAnswer(200)) as found:
        host = found.host
    with pytest.raises(BrokenTransferError, match="refused") as broken:
        Transport(host).send("GET", f"http://{host}/")
    assert not broken.value.is_certificate


def test_the_first_words_of_an_answer():
    assert RegistryAnswer(500, {}, "", b"oh no").summary == "500 oh no"
    assert RegistryAnswer(500, {}, "").summary == "500"
    assert len(RegistryAnswer(500, {}, "", b"x" * 10_000).summary) == 304
