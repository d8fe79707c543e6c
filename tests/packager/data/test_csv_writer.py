"""Lines of CSV, read again."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from packager.data.csv_writer import csv_writer

CELLS = st.text(st.sampled_from("a,;\"' \r\n\t=é"), max_size=6)


@given(st.lists(st.lists(CELLS, min_size=2, max_size=3), max_size=4))
def test_every_text_is_read_again(rows: list[list[str]]) -> None:
    file = io.StringIO(newline="")
    csv_writer(file).writerows(rows)
    file.seek(0)
    assert list(csv.reader(file)) == rows


def test_lines_end_in_a_line_feed_and_carriage_returns_are_quoted() -> None:
    file = io.StringIO(newline="")
    csv_writer(file, separator=";", quote="'").writerows([["a\rb", "c,d"], ["it's", "e;f"]])
    assert file.getvalue() == "'a\rb';c,d\n'it''s';'e;f'\n"
