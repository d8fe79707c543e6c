"""CSV cells whose text is read as null."""

from __future__ import annotations

from packager.data.null_words import words_read_as_null
from packager.manifest.read_options import TableReadOptions


def test_text_that_is_read_as_null_is_counted(read_table, tmp_path):
    frame = read_table("c,n\nNA,1\nDE,NA\n,3\nNA,4\n")
    assert words_read_as_null(tmp_path / "t.csv", frame, TableReadOptions()) == {"c": {"NA": 2}}
    declared = TableReadOptions.model_validate({"columns": {"c": {"null": ["NA"]}}})
    assert words_read_as_null(tmp_path / "t.csv", frame, declared) == {}
