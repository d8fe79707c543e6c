"""Templates of queries and texts, filled with the labels of an alert."""

from __future__ import annotations

from monitoring.query_templates import filled_query, filled_text


def test_a_label_is_a_quoted_string_in_a_query_and_itself_in_a_text() -> None:
    labels = {"model": "m", "slice": 'said "no"\n{model}'}
    query = filled_query("up{model={model}, slice={slice}, gone={gone}} > 0", labels)
    assert query == 'up{model="m", slice="said \\"no\\"\\n{model}", gone=""} > 0'
    assert filled_text("{slice} of {model}", labels) == 'said "no"\n{model} of m'


def test_what_is_no_place_stays() -> None:
    for text in ('up{job="a"}', "sum({__name__=~'x'})", "{}", "{2}", "a[5m]"):
        assert filled_query(text, {"job": "b"}) == text


def test_half_a_surrogate_pair_is_replaced() -> None:
    assert filled_query("{slice}", {"slice": "a\ud83d"}) == '"a?"'
