"""Addresses of repositories, as they are published."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.project.source_address import public_address


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://a.test/team/models", "https://a.test/team/models"),
        ("https://a.test:8443/team/models.git", "https://a.test:8443/team/models.git"),
        ("https://bob:hunter2222@a.test/x", "https://a.test/x"),
        ("https://ci-token:abcdef@a.test/x.git?token=1#main", "https://a.test/x.git"),
        ("git@a.test:team/models.git", "ssh://git@a.test/team/models.git"),
        ("bob@a.test:/srv/models.git", "ssh://a.test/srv/models.git"),
        ("ssh://bob:pw@a.test:22/x", "ssh://a.test:22/x"),
        ("https://[2001:db8::1]:8/x", "https://[2001:db8::1]:8/x"),
    ],
)
def test_an_address_keeps_host_and_path(url: str, shown: str) -> None:
    assert public_address(url) == shown


@pytest.mark.parametrize(
    "url",
    [
        *("", "/home/alice/models", "../models", "file:///home/alice/models", "C:/models"),
        *("ext::sh -c touch", "https:///x", "https://a.test:port/x", "https://a.test/x y"),
        *("https://a.test/" + "x" * 1000, "https://a.test/x\n", "https://[a/x"),
        "https://a.test/ghp_" + "a1" * 18 + "/x",
    ],
)
def test_what_is_no_address_for_others_is_not_shown(url: str) -> None:
    assert public_address(url) is None


@given(
    st.sampled_from(["https", "http", "ssh", "git"]),
    st.text("abcXYZ019%._-", min_size=1),
    st.text("abcXYZ019%._-", min_size=1),
)
def test_no_user_and_no_password_is_shown(scheme: str, user: str, word: str) -> None:
    shown = public_address(f"{scheme}://u{user}:{word}@host.test/path")
    assert shown == f"{scheme}://host.test/path"
