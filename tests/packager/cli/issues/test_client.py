"""The options that commands on issues share."""

from __future__ import annotations

import pytest
from issue_commands import refused

from packager.cli.issues.client import number_of
from packager.errors import UsageError


@pytest.mark.usefixtures("tracker")
def test_a_missing_token_and_a_service_that_is_away_are_said(tmp_path):
    error = refused("list", "--token-file", str(tmp_path / "none"))
    assert "expected a file with a token of the issue tracker" in error.message
    assert "MODEL_ISSUES_TOKEN_FILE" in (error.hint or "")
    error = refused("list", "--issues", "http://127.0.0.1:9")
    assert error.message.startswith("http://127.0.0.1:9: the issue tracker does not answer")


def test_the_number_of_an_issue_may_have_its_mark():
    assert number_of("#12") == number_of("12") == 12


@pytest.mark.parametrize("text", ["", "#", "-1", "1.5", "##1", "²", "9" * 19, "12 13"])
def test_other_words_are_no_number_of_an_issue(text):
    with pytest.raises(UsageError, match="expected the number of an issue"):
        number_of(text)
