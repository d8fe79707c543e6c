"""The variables of the push, and the file of headers."""

from __future__ import annotations

from pathlib import Path

import pytest

from packager.errors import UsageError
from serving.push.settings import PushSettings, read_headers

URL = "http://127.0.0.1:4318/v1/metrics"


def settings(**variables: str) -> PushSettings | None:
    return PushSettings.from_environment(variables)


def test_nothing_is_pushed_without_an_address() -> None:
    assert settings() is None
    with pytest.raises(UsageError, match="MODEL_METRICS_PUSH_SECONDS: expected MODEL_METRICS_PUSH"):
        settings(MODEL_METRICS_PUSH_SECONDS="10")


def test_the_defaults_and_the_query_that_is_not_shown() -> None:
    found = settings(MODEL_METRICS_PUSH=f"{URL}?key=s3cret")
    assert found is not None
    assert (found.seconds, found.headers_file, found.shown) == (30.0, None, URL)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("collector:4318", "expected the http:// or https:// address"),
        ("ftp://a/v1/metrics", "expected the http:// or https:// address"),
        ("http://user:s3cret@a/v1/metrics", "without user and password, got something else"),
        ("http://a:0/v1/metrics", "expected the http:// or https:// address"),
        ("http://a:x/v1/metrics", "expected the http:// or https:// address"),
        ("http://[/v1/metrics", "expected the http:// or https:// address"),
        ("http://a/v1/met rics", "expected the http:// or https:// address"),
        ("http://a/v1/metrics#x", "expected no fragment"),
        ("http://a:4318", "expected the whole address with its path"),
    ],
)
def test_a_wrong_address(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        settings(MODEL_METRICS_PUSH=url)
    assert caught.value.message.startswith("MODEL_METRICS_PUSH: ")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("seconds", ["0.5", "301", "nan", "often"])
def test_a_wrong_interval(seconds: str) -> None:
    with pytest.raises(UsageError, match="expected seconds, 1 to 300"):
        settings(MODEL_METRICS_PUSH=URL, MODEL_METRICS_PUSH_SECONDS=seconds)


def test_headers(tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_text("# of the collector\n\nAuthorization: Bearer a:b=c\nX-Scope-OrgID:shop\r\n")
    assert read_headers(file) == {"authorization": "Bearer a:b=c", "x-scope-orgid": "shop"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected a header in .*, got none"),
        (b"Bearer s3cret\n", "line 1: expected `Name: value` in printable ASCII"),
        ("A: sécret\n".encode(), "line 1: expected `Name: value`"),
        (b"A: 1\x012\n", "line 1: expected `Name: value`"),
        (b"A: 1\nHost: x\n", "line 2: the server itself writes the header host"),
        (b"A: 1\na: 2\n", "line 2: expected each header once, got a again"),
        (b"\xff\n", "expected a readable file"),
    ],
)
def test_a_wrong_file_of_headers(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "headers"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        settings(MODEL_METRICS_PUSH=URL, MODEL_METRICS_PUSH_HEADERS_FILE=str(file))
    assert "s3cret" not in str(caught.value)


def test_an_absent_file_of_headers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a readable file, got .+: No such file"):
        settings(MODEL_METRICS_PUSH=URL, MODEL_METRICS_PUSH_HEADERS_FILE=str(tmp_path / "gone"))
