from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from picture_samples import gray_png

from monitoring.slices.slices import ALL, MAX_SLICES, Rule, SliceSet, slice_values
from packager.data.array_column import ArrayColumn

FRAME = pd.DataFrame(
    {
        "carat": [0.3, 1.6, None, 2.0],
        "color": ["E", "D", None, "Z"],
        "half price": [1, 2, 3, 4],
        "sold": [True, False, None, True],
        "day": pd.to_datetime(["2020-01-01", "2021-01-01", None, "2022-02-02"]),
        "any": [1, "a", None, 2.5],
    }
)


def rows(rule: str, frame: pd.DataFrame = FRAME) -> list[int]:
    return np.flatnonzero(SliceSet({}, {"rule": rule}).masks(frame)["rule"]).tolist()


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("carat >= 1.5", [1, 3]),
        ("1 < carat <= 1.6", [1]),
        ("color in ['E', 'D']", [0, 1]),
        ("color not in ('E',)", [1, 3]),
        ("color != 'E'", [1, 3]),
        ("color > 'D'", [0, 3]),
        ("`half price` * 2 - 1 > carat / 0.1", []),
        ("carat / (`half price` - 2) > 0", [3]),
        ("-carat < -1.6", [3]),
        ("sold", [0, 3]),
        ("not sold", [1]),
        ("sold == False", [1]),
        ("day >= '2021-01-01'", [1, 3]),
        ("carat < 1 or color == 'D'", [0, 1]),
        ("carat > 1 and `half price` == 4", [3]),
        ("any == 1", [0]),
        ("any > 'A'", [1]),
        ("color == '`'", []),
    ],
)
def test_a_rule_selects_rows(rule: str, expected: list[int]) -> None:
    assert rows(rule) == expected


def test_null_is_in_neither_a_condition_nor_its_opposite() -> None:
    assert rows("carat > 1") == [1, 3]
    assert rows("not carat > 1") == [0]
    assert rows("not (carat > 1 and color == 'D')") == [0, 3]


def test_null_beside_something_true_is_in_an_or() -> None:
    assert 2 in rows("carat > 1 or `half price` == 3")


def test_a_column_of_nulls_only_is_in_nothing() -> None:
    for rule in ("x > 1", "not x > 1", "x", "x == 'a'", "x + 1 > 0"):
        assert rows(rule, pd.DataFrame({"x": [None, None]})) == []


@pytest.mark.parametrize(
    "rule",
    [
        "__import__('os').system('true') == 0",
        "color.upper() == 'E'",
        "carat[0] == 1",
        "(carat := 1) > 2",
        "f'{carat}' == 'x'",
        "lambda: 1",
        "[c for c in color]",
        "carat if sold else color",
        "carat ** 9 > 1",
        "carat & 1",
        "carat is 1",
        "carat == None",
        "carat in color",
        "carat in []",
        "carat > 1j",
        "carat > b'x'",
        "1 < 2",
        "carat + 1",
        "'x'",
        "",
        "carat >",
        "carat > 1; sold",
        "größe > 1",
        "`` > 1",
        "`carat > 1",
        "not " * 200 + "sold",
        "(" * 300 + "sold" + ")" * 300,
        "carat > " + "1" * 2000,
    ],
)
def test_nothing_else_is_a_rule(rule: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        Rule.parse(rule)


@given(st.text(max_size=60))
def test_any_text_is_a_rule_or_a_clear_error(text: str) -> None:
    try:
        rule = Rule.parse(text)
    except ValueError as error:
        assert "expected" in str(error)  # noqa: PT017
    else:
        assert rule.columns


@given(
    st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), min_size=1),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_comparison_agrees_with_python(values: list[float | None], bound: float) -> None:
    frame = pd.DataFrame({"x": pd.Series(values, dtype=float)})
    expected = [i for i, value in enumerate(values) if value is not None and value < bound]
    assert rows(f"x < {bound!r}", frame) == expected


def test_a_comparison_of_unlike_columns_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rule 'carat > \"x\"': expected alike values .* carat"):
        rows('carat > "x"')
    with pytest.raises(ValueError, match=r"expected a condition, got carat \(number\)"):
        rows("carat")
    with pytest.raises(ValueError, match=r"expected a date .* got 'soon'"):
        rows("day > 'soon'")
    with pytest.raises(ValueError, match="slices: column 'weight' is absent"):
        rows("weight > 1")
    with pytest.raises(ValueError, match="rule 'weight > 1': column 'weight' is absent"):
        Rule.parse("weight > 1").check(dict(FRAME.dtypes))


def test_columns_of_a_rule_are_named_without_backticks() -> None:
    assert Rule.parse("`half price` > 1 and `größe` < carat").columns == (
        "carat",
        "größe",
        "half price",
    )


def test_slices_are_named_and_masked() -> None:
    slices = SliceSet({"color": ["D", "E"]}, {"large": "carat >= 1.5"})
    assert slices.names == (ALL, "color=D", "color=E", "color=other", "large")
    assert slices.needs == ("color", "carat")
    masks = slices.masks(FRAME)
    assert tuple(masks) == slices.names
    assert {name: np.flatnonzero(mask).tolist() for name, mask in masks.items()} == {
        ALL: [0, 1, 2, 3],
        "color=D": [1],
        "color=E": [0],
        "color=other": [2, 3],
        "large": [1, 3],
    }


def test_the_slices_of_a_column_part_the_rows() -> None:
    masks = SliceSet(slice_values(FRAME, ["color", "sold"]), {}).masks(FRAME)
    for column in ("color", "sold"):
        parts = [mask for name, mask in masks.items() if name.startswith(f"{column}=")]
        assert np.sum(parts, axis=0).tolist() == [1] * len(FRAME)


def test_an_integer_keeps_its_slice_when_a_null_made_its_column_float() -> None:
    slices = SliceSet(slice_values(pd.DataFrame({"k": [1, 2]}), ["k"]), {})
    masks = slices.masks(pd.DataFrame({"k": [2.0, None]}))
    assert masks["k=2"].tolist() == [True, False]
    assert masks["k=other"].tolist() == [False, True]


def test_text_of_values_is_pythons() -> None:
    frame = pd.DataFrame({"b": [True, False], "f": [1.0, 2.5], "c": pd.Categorical(["x", "y"])})
    assert slice_values(frame, ["b", "f", "c"]) == {
        "b": ("False", "True"),
        "f": ("1.0", "2.5"),
        "c": ("x", "y"),
    }


def test_declared_values_are_the_most_frequent_that_fit() -> None:
    many = [f"v{i:02}" for i in range(50)] + ["v40"] * 9
    frame = pd.DataFrame({"many": many, "few": ["a", "b"] * 29 + ["b"]})
    declared = slice_values(frame, ["many", "few"], rules=3)
    assert declared["few"] == ("a", "b")
    assert "v40" in declared["many"]
    assert declared["many"] == tuple(sorted(declared["many"]))
    slices = SliceSet(declared, {f"r{i}": "few == 'a'" for i in range(3)})
    assert len(slices.names) == MAX_SLICES


def test_a_value_called_other_is_among_the_others() -> None:
    frame = pd.DataFrame({"c": ["other", "other", "x"]})
    slices = SliceSet(slice_values(frame, ["c"]), {})
    assert slices.names == (ALL, "c=x", "c=other")
    assert slices.masks(frame)["c=other"].tolist() == [True, True, False]


def test_more_slices_than_the_cap_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 24 slices, got 1 columns and 23 rules"):
        slice_values(FRAME, ["color"], rules=23)


def test_a_name_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'color=D' twice"):
        SliceSet({"color": ["D"]}, {"color=D": "carat > 1"})


def test_a_bad_rule_is_named() -> None:
    with pytest.raises(ValueError, match="slice 'large': expected a condition"):
        SliceSet({}, {"large": "carat >"})


def test_an_absent_column_is_named() -> None:
    with pytest.raises(ValueError, match="column 'clarity' is absent"):
        SliceSet({"clarity": ["VS1"]}, {}).masks(FRAME)


EVERY_KIND = pd.DataFrame(
    {
        "number": [1.5, np.nan, -np.inf, -0.0],
        "count": pd.Series([2**53 + 1, None, 0, -1], dtype="Int64"),
        "text": pd.Series(["b", None, "", "2"], dtype="str"),
        "flag": pd.Series([True, None, False, True], dtype="boolean"),
        "group": pd.Categorical(["x", None, "y", "x"]),
        "time": pd.Series(
            ["2020-01-01T00:00", None, "1969-07-20T20:17", "2020-01-01T01:00"]
        ).astype("datetime64[us]"),
        "zone": pd.Series(["2020-01-01T01:00", None, "2020-06-01T00:00", "2020-01-01T02:00"])
        .astype("datetime64[ns]")
        .dt.tz_localize("Europe/Berlin"),
        "any": pd.Series(["2", np.nan, 2, True], dtype=object),
    }
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("number < 0", [2]),
        ("not number < 0", [0, 3]),
        ("number == 0", [3]),
        ("number != number", []),
        ("number / 0 > 1", []),
        ("number + 1 > 0 or flag", [0, 3]),
        (f"count == {2**53 + 1}", [0]),
        (f"count == {2**53}", []),
        ("count < 0 or text > 'a'", [0, 3]),
        ("text == ''", [2]),
        ("text not in ['b']", [2, 3]),
        ("not flag", [2]),
        ("flag < 1", [2]),
        ("group in ['x'] and flag", [0, 3]),
        ("group != 'x'", [2]),
        ("time == '2020-01-01'", [0]),
        ("time < '1970-01-01'", [2]),
        ("time >= '2020-01-01T01:00+01:00'", [0, 3]),
        ("zone == time", [0, 3]),
        ("not zone == time", [2]),
        ("zone <= '2020-01-01T00:00:00Z'", [0]),
        ("any == 2", [2]),
        ("any != 2", [0, 3]),
        ("any > 1", [2]),
        ("any == '2'", [0]),
        ("any", [3]),
        ("any == time", []),
        ("not any < time", []),
        ("any + 1 > 2", [2]),
    ],
)
def test_rows_of_every_kind(rule: str, expected: list[int]) -> None:
    assert rows(rule, EVERY_KIND) == expected


def test_values_of_every_kind_have_slices() -> None:
    values = {
        "number": ["0.0", "1.5"],
        "count": ["0"],
        "text": ["", "2"],
        "flag": ["True"],
        "time": ["2020-01-01 01:00:00"],
        "zone": ["2020-01-01 01:00:00+01:00"],
        "any": ["2", "True"],
    }
    masks = SliceSet(values, {}).masks(EVERY_KIND)
    assert {name: np.flatnonzero(mask).tolist() for name, mask in masks.items()} == {
        ALL: [0, 1, 2, 3],
        "number=0.0": [3],
        "number=1.5": [0],
        "number=other": [1, 2],
        "count=0": [2],
        "count=other": [0, 1, 3],
        "text=": [2],
        "text=2": [3],
        "text=other": [0, 1],
        "flag=True": [0, 3],
        "flag=other": [1, 2],
        "time=2020-01-01 01:00:00": [3],
        "time=other": [0, 1, 2],
        "zone=2020-01-01 01:00:00+01:00": [0],
        "zone=other": [1, 2, 3],
        "any=2": [0, 2],
        "any=True": [3],
        "any=other": [1],
    }


NESTED = pd.DataFrame(
    {
        "pixels": pd.Series(ArrayColumn(np.array([[0, 0], [4, 8], [1, 1]], np.uint8))),
        "tags": [["a"], [], None],
        "picture": pd.Series([gray_png(np.full((2, 3), 255)), b"x", None], dtype=object),
        "note": ["word", "слово", None],
    }
)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("pixels.mean < 3", [0, 2]),
        ("pixels.std == 0 and pixels.norm > 0", [2]),
        ("1 < pixels.mean * 2 and tags.length < 1", [1]),
        ("picture.format == 'PNG'", [0]),
        ("picture.brightness > 0.5", [0]),
        ("not picture.format in ['PNG']", [1]),
        ("note.script != 'Latin'", [1]),
        ("note.length == 5 or pixels.zeros == 1", [0, 1]),
    ],
)
def test_rules_on_derived_values(rule: str, expected: list[int]) -> None:
    assert rows(rule, NESTED) == expected
    columns = [series.astype(object).tolist() for _, series in NESTED.items()]
    cells = [[None if value is np.nan else value for value in column] for column in columns]
    membership = SliceSet({}, {"rule": rule}).membership(list(NESTED))
    assert [at for at in range(3) if membership.bitmap([c[at] for c in cells]) & 2] == expected
    assert [at for at, one in enumerate(membership.bitmaps(cells, 3)) if one & 2] == expected


def test_the_columns_of_derived_values_are_needed() -> None:
    slices = SliceSet({"note": ("word",)}, {"a": "pixels.mean < 3 and tags.length > carat"})
    assert slices.needs == ("note", "carat", "pixels", "tags")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("pixels == 3", r"column 'pixels' \(array\) can't be compared: .* such as pixels.mean"),
        (
            "pixels.length > 3",
            r"expected one of mean, nearest, .* after column 'pixels' \(array\), got 'length'",
        ),
        ("pixels.mean == 'a'", "expected alike values"),
        ("absent.mean > 3", "column 'absent' is absent"),
    ],
)
def test_rules_that_do_not_fit_the_column_are_refused(rule: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        rows(rule, NESTED)


@pytest.mark.parametrize("name", ["pixels", "tags", "picture"])
def test_such_a_column_is_not_sliced_by_its_values(name: str) -> None:
    with pytest.raises(ValueError, match=f"column '{name}' holds arrays, bytes or lists: slice by"):
        slice_values(NESTED, [name])


def test_a_column_with_the_name_of_a_derived_value_is_refused() -> None:
    frame = NESTED.assign(**{"pixels.mean": 1})
    assert rows("`pixels.mean` == 1", frame) == [0, 1, 2]
    with pytest.raises(ValueError, match=r"expected 'pixels.mean' to be derived only"):
        SliceSet({}, {"r": "pixels.mean == 1"}).membership(list(frame))
