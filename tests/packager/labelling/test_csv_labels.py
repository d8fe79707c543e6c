"""Labels in a CSV file."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from packager.errors import UsageError
from packager.labelling.csv_labels import LabelColumns, csv_labels, probability


def read(tmp_path, text, key=("id",), **columns):
    file = tmp_path / "labels.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return csv_labels(file, LabelColumns(**columns), key)


def test_each_line_is_a_label_and_blank_ones_are_counted(tmp_path):
    text = (
        "id,other,label,annotator,selection_probability,labelled_at\n"
        '1,x,good,ann,0.25,2026-03-01T12:30:00Z\n2,"a\nb", bad ,bob,,\n3,x,,ann,0.5,\n'
    )
    found = read(tmp_path, text)
    one, other = found.labels
    assert (one.key, one.annotator, one.label) == (("1",), "ann", "good")
    assert one.selection_probability == 0.25
    assert one.labelled_at == datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert (other.label, other.location, other.selection_probability) == ("bad", "line 4", None)
    assert found.skipped == {"without a label": 1}
    assert found.source.path == "labels.csv"
    assert len(found.source.sha256) == 64


def test_rows_are_named_by_the_key_of_the_table_or_by_their_hash(tmp_path):
    text = "row_hash,id,label,annotator\n00FF000000000000,1,good,ann\n"
    for key in ((), ("absent",)):
        assert read(tmp_path, text, key).key == ()
        assert read(tmp_path, text, key).labels[0].key == ("00ff000000000000",)
    assert read(tmp_path, text).labels[0].key == ("1",)
    assert read(tmp_path, text, (), on=("id",)).labels[0].key == ("1",)


def test_cells_that_were_escaped_for_spreadsheets_are_read_as_they_were(tmp_path):
    found = read(tmp_path, "id,label,annotator\n'=1+2,'-x,'@ann\n")
    (one,) = found.labels
    assert (one.key, one.label, one.annotator) == (("=1+2",), "-x", "@ann")


def test_other_columns_are_named(tmp_path):
    text = "\ufeffid,cut,who\n1,good,ann\n"
    found = read(tmp_path, text, label="cut", annotator_column="who")
    assert (found.labels[0].label, found.labels[0].annotator) == ("good", "ann")
    assert read(tmp_path, text, label="cut", annotator="zoe").labels[0].annotator == "zoe"


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("id,annotator\n1,ann\n", {}, "expected a column 'label', got none"),
        ("id,label\n1,good\n", {}, "expected a column 'annotator', got none"),
        ("x,label,annotator\n1,good,ann\n", {}, "expected a column 'id', got none"),
        ("", {}, "its columns are none"),
        ("id,label,annotator\n1,good\n", {}, r"line 2: expected 3 cells"),
        ("id,label,annotator\n1,good,ann,x\n", {}, r"line 2: expected 3 cells"),
        ("id,label,annotator\n1,good, \n", {}, r"line 2: expected an annotator"),
        ("id,label,label,annotator\n", {}, "expected every column once, got 'label'"),
        (b"id,label,annotator\n1,\xff,ann\n", {}, "expected labels as CSV"),
        ('id,label,annotator\n1,"good,ann\n', {}, "expected labels as CSV"),
        ("id,label\n1,good\n", {"annotator": " "}, "--annotator: expected a name"),
        ("id,label\n", {"annotator": "a", "annotator_column": "b"}, "expected one of --annotator"),
        ("id,label,annotator,selection_probability\n1,good,ann,2\n", {}, "above 0 and at most 1"),
        ("id,label,annotator,labelled_at\n1,good,ann,soon\n", {}, "expected a time, got 'soon'"),
    ],
)
def test_a_malformed_file_is_refused_by_line(tmp_path, text, columns, message):
    with pytest.raises(UsageError, match=message):
        read(tmp_path, text, **columns)


@pytest.mark.parametrize("value", ["0", "-0.5", "1.01", "nan", "inf", "x", True])
def test_a_selection_probability_is_above_0_and_at_most_1(value):
    with pytest.raises(UsageError, match="above 0 and at most 1"):
        probability(value, "line 1")
    assert probability(1, "line 1") == 1
    assert probability(None, "line 1") is probability(" ", "line 1") is None
