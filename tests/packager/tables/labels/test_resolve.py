"""Labels of several annotators become one, or a dispute."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelled_tables import VOTES, label_frame

from packager.manifest.label_schemes import LabelScheme
from packager.tables.labels.resolve import resolve

ANY = LabelScheme(name="s")
BALLOTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=7)


def one_row(labels, scheme=ANY):
    votes = [(0, f"p{place}", label) for place, label in enumerate(labels)]
    (found,) = resolve(label_frame(votes), scheme)
    return found


@pytest.mark.slow
@given(BALLOTS)
def test_a_majority_has_more_labels_than_any_other(labels):
    found, counts = one_row(labels), Counter(labels)
    top = max(counts.values())
    winners = [label for label, count in counts.items() if count == top]
    assert found.label == (winners[0] if len(winners) == 1 else None)
    assert found.annotators == len(labels)
    assert (found.dispute is None) == (len(counts) == 1)
    if found.dispute is not None:
        assert 0.5 < found.dispute <= 0.85
        assert (found.dispute == pytest.approx(0.85)) or found.label is not None


@pytest.mark.slow
@given(BALLOTS, st.randoms())
def test_the_order_of_labels_does_not_matter(labels, random):
    shuffled = [*labels]
    random.shuffle(shuffled)
    assert (one_row(labels).label, one_row(labels).dispute) == (
        one_row(shuffled).label,
        one_row(shuffled).dispute,
    )


def test_one_against_many_is_a_lesser_dispute_than_a_tie():
    scores = [one_row(labels).dispute for labels in ("aaaaaab", "aab", "ab", "abc")]
    assert scores == sorted(scores)
    assert scores[-1] == scores[-2] == pytest.approx(0.85)


def test_a_unanimous_scheme_has_no_label_where_one_disagrees():
    strict = LabelScheme(name="s", resolve="unanimous")
    assert one_row("aab", strict).label is None
    assert one_row("aaa", strict).label == "a"


@pytest.mark.parametrize(("how", "label"), [("median", "2.0"), ("mean", "4.0")])
def test_numbers_have_a_median_or_a_mean(how, label):
    scheme = LabelScheme(name="s", kind="number", resolve=how, tolerance=1)
    found = one_row(["1.0", "2.0", "9.0"], scheme)
    assert (found.label, found.dispute) == (label, pytest.approx(0.85))
    assert one_row(["1.0", "2.0"], scheme).dispute is None


def test_rows_come_by_key_with_who_gave_which_label():
    found = list(resolve(label_frame(VOTES), ANY))
    assert [one.key for one in found] == ["0", "1", "2"]
    assert found[0].votes == "'good' (ann, bob)"
