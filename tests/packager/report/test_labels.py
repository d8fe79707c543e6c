"""Labelling schemes and agreement as text."""

from __future__ import annotations

from labelled_tables import VOTES, label_frame

from packager.labelling.agreement import agreement_report
from packager.labelling.overview import SchemeOverview
from packager.manifest.label_schemes import LabelScheme
from packager.report.labels import agreement_text, labels_text, scheme_line, schemes_text

ORDERED = LabelScheme(name="quality", classes=("bad", "fair", "good"), ordered=True)


def overview(**more):
    fields = {
        "scheme": ORDERED, "key": (), "labels": 3, "annotators": {"ann\x1b[31m": 2, "bob": 1},
        "counts": {"good": 2}, "rows": 10, "labelled": 2, "unresolved": 0, "disputed": 0,
        "elsewhere": 0,
    }  # fmt: skip
    return SchemeOverview(**fields | more)


def test_a_scheme_is_shown_in_a_few_words():
    assert scheme_line(ORDERED) == "bad < fair < good; majority"
    assert scheme_line(LabelScheme(name="s")) == "any text; majority"
    size = LabelScheme(name="s", kind="number", min=0, max=10, tolerance=0.5)
    assert scheme_line(size) == "numbers of at least 0 and at most 10; median, disputed beyond 0.5"
    wide = LabelScheme(name="s", classes=tuple(f"c{i}" for i in range(40)))
    assert scheme_line(wide).endswith("c11 and 28 more; majority")


def test_schemes_show_coverage_and_no_control_characters():
    text = schemes_text([overview(), overview(disputed=4, unresolved=1, elsewhere=2)])
    assert "2 of 10 labelled (20.0%)" in text
    assert "4 rows, 1 of them without a label" in text
    assert "2 labelled keys that no row of this version has" in text
    assert "\x1b" not in text
    assert schemes_text([]) == "no labelling scheme"


def test_agreement_shows_numbers_or_why_there_are_none():
    few = agreement_text(agreement_report(label_frame(VOTES), LabelScheme(name="s")))
    assert "2 rows are too few for an interval: 30 are needed" in few
    votes = [
        (row, who, str((row + (row % 5 == 0 and who == "b")) % 3))
        for row in range(60)
        for who in "ab"
    ]
    many = agreement_text(agreement_report(label_frame(votes), LabelScheme(name="s")))
    assert "120 labels on 60 rows, compared as classes" in many
    assert "Krippendorff's alpha  0.7" in many
    assert "80.0%" in many


def test_labels_are_a_table():
    assert labels_text([]) == "no labels"
    shown = labels_text([{"id": "1", "label": None, "disputed": True}])
    assert shown.splitlines()[1].split() == ["1", "yes"]
