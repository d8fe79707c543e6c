"""``[card]``: texts of the author."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from packager.project.card_section import CardSection


def test_a_section_without_a_text_is_not_given():
    assert not CardSection().given
    assert CardSection(owner="A").given


@pytest.mark.parametrize("text", ["", " \n", "a" * 10_001, 1])
def test_a_text_has_words_and_an_end(text):
    with pytest.raises(ValidationError):
        CardSection(limitations=text)


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="use"):
        CardSection.model_validate({"use": "x"})
