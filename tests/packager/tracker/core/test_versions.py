"""Versions are ordered by when they were first seen."""

from __future__ import annotations

import pytest

from packager.tracker.core.versions import Versions

SEEN = Versions(["2.0", "1.9-hotfix", "10.0"])


@pytest.mark.parametrize(
    ("version", "than", "newer"),
    [
        ("1.9-hotfix", "2.0", True),
        ("2.0", "10.0", False),
        ("10.0", "2.0", True),
        ("2.0", "2.0", False),
        ("never seen", "10.0", True),
        ("10.0", "never seen", False),
        ("", "2.0", False),
    ],
)
def test_newer_is_first_seen_later(version: str, than: str, newer: bool) -> None:
    assert SEEN.is_newer(version, than) is newer


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [("2.0", "10.0", "10.0"), ("10.0", "2.0", "10.0"), ("", "2.0", "2.0"), ("2.0", "", "2.0")],
)
def test_the_newest_of_two(one: str, other: str, found: str) -> None:
    assert SEEN.newest(one, other) == found


@pytest.mark.parametrize(
    ("version", "has"), [("2.0", False), ("1.9-hotfix", True), ("10.0", True), ("", True)]
)
def test_a_version_has_the_fix_of_an_earlier_one(version: str, has: bool) -> None:
    assert SEEN.has_fix(version, "1.9-hotfix") is has
