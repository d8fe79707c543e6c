from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from packager.report.numbers import change, interval, number, percent, probability
from packager.report.table import pairs, table


def test_numbers_have_four_digits_and_all_before_the_point() -> None:
    shown = [0.957, 1.0, 12.345, 999.96, 1234.5, 53940, 1234567, 0.0, 0.00012344, 3.3e-16, -4.46]
    assert [number(value) for value in shown] == [
        *("0.9570", "1.000", "12.35" if f"{12.345:.2f}" == "12.35" else "12.34", "1,000"),
        *("1,234", "53,940", "1,234,567", "0", "0.0001234", "3.300e-16", "-4.460"),
    ]
    assert [number(None), number(float("nan")), number(float("inf"))] == ["-", "-", "-"]
    assert number(10**30) == "1.000e+30"


def test_differences_intervals_shares_and_probabilities() -> None:
    assert [change(0.021), change(-3.0), change(0.0), change(None)] == [
        *("+0.02100", "-3.000", "0", "-"),
    ]
    assert interval((0.5, 1.0)) == "0.5000 to 1.000"
    assert interval((0.5, float("inf"))) == interval(None) == "-"
    assert [percent(0.1234), percent(None)] == ["12.3 %", "-"]
    assert [probability(1e-9), probability(0.0312), probability(None)] == ["<0.0001", "0.0312", "-"]


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
    lines = table(("first", "number", "last"), rows).splitlines()
    assert len(lines) == len(rows) + 1
    for (first, value, last), line in zip(rows, lines[1:], strict=True):
        kept = line.replace(" ", "")
        for part in (first, last):
            plain = "".join(c if c.isprintable() else repr(c)[1:-1] for c in part)
            assert plain.replace(" ", "") in kept
        if any(number(other) != "-" for _, other, _ in rows):
            assert number(value) in line
