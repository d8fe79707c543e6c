from __future__ import annotations

import pytest

from modelhost.errors import PackageError
from modelhost.solution.member_urls import parse_urls, urls_as_text, urls_of


def test_names_and_servers() -> None:
    found = parse_urls("text=http://text:3000, rank_2=https://models.example/rank/,")
    assert found["text"] == (False, "text", 3000, "")
    assert found["rank_2"] == (True, "models.example", 443, "/rank")
    assert parse_urls(urls_as_text(found)) == found
    assert str(parse_urls("a=http://[::1]")["a"]) == "http://[::1]:80"
    assert parse_urls("") == {}


@pytest.mark.parametrize(
    "text",
    [
        *(
            "text",
            "=http://a",
            "text=",
            "text=a:3000",
            "text=ftp://a",
            "text=http://",
            "a=http://b:x",
        ),
        *("a=http://b:99999", "a=http://user:word@b", "a=http://b?c=1", "a=http://b#c"),
        *("a=http://b,a=http://c", "a=http://b c", "a=http://b/\x00", "a=http://ü"),
    ],
)
def test_what_names_no_server(text: str) -> None:
    with pytest.raises(PackageError, match="MODELHOST_MEMBER_URLS: expected NAME=URL"):
        urls_of({"MODELHOST_MEMBER_URLS": text})
