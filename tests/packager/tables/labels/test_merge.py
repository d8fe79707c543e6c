"""New labels merged into stored ones."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.errors import UsageError
from packager.manifest.base import FileEntry
from packager.tables.labels.merge import MAX_SHOWN, NewLabel, merge
from packager.tables.labels.store import no_labels

SOURCE = FileEntry(path="labels.csv", sha256="f" * 64, size=1)


def new(key, annotator, label, odds=None):
    return NewLabel("line 2", key, annotator, label, odds, None)


def merged(stored, labels, scheme="s", *, replace=False):
    return merge(stored, labels, scheme, SOURCE, replace=replace)


LABELS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["ann", "bob"])), st.sampled_from("xy")
)


@pytest.mark.slow
@given(LABELS, LABELS)
def test_a_merge_adds_repeats_or_replaces_each_label(old, young):
    before = merged(no_labels(), [new(*pair, label) for pair, label in old.items()]).frame
    other = before.assign(scheme="other")
    stored = pd.concat([before, other], ignore_index=True)
    labels = [new(*pair, label) for pair, label in young.items()]
    clash = any(old.get(pair, label) != label for pair, label in young.items())
    if clash:
        with pytest.raises(UsageError, match="stored is"):
            merged(stored, labels)
    found = merged(stored, labels, replace=True)
    assert found.added == len(young.keys() - old.keys())
    assert found.replaced == sum(old.get(pair, label) != label for pair, label in young.items())
    assert found.added + found.replaced + found.repeated == len(young)
    mine = found.frame[found.frame["scheme"] == "s"]
    pairs = zip(mine["key"], mine["annotator"], strict=True)
    assert dict(zip(pairs, mine["label"], strict=True)) == old | young
    assert (found.frame["scheme"] == "other").sum() == len(old)


def test_a_selection_probability_is_kept_and_may_come_later():
    first = merged(no_labels(), [new("a", "ann", "x")])
    later = merged(first.frame, [new("a", "ann", "x", 0.5)])
    assert (later.added, later.replaced) == (0, 1)
    assert later.frame["selection_probability"].tolist() == [0.5]
    assert merged(later.frame, [new("a", "ann", "x")]).repeated == 1
    again = merged(later.frame, [new("a", "ann", "y")], replace=True)
    assert again.frame["selection_probability"].tolist() == [0.5]
    with pytest.raises(UsageError, match=r"selection_probability 0\.25"):
        merged(later.frame, [new("a", "ann", "x", 0.25)])


def test_few_problems_are_shown_and_all_are_counted():
    first = merged(no_labels(), [new(str(i), "ann", "x") for i in range(MAX_SHOWN + 3)])
    with pytest.raises(UsageError, match="and 3 more; nothing was added"):
        merged(first.frame, [new(str(i), "ann", "y") for i in range(MAX_SHOWN + 3)])
