"""Where credentials of indexes come from."""

from __future__ import annotations

import pytest

from packager.environment import credentials
from packager.environment.credentials import IndexAddress, addresses_in, found_credentials

INDEX = IndexAddress("https://h:1/simple", "own-index")


def test_an_address_wins_over_the_variables_of_its_name():
    said = {"UV_INDEX_OWN_INDEX_USERNAME": "me", "UV_INDEX_OWN_INDEX_PASSWORD": "a"}
    found = found_credentials([INDEX], said, keyring=False)
    assert found == {"h:1": ("me", "a")}
    own = IndexAddress("https://you:b%40c@h:1/simple", "own-index")
    assert found_credentials([own], said, keyring=False) == {"h:1": ("you", "b@c")}
    assert found_credentials([IndexAddress("file:///x", "own-index")], said, keyring=False) == {}


def test_addresses_may_have_a_name_before_them():
    words = ["own=https://h/simple", "https://h/a", "plain", "/opt/wheels"]
    assert list(addresses_in(words)) == [
        IndexAddress("https://h/simple", "own"), IndexAddress("https://h/a")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "script", "expected"),
    [
        (
            "https://me@h/simple",
            'test "$*" = "get https://h/simple me" && echo word',
            ("me", "word"),
        ),
        ("https://me@h/simple", 'test "$*" = "get h me" && echo word', ("me", "word")),
        ("https://h/simple", 'test "$2" = creds && printf "me\\nword\\n"', ("me", "word")),
        ("https://h/simple", "exit 1", None),
    ],
)
def test_keyring_is_asked_as_uv_asks_it(tmp_path, monkeypatch, url, script, expected):
    program = tmp_path / "keyring"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(credentials, "find_program", lambda _: str(program))
    credentials._of_keyring.cache_clear()
    found = found_credentials([IndexAddress(url)], {}, keyring=True)
    assert found.get("h") == expected
    credentials._of_keyring.cache_clear()
