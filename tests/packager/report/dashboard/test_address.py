from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.report.dashboard.address import MAX_QUERY, VIEWS, WINDOWS, PageAddress

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(st.sampled_from(VIEWS), st.sampled_from([*WINDOWS]), st.lists(TEXT, max_size=3), TEXT, TEXT)
def test_a_link_leads_to_what_it_was_made_of(view, window, versions, part, feature):
    address = PageAddress(view, window, tuple(versions), part, feature, refresh=True)
    assert PageAddress.of(urlsplit(address.link()).query) == address
    other = PageAddress.of(urlsplit(address.link(window="7d")).query)
    assert other.window == "7d"
    assert other.slice == part


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("view=x", "view: expected one of fleet, model, slice, got 'x'"),
        ("window=2y", "window: expected one of 1h, 6h, 24h, 7d, 30d, got '2y'"),
        ("slice=" + "x" * MAX_QUERY, "expected at most 16000 characters of choices"),
        ("&".join(["version=1"] * 30), "Max number of fields exceeded"),
    ],
)
def test_what_is_no_choice_is_refused(query, told):
    with pytest.raises(ValueError, match=told):
        PageAddress.of(query)


def test_a_lone_surrogate_is_a_question_mark():
    assert "slice=%3F" in PageAddress(slice="\ud800").link()
