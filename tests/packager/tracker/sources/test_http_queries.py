"""Questions over HTTP have bounds, and errors without secrets."""

from __future__ import annotations

import pytest
from fake_sources import answering

from packager.tracker.sources import http_queries
from packager.tracker.sources.http_queries import SourceAwayError, get_json, shown_address


def test_no_answer_names_the_address_without_its_password() -> None:
    with pytest.raises(SourceAwayError) as error:
        get_json("http://ann:secret@127.0.0.1:9/api?token=x", {})
    assert str(error.value) == "http://127.0.0.1:9/api: no answer: ConnectionError"


def test_an_answer_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_queries, "MAX_BYTES", 1 << 20)
    with (
        answering(lambda *_: "x" * (2 << 20)) as address,
        pytest.raises(
            SourceAwayError, match="expected an answer of at most 1 MiB, got a larger one"
        ),
    ):
        get_json(address, {})


def test_an_address_of_something_else() -> None:
    with pytest.raises(SourceAwayError, match="no answer: InvalidSchema"):
        get_json("file:///etc/passwd", {})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://a:b@host:1/x?y=z#f", "http://host:1/x"),
        ("http://host", "http://host"),
        ("http://[bad", "its address"),
    ],
)
def test_shown_addresses(url: str, shown: str) -> None:
    assert shown_address(url) == shown


def test_another_status_is_told_with_its_text() -> None:
    with (
        answering(lambda *_: None) as address,
        pytest.raises(SourceAwayError, match="expected status 200, got 500: null"),
    ):
        get_json(address, {})
