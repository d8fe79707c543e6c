"""One estimated label for each row, as a derived table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from labelled_tables import BY, labelled, rows

from packager.errors import UsageError
from packager.labelling.agreement import agreement_report
from packager.labelling.derived_labels import derive_labels
from packager.labelling.estimate import ANNOTATOR, estimate_of, estimate_step
from packager.labelling.overview import labels_of, plain_rows, write_csv
from packager.location import Location
from packager.manifest.label_schemes import LabelScheme
from packager.progress import NullProgress
from packager.report.labels import agreement_text
from packager.tables.delta import VersionedTable
from packager.tables.labels.commit import declare_scheme

pytestmark = pytest.mark.slow

NAMES = ("ann", "bob", "cy", "di")
CLASSES = ("bad", "good", "odd")


def votes(count=60):
    """Ann and bob are right; cy and di say good whatever a row is. Nobody says odd."""
    return [
        (row, who, "good" if who in ("cy", "di") or row % 3 else "bad")
        for row in range(count)
        for who in NAMES
    ]


@pytest.fixture
def many(place, commit):
    commit(rows(70))
    declare_scheme(place, LabelScheme(name="quality", classes=CLASSES), ("id",), BY)
    labelled(place, votes(), selection_probability=0.25)
    return place


def derived(place, target="truth"):
    step = estimate_step(place, "quality", target)
    return derive_labels(place, step, None, BY, NullProgress())


def test_the_derived_table_has_one_label_and_its_probability_for_each_labelled_row(many, tmp_path):
    made, found = derived(many)
    assert (made.uri, made.version, found.outcome) == (f"{many.uri}.truth", 1, "computed")
    scheme, labels = labels_of(Location(made.uri), "truth")
    assert scheme == LabelScheme(name="truth", classes=CLASSES)
    frame = labels.frame
    assert len(frame) == 60
    assert set(frame["annotator"]) == {ANNOTATOR}
    wanted = ["bad" if int(key) % 3 == 0 else "good" for key in frame["key"]]
    assert frame["label"].tolist() == wanted
    assert frame["probability"].to_numpy(float) == pytest.approx(1.0)
    assert set(frame["selection_probability"]) == {0.25}
    lineage = VersionedTable.open(Location(made.uri)).latest.derived
    assert (lineage.step, lineage.params) == ("labels estimate", {"from": "quality", "to": "truth"})
    assert derived(many)[1].outcome == "unchanged"
    shown = plain_rows(labels, 1)[0]
    assert list(shown) == ["id", "scheme", "annotator", "label", "selection_probability",
                           "probability", "labelled_at"]  # fmt: skip
    write_csv(labels, tmp_path / "truth.csv")
    assert pd.read_csv(tmp_path / "truth.csv")["probability"].tolist() == pytest.approx([1.0] * 60)


def test_labels_of_annotators_have_no_probability(many, tmp_path):
    _, labels = labels_of(many, "quality")
    assert "probability" not in plain_rows(labels, 1)[0]
    write_csv(labels, tmp_path / "own.csv")
    assert "probability" not in pd.read_csv(tmp_path / "own.csv").columns


def test_it_is_computed_again_once_labels_change(many):
    derived(many)
    labelled(many, [(row, "ed", "good") for row in range(1, 60)], source="2")
    made, found = derived(many)
    assert (made.version, found.outcome) == (2, "computed")


@pytest.mark.parametrize(
    ("given", "scheme", "message"),
    [
        (votes(20), {}, "expected 30 rows or more with labels of two annotators, got 20"),
        ([v for v in votes() if v[1] < "c"], {}, "expected 3 annotators or more, got 2"),
        ([(row, who, "good") for row, who, _ in votes()], {}, "expected labels of two classes"),
        ([(row, who, "1") for row, who, _ in votes()], {"kind": "number"}, "kind label, got num"),
    ],
)
def test_labels_that_cannot_tell_are_refused(place, commit, given, scheme, message):
    commit(rows(70))
    declare_scheme(place, LabelScheme(name="quality", **scheme), ("id",), BY)
    labelled(place, given)
    with pytest.raises(UsageError, match=f"--from quality: .*{message}") as caught:
        derived(place)
    assert "add labels of more annotators" in caught.value.hint
    assert not VersionedTable.exists(Location(f"{place.uri}.truth"))


def test_the_name_of_the_new_scheme_is_checked(many):
    with pytest.raises(UsageError, match="expected the name of a labelling scheme, got 'a b'"):
        estimate_step(many, "quality", "a b")


def test_agreement_shows_how_often_each_annotator_is_right(many):
    scheme, labels = labels_of(many, "quality")
    report = agreement_report(labels.frame, scheme)
    errors = report.errors
    assert errors is not None
    assert errors.classes == ("bad", "good")
    assert errors.shares == pytest.approx((1 / 3, 2 / 3))
    accuracy = {one.name: one.accuracy for one in errors.annotators}
    assert accuracy == pytest.approx({"ann": 1, "bob": 1, "cy": 2 / 3, "di": 2 / 3}, abs=1e-6)
    assert np.array(errors.annotators[2].confusion) == pytest.approx(
        np.array([[0, 1], [0, 1]]), abs=1e-6
    )
    text = agreement_text(report)
    assert "estimated classes" in text
    assert "bad 33.3%, good 66.7%" in text
    assert "0 rows with less than 90%" in text
    assert any(line.split() == ["cy", "60", "66.7%"] for line in text.splitlines())


def test_agreement_says_why_nothing_is_estimated(many):
    scheme, labels = labels_of(many, "quality")
    two = labels.frame[labels.frame["annotator"] < "c"]
    report = agreement_report(two, scheme)
    assert report.errors is None
    assert "not estimated: expected 3 annotators or more, got 2" in agreement_text(report)


def test_classes_that_nobody_gave_have_no_part(many):
    scheme, labels = labels_of(many, "quality")
    assert estimate_of(labels.frame, scheme).classes == ("bad", "good")
