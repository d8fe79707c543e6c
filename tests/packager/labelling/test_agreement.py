"""The report on how well annotators agree."""

from __future__ import annotations

import numpy as np
import pytest
from labelled_tables import VOTES, label_frame
from sklearn.metrics import cohen_kappa_score

from packager.labelling.agreement import MAX_PAIRS, agreement_report
from packager.manifest.label_schemes import LabelScheme

ANY = LabelScheme(name="s")
SIZE = LabelScheme(name="s", kind="number")


def many(people=2, rows=60, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, rows)
    return [
        (row, f"p{person}", str(truth[row] if rng.random() < 0.8 else rng.integers(0, 3)))
        for person in range(people)
        for row in range(rows)
    ]


def test_two_annotators_have_all_coefficients():
    votes = many()
    found = agreement_report(label_frame(votes), ANY)
    one, other = ([label for _, who, label in votes if who == name] for name in ("p0", "p1"))
    (pair,) = found.pairs
    assert pair.kappa.value == pytest.approx(cohen_kappa_score(one, other))
    assert pair.same == pytest.approx(np.mean([a == b for a, b in zip(one, other, strict=True)]))
    assert found.rows_compared == found.rows == 60
    assert found.disputed == sum(a != b for a, b in zip(one, other, strict=True))
    assert found.alpha.low < found.alpha.value < found.alpha.high
    assert found.fleiss.value == pytest.approx(found.alpha.value, abs=0.02)


def test_classes_in_an_order_and_numbers_are_compared_as_such():
    votes = [(row, who, label) for row in range(40) for who, label in (("a", "1"), ("b", "2"))]
    votes += [(row, "a", "9") for row in range(40, 80)] + [(row, "b", "9") for row in range(40, 80)]
    frame = label_frame(votes)
    nominal = agreement_report(frame, LabelScheme(name="s", classes=(1, 2, 9)))
    ordinal = agreement_report(frame, LabelScheme(name="s", classes=(1, 2, 9), ordered=True))
    numbers = agreement_report(frame, SIZE)
    assert (nominal.level, ordinal.level, numbers.level) == ("nominal", "ordinal", "interval")
    assert nominal.alpha.value < ordinal.alpha.value < numbers.alpha.value
    assert numbers.fleiss is None
    assert numbers.pairs == ()


def test_what_can_not_be_said_is_explained():
    few = agreement_report(label_frame(VOTES), ANY)
    assert few.fleiss is None
    assert few.alpha.note == "2 rows are too few for an interval: 30 are needed"
    assert (few.rows, few.rows_compared, few.disputed) == (3, 2, 1)
    alone = agreement_report(label_frame([(0, "ann", "x")]), ANY)
    assert alone.alpha.value is None
    assert alone.alpha.note == "no row has labels of two annotators"
    same = agreement_report(label_frame([(0, "a", "x"), (0, "b", "x")]), ANY)
    assert "not defined" in same.alpha.note
    none = agreement_report(label_frame([]), ANY)
    assert (none.rows, none.alpha.value, none.pairs) == (0, None, ())
    perfect = agreement_report(
        label_frame([(row, who, str(row % 2)) for row in range(40) for who in "ab"]), ANY
    )
    assert perfect.alpha.note == "no compared row is disputed, so no interval is known"


def test_many_annotators_have_the_pairs_with_the_most_rows():
    votes = [(row, f"p{person}", "x") for person in range(12) for row in range(person, 14)]
    found = agreement_report(label_frame(votes), ANY)
    assert len(found.pairs) == MAX_PAIRS
    assert found.pairs_left_out == 12 * 11 // 2 - MAX_PAIRS
    assert found.pairs[0].kappa.rows == 13
