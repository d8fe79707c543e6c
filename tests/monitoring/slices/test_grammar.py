"""Valid rules: a small subset of Python, of bounded length and depth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.slices import grammar
from monitoring.slices.grammar import MAX_DEPTH, MAX_LENGTH
from monitoring.slices.slices import Rule


def columns(text: str) -> set[str]:
    return set(Rule.parse(text).columns)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("carat >= 1.5", {"carat"}),
        ("new", {"new"}),
        ("not new and (carat < 1 or color == 'D')", {"new", "carat", "color"}),
        ("0 < x * 2 + y / -3 <= 1", {"x", "y"}),
        ("color in ['D', 'E'] and size not in (1, -2)", {"color", "size"}),
        ("`house size` > 3 and column0 == 1", {"house size", "column0"}),
        ("`größe` == 'so `viel`'", {"größe"}),
        ("pixels.mean < 3 and pixels.mean > measure0", {"pixels", "measure0"}),
        ("`my text`.length > 3", {"my text"}),
        ("carat is None or color is not None", {"carat", "color"}),
        ("'refund' in note.words and when.hour < 6", {"note", "when"}),
    ],
)
def test_a_condition_names_its_columns(text, named):
    assert columns(text) == named


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "expected a condition such as"),
        ("carat >", "expected a condition such as"),
        ("1 < 2", "expected a condition on at least one column"),
        ("carat + 1", "expected a condition, got 'carat \\+ 1'"),
        ("f(carat) > 1", "expected a column, a constant or"),
        ("carat.real > 1", "expected one of .* after the point, got 'real'"),
        ("(a + b).mean > 1", "expected a column before the point"),
        ("text.unseen > 0.5", "relative to the training rows"),
        ("x.mean > 1 and `x.mean` > 1", "got both as 'x.mean'"),
        ("carat[0] > 1", "expected a column, a constant or"),
        ("carat ** 2 > 1", "expected a column, a constant or"),
        ("carat is 1", "expected None after 'is', got '1'"),
        ("carat is cut", "expected None after 'is', got 'cut'"),
        ("carat == None", "expected a column, a constant or"),
        ("'Two' in note.words", "one word in lower case before it .* got \"'Two'\" before it"),
        ("'two words' in note.words", "one word in lower case before it"),
        ("carat in note.words", "one word in lower case before it"),
        ("color in 'DE'", "expected a list of constants after 'in'"),
        ("color in []", "expected a list of constants after 'in'"),
        ("color in [x]", "expected a list of constants after 'in'"),
        ("größe > 1", "expected names that are not plain ASCII in `backticks`"),
        ("`` > 1", "expected a column name between backticks"),
        ("`x > 1", "backticks"),
        ("x > 1; import os", "expected a condition such as"),
        ("(y := x) > 1", "expected a column, a constant or"),
        ("x > 1 if y else z", "expected a condition, got"),
        ("f'{x}' == 'a'", "expected a column, a constant or"),
        ("x == b'a'", "expected a column, a constant or"),
    ],
)
def test_anything_else_is_refused_with_what_it_is(text, message):
    with pytest.raises(ValueError, match=message):
        Rule.parse(text)


def test_length_and_depth_are_bounded():
    Rule.parse("x > " + "1" * (MAX_LENGTH - 4)) if MAX_LENGTH < 4_000 else None
    with pytest.raises(ValueError, match=f"expected at most {MAX_LENGTH} characters"):
        Rule.parse("x > 1" + " " * MAX_LENGTH)
    with pytest.raises(ValueError, match=f"at most {MAX_DEPTH} levels|expected a condition such"):
        Rule.parse("not " * (MAX_DEPTH + 2) + "x")


@given(st.text(max_size=40) | st.text("x1 <>=()'`+-*/[],andortin", max_size=40))
def test_any_text_is_a_rule_or_refused_in_words(text):
    try:
        rule = Rule.parse(text)
    except ValueError as error:
        said = str(error)
    else:
        said = "ok"
        assert rule.columns
    assert said


@pytest.mark.parametrize(
    ("text", "value"), [("-3", -3), ("2.5", 2.5), ("'a'", "a"), ("True", True), ("-True", None)]
)
def test_constants_are_plain_values_and_negated_numbers(text, value):
    import ast

    assert grammar.constant(ast.parse(text, mode="eval").body) == value
