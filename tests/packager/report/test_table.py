from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from packager.report.numbers import number
from packager.report.table import pairs, table


def test_numbers_stand_to_the_right_text_to_the_left_and_empty_columns_are_left_out() -> None:
    rows = [("web", 1234, 0.5, "", "ok"), ("a longer name", 7, None, "", "worse")]
    assert table(("name", "rows", "score", "empty", "verdict"), rows).splitlines() == [
        "name            rows   score  verdict",
        "web            1,234  0.5000  ok",
        "a longer name      7       -  worse",
    ]


def test_a_terminal_folds_text_and_never_numbers() -> None:
    rows = [("a-name-of-thirty-characters-here", 1234.5, 0.25)]
    lines = table(("name", "one", "other"), rows, 32).splitlines()
    assert all(len(line) <= 32 for line in lines)
    assert lines[1].endswith("1,234  0.2500")
    assert "".join(line.split()[0] for line in lines[1:]) == rows[0][0]
    (_, one) = table(("name", "one", "other"), rows, 5).splitlines()[:2]
    assert one.endswith("1,234  0.2500")  # a terminal of 5 columns breaks it, no value is lost


def test_what_a_terminal_or_rich_would_obey_is_text() -> None:
    text = table(("a",), [("[red]x[/red] :boom: \x1b[2J\n",)])
    assert text.splitlines() == ["a", "[red]x[/red] :boom: \\x1b[2J\\n"]


def test_pairs_keep_names_apart_from_values() -> None:
    lines = pairs([("root", "f" * 30), ("task", "regression")], 24, indent=2).splitlines()
    assert lines == ["  root  " + "f" * 16, "        " + "f" * 14, "  task  regression"]
    assert pairs([]) == table(("a",), []) == ""


@given(st.lists(st.tuples(st.text(max_size=40), st.floats(), st.text(max_size=40)), min_size=1))
def test_nothing_is_cut_off_where_there_is_no_terminal(rows) -> None:
    assume(any(first or last or number(value) != "-" for first, value, last in rows))
    lines = table(("first", "number", "last"), rows).splitlines()
    assert len(lines) == len(rows) + 1
    for (first, value, last), line in zip(rows, lines[1:], strict=True):
        kept = line.replace(" ", "")
        for part in (first, last):
            plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in part)
            assert plain.replace(" ", "") in kept
        if any(number(other) != "-" for _, other, _ in rows):
            assert number(value) in line
