from __future__ import annotations

import pytest
from tracker_pages import NOW, finding

from packager.tracker.core.states import opened
from packager.tracker.service.pages.commands import commands


def texts(**given: object) -> list[str]:
    return [one.text for one in commands(opened(finding(**given), NOW).issue)]


def test_each_family_has_its_commands():
    assert texts() == [
        "package drift SERVER --model diamonds --version 1.0",
        "package test diamonds:1.0 --data NEW.csv",
        "package inspect diamonds:1.0",
    ]
    assert texts(kind="ReplayFailed")[0] == "package replay diamonds:1.0"
    assert texts(kind="SuspiciousRows", version="")[1] == "package inspect diamonds"
    assert texts(kind="SomethingElse") == ["package inspect diamonds:1.0"]


@pytest.mark.parametrize("name", ["a b", "$(rm -rf x)", "a;b", "-rf", "a\u202eb", "`x`", "a'b"])
def test_names_that_a_shell_would_read_have_none(name: str):
    assert texts(package=name) == []
