"""JSON rows are converted to a frame as in training, or an error names the cell."""

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from packager.data.frames import infer_columns, read
from packager.data.row_files import read_rows
from packager.data.rows.extra_columns import ExtraColumns
from packager.data.rows.request_rows import RowChecker, RowError, check_rows
from packager.errors import PackageError
from packager.manifest.manifest import Column, RejectedValue, Schema


def schema_of(frame, extras=()):
    names = [name for name in frame if name not in extras]
    return Schema(features=infer_columns(frame[names]), extras=infer_columns(frame[list(extras)]))


TRAIN = pd.DataFrame(
    {
        "carat": [0.2, 1.5, 0.7],
        "count": [1, 2, 3],
        "color": ["E", "F", "E"],
        "sold": [True, False, True],
        "when": pd.to_datetime(["2024-01-01", "2024-06-01", "2024-12-31"]).astype("M8[us]"),
        "aware": pd.to_datetime(["2024-01-01", "2024-06-01", "2024-12-31"]).tz_localize("UTC"),
    }
)
SCHEMA = schema_of(TRAIN)
ROW = {
    "carat": 0.5,
    "count": 2,
    "color": "E",
    "sold": True,
    "when": "2024-02-03T04:05:06",
    "aware": "2024-02-03T04:05:06+01:00",
}


def refused(rows, schema=SCHEMA, **options):
    with pytest.raises(RowError) as info:
        check_rows(rows, schema, **options)
    return info.value


def test_frame_has_the_dtypes_and_order_of_training():
    checked = check_rows([dict(reversed(ROW.items()))], SCHEMA)
    assert list(checked.frame) == list(TRAIN)
    assert (checked.frame.dtypes == TRAIN.dtypes).all()
    assert checked.flags == [[]]
    assert checked.anomalies == {}
    assert checked.frame["aware"][0] == pd.Timestamp("2024-02-03T03:05:06Z")


@pytest.mark.slow
@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_rows_of_a_csv_give_back_its_frame(tmp_path_factory, picks):
    folder = tmp_path_factory.mktemp("csv")
    frame = pd.DataFrame(
        {
            "house size": [70.5, None, 120.0, 33.25],
            "größe": [1, 2, 3, 2**60],
            "has garden": [True, None, False, True],
            "sold": [True, False, True, True],
            "zip": ["x007", "x0815", None, "x1234"],
            "town": ["Zürich", "São Paulo", "京都", 'a, "b"\nc'],
        }
    )
    frame.to_csv(folder / "train.csv", index=False)
    train = read(folder / "train.csv")
    schema = schema_of(train)
    part = train.iloc[picks].reset_index(drop=True)
    rows = read_rows(folder / "train.csv", schema)
    checked = check_rows([rows[pick] for pick in picks], schema)
    pd.testing.assert_frame_equal(checked.frame, part, check_exact=True)
    assert checked.frame.equals(part)


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin", "+02:00"])
@pytest.mark.sample(6)
def test_rows_of_a_parquet_give_back_its_frame(tmp_path, messy, unit, zone):
    when = messy["when"].astype(f"M8[{unit}]")
    frame = messy.assign(
        when=when.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else when,
        small=np.array([1, 2, 255, 4], "uint8"),
        half=np.array([0.1, 0.2, np.nan, 0.4], "float32"),
        size=pd.Categorical(["S", None, "L", "S"], ["S", "M", "L"], ordered=True),
    )
    frame.to_parquet(tmp_path / "t.parquet")
    with pd.option_context("mode.string_storage", "python"):  # as in every worker and server
        train = read(tmp_path / "t.parquet")
        schema = Schema.model_validate_json(schema_of(train).dump())
        rows = json.loads(json.dumps(read_rows(tmp_path / "t.parquet", schema)))
        frame = check_rows(rows, schema).frame
    pd.testing.assert_frame_equal(frame, train, check_exact=True)
    assert frame.equals(train)


@pytest.mark.parametrize(
    ("column", "value", "expected", "got"),
    [
        ("carat", "5", "a number", '"5"'),
        ("carat", True, "a number", "true"),
        ("carat", [1], "a number", "[1]"),
        ("carat", math.nan, "a finite float64 number", "NaN"),
        ("carat", math.inf, "a finite float64 number", "Infinity"),
        ("carat", 10**400, "a finite float64 number", None),
        ("carat", 2**53 + 1, "a number that float64 holds exactly", "9007199254740993"),
        ("count", 1.5, "an integer", "1.5"),
        ("count", "1", "an integer", '"1"'),
        ("count", False, "an integer", "false"),
        ("count", math.nan, "an integer", "NaN"),
        ("count", 2**63, f"an integer from {-(2**63)} to {2**63 - 1}", str(2**63)),
        ("color", 5, "text", "5"),
        ("color", "\ud800", "text that is valid Unicode", '"\\ud800"'),
        ("sold", 1, "true or false", "1"),
        ("sold", "true", "true or false", '"true"'),
        ("when", "2024-01-01T00:00:00Z", "an ISO 8601 time without an offset", None),
        ("when", "yesterday", "an ISO 8601 time without an offset", '"yesterday"'),
        ("when", "2024-02-30", "an ISO 8601 time without an offset", '"2024-02-30"'),
        ("when", 1706695200, "an ISO 8601 time without an offset", "1706695200"),
        ("when", "2024-01-01T00:00:00.0000001", "a time in whole us", None),
        ("aware", "2024-01-01T00:00:00", "an ISO 8601 time with an offset", None),
    ],
)
def test_values_that_would_lose_something_are_refused(column, value, expected, got):
    error = refused([ROW, {**ROW, column: value}])
    assert isinstance(error, PackageError)
    assert (error.row, error.column) == (1, column)
    assert error.expected.startswith(expected)
    assert len(error.got) <= 80
    assert got is None or error.got == got
    assert error.message == f'row 1, column "{column}": expected {error.expected}, got {error.got}'
    error.message.encode()


@pytest.mark.parametrize(
    ("column", "value", "taken"),
    [
        ("carat", 1, 1.0),
        ("carat", 2**53, 2.0**53),
        ("carat", 2**60, 2.0**60),
        ("count", 3.0, 3),
        ("count", -(2**63), -(2**63)),
        ("when", "2024-05-06", pd.Timestamp("2024-05-06")),
        ("when", "2024-05-06 07:08", pd.Timestamp("2024-05-06T07:08")),
        ("aware", "2024-05-06T07:08:09.123456Z", pd.Timestamp("2024-05-06T07:08:09.123456Z")),
    ],
)
def test_values_that_lose_nothing_are_taken(column, value, taken):
    frame = check_rows([{**ROW, column: value}], SCHEMA).frame
    assert frame[column][0] == taken
    assert frame[column].dtype == TRAIN[column].dtype


def test_narrow_floats_round_decimals_but_not_integers():
    schema = schema_of(pd.DataFrame({"x": np.array([0.1], "float32")}))
    assert check_rows([{"x": 0.1}], schema).frame["x"][0] == np.float32(0.1)
    assert refused([{"x": 2**24 + 1}], schema).expected == "a number that float32 holds exactly"
    assert refused([{"x": 1e300}], schema).expected == "a finite float32 number"


def test_first_row_that_is_wrong_is_named():
    rows = [ROW, {**ROW, "when": "x"}, {**ROW, "carat": "x"}, {"carat": 1}]
    assert (refused(rows).row, refused(rows).column) == (1, "when")


def test_absent_feature_is_refused_and_a_similar_name_suggested():
    row = {("colour" if name == "color" else name): value for name, value in ROW.items()}
    error = refused([row])
    assert (error.row, error.column, error.got) == (0, "color", "no such key")
    assert error.hint == '"colour" is no column: did you mean "color"?'


REFUSE = ExtraColumns(refuse=True, passed_over=frozenset({"cut", "id"}))


def test_unknown_keys_are_ignored_and_counted():
    checked = check_rows([{**ROW, "carats": 1, "zzz": None}, {**ROW, "zzz": 2}], SCHEMA)
    assert checked.ignored == 2
    assert checked.frame.equals(check_rows([ROW, ROW], SCHEMA).frame)
    assert check_rows([ROW], SCHEMA).ignored == 0


def test_an_unknown_key_is_refused_if_required_and_a_similar_name_suggested():
    error = refused([{**ROW, "carats": 1}], extra=REFUSE)
    assert (error.column, error.got) == ("carats", "1")
    assert error.hint == 'did you mean "carat"?'
    hint = refused([{**ROW, "zzz": 1}], extra=REFUSE).hint
    assert hint.startswith("the columns are aware, carat")


@pytest.mark.parametrize("extra", [REFUSE, ExtraColumns(passed_over=REFUSE.passed_over)])
def test_the_target_and_excluded_columns_are_neither_refused_nor_counted(extra):
    checked = check_rows([{**ROW, "cut": "Ideal", "id": 7}], SCHEMA, extra=extra)
    assert checked.ignored == 0


def test_row_that_is_no_object_is_refused():
    error = refused([ROW, [1, 2]])
    assert (error.row, error.column, error.got) == (1, None, "[1, 2]")
    assert error.message.startswith("row 1: expected an object")


def test_long_values_are_cut():
    error = refused([{**ROW, "carat": "x" * 1000}])
    assert len(error.got) == 80
    assert error.got.endswith("…")


def test_unusual_values_are_served_flagged_and_counted():
    rows = [
        {**ROW, "carat": 9.0, "color": "Z"},
        {**ROW, "carat": 0.1, "count": None},
        {**ROW, "when": "2025-06-01", "color": None},
    ]
    checked = check_rows(rows, SCHEMA)
    assert checked.flags == [
        ["carat:out_of_range", "color:unseen"],
        ["carat:out_of_range", "count:missing"],
        ["color:missing", "when:out_of_range"],
    ]
    assert checked.anomalies == {
        ("carat", "above_range"): 1,
        ("carat", "below_range"): 1,
        ("color", "unseen"): 1,
        ("color", "missing"): 1,
        ("count", "missing"): 1,
        ("when", "above_range"): 1,
    }


def test_nulls_give_the_columns_that_pandas_would():
    rows = [ROW, dict.fromkeys(ROW)]
    frame = check_rows(rows, SCHEMA).frame
    assert frame["count"].dtype == "float64"
    assert frame["sold"].dtype == object
    assert frame["sold"][0] is True
    for name in ("carat", "color", "when", "aware"):
        assert frame[name].dtype == TRAIN[name].dtype
    assert frame.isna().iloc[1].all()
    assert not frame.isna().iloc[0].any()


def test_integer_that_floats_cannot_hold_is_refused_beside_nulls():
    error = refused([{**ROW, "count": None}, {**ROW, "count": 2**53 + 1}])
    assert (error.row, error.column) == (1, "count")
    assert "float64 holds exactly" in error.expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"carat": 9}, "at most 1.5, as in training"),
        ({"carat": 0.1}, "at least 0.2, as in training"),
        ({"color": "Z"}, "a value seen in training"),
        ({"color": None}, "a value, not null"),
    ],
)
def test_strict_refuses_what_training_did_not_have(change, expected):
    error = refused([ROW, {**ROW, **change}], strict=True)
    assert (error.row, error.expected) == (1, expected)
    assert "strict" in error.hint


def test_strict_takes_times_beyond_training_and_flags_them():
    frame = pd.DataFrame({"when": pd.to_datetime(["2024-01-01", "2024-06-01"])})
    rows = [{"when": "2031-05-05T00:00:00"}, {"when": None}]
    assert check_rows(rows[:1], schema_of(frame), strict=True).flags == [["when:out_of_range"]]
    assert refused(rows, schema_of(frame), strict=True).row == 1


def test_strict_takes_nulls_where_training_had_some():
    schema = schema_of(pd.DataFrame({"x": [1.0, None]}))
    assert check_rows([{"x": None}], schema, strict=True).flags == [["x:missing"]]


def test_ends_of_the_range_are_in_it_at_any_size():
    frame = pd.DataFrame({"x": [-(2**63), 2**63 - 1]})
    rows = [{"x": value} for value in frame["x"].tolist()]
    assert check_rows(rows, schema_of(frame)).anomalies == {}


@pytest.mark.parametrize("value", [7, True, [1], {}])
def test_an_extra_is_never_refused_for_its_value(value):
    frame = pd.DataFrame({"carat": [1.0, 2.0], "color": ["E", "F"]})
    schema = schema_of(frame, extras=["color"])
    rows = [{"carat": 1.0, "color": value}, {"carat": 1.0, "color": "E"}]
    checked = check_rows(rows, schema, strict=True, extra=REFUSE)
    assert list(checked.columns[1]) == [None, "E"]
    assert checked.ignored == 0


def test_extras_are_optional_and_never_flagged():
    frame = TRAIN[["carat", "color"]]
    schema = schema_of(frame, extras=["color"])
    checked = check_rows([{"carat": 1.0}, {"carat": 1.0, "color": "Q"}], schema, strict=True)
    assert checked.frame["color"].isna().tolist() == [True, False]
    assert checked.frame["color"].dtype == frame["color"].dtype
    assert checked.flags == [[], []]


def test_any_column_takes_scalars_only():
    names = ("a", "b")
    schema = Schema(
        features=tuple(Column(name=n, kind="any", dtype="any", nullable=True) for n in names)
    )
    frame = check_rows([{"a": 1, "b": "x"}, {"a": 2, "b": None}], schema).frame
    assert frame["a"].dtype == "int64"
    assert frame["b"].tolist()[0] == "x"
    assert refused([{"a": [1], "b": 1}], schema).expected.startswith("a number, text")
    assert refused([{"a": math.nan, "b": 1}], schema).expected == "a finite number"


def test_category_never_seen_becomes_null_and_is_flagged():
    frame = pd.DataFrame({"size": pd.Categorical(["S", "L"])})
    checked = check_rows([{"size": "XL"}, {"size": "S"}], schema_of(frame))
    assert checked.frame["size"].dtype == frame["size"].dtype
    assert checked.frame["size"].isna().tolist() == [True, False]
    assert checked.flags == [["size:unseen"], []]


def test_nullable_dtypes_of_pandas_are_kept():
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], "Int8"),
            "f": pd.array([0.5, None], "Float64"),
            "b": pd.array([True, None], "boolean"),
            "s": pd.array(["a", None], "string"),
        }
    )
    rows = [{"i": 1, "f": 0.5, "b": True, "s": "a"}, dict.fromkeys("ifbs")]
    pd.testing.assert_frame_equal(check_rows(rows, schema_of(frame)).frame, frame)


def test_no_rows_give_an_empty_frame_of_the_right_columns():
    checked = check_rows([], SCHEMA)
    assert len(checked.frame) == 0
    assert list(checked.frame) == list(TRAIN)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=3,
)


@pytest.mark.slow
@given(st.lists(st.dictionaries(st.sampled_from([*ROW, "other"]), json_values), max_size=3))
def test_any_json_is_taken_or_refused_with_a_row(changes):
    rows = [{**ROW, **change} for change in changes]
    try:
        checked = check_rows(rows, SCHEMA)
    except RowError as error:
        refusal = error
    else:
        assert len(checked.frame) == len(checked.flags) == len(rows)
        return
    assert 0 <= refusal.row < len(rows)
    refusal.message.encode()


@pytest.mark.slow
def test_checking_rows_needs_neither_pyarrow_nor_xxhash():
    code = f"""if True:
        import sys
        for name in ("pyarrow", "xxhash", "sklearn"):
            sys.modules[name] = None
        from packager.data import fingerprint, frames, split
        from packager.data.rows.request_rows import check_rows
        from packager.manifest.manifest import Schema
        check_rows([{ROW!r}], Schema.model_validate_json({SCHEMA.dump().decode()!r}))
    """
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("refuses", "fatal", "cells", "said"),
    [
        (
            ("null",),
            (),
            {"carat": None},
            'row 1, column "carat": expected a value, not null, got null',
        ),
        (
            ("empty",),
            (),
            {"color": ""},
            'row 1, column "color": expected text that is not empty, got ""',
        ),
        (
            ("unseen",),
            ("unseen",),
            {"color": "Z"},
            'row 1, column "color": expected a value seen in training, got "Z"',
        ),
        (("unseen",), (), {"color": "Z"}, None),  # the model is asked: it may know others
        (("extreme",), (), {"carat": 9.0}, None),
    ],
)
def test_what_the_model_cannot_take_is_refused_naming_row_and_column(refuses, fatal, cells, said):
    frame = pd.DataFrame({"carat": [0.2, 1.5], "color": ["D", "E"]})
    changes = {"refuses": refuses, "fatal": fatal}
    features = tuple(c.model_copy(update=changes) for c in infer_columns(frame))
    good = {"carat": 0.5, "color": "D"}
    rows = [good, {**good, **cells}]
    if said is None:
        assert check_rows(rows, Schema(features=features)).rows == 2
        return
    with pytest.raises(RowError) as refused:
        check_rows(rows, Schema(features=features))
    assert refused.value.message == said
    assert refused.value.hint == ("the model can't take this value: fill it in before it is sent")


@pytest.mark.parametrize("cells", [{"x": math.nan}, {"x": math.inf}, {}])
@pytest.mark.parametrize(
    ("refuses", "nullable", "strict", "null"),
    [
        ((), False, False, True),
        (("null",), False, False, False),
        (("null",), True, False, False),
        ((), False, True, False),
        ((), True, True, True),
    ],
)
def test_null_is_advised_only_where_it_is_taken(
    cells: dict[str, float],
    refuses: tuple[RejectedValue, ...],
    nullable: bool,
    strict: bool,
    null: bool,
) -> None:
    column = Column(name="x", kind="number", dtype="float64", nullable=nullable, refuses=refuses)
    checker = RowChecker(Schema(features=(column,)), strict=strict)
    with pytest.raises(RowError) as told:
        checker.check([cells])
    advised = "send null where a value is unknown"
    assert told.value.hint == (
        advised if null else "null is refused, too: fill the value in before it is sent"
    )
    if null:
        assert checker.check([{"x": None}]).rows == 1
    else:
        with pytest.raises(RowError):
            checker.check([{"x": None}])


def optional(**defaults: object) -> Schema:
    return Schema(
        features=tuple(
            c.model_copy(update={"default": defaults.get(c.name)}) for c in SCHEMA.features
        )
    )


def test_a_row_may_leave_out_what_has_a_default():
    schema = optional(carat=0.7, when="2024-06-01T00:00:00", color="Z")
    left = {k: v for k, v in ROW.items() if k not in ("carat", "when", "color")}
    checked = check_rows([left, {**ROW, "color": None}, ROW], schema)
    assert checked.columns[0] == [0.7, 0.5, 0.5]
    assert checked.columns[2] == ["Z", None, "E"]  # null is null
    assert checked.frame["when"][0] == pd.Timestamp("2024-06-01")
    assert checked.flags == [["color:unseen"], ["color:missing"], []]
    assert checked.defaulted == {"carat": 1, "when": 1, "color": 1}
    assert check_rows([ROW], schema).defaulted is None


def test_what_has_no_default_is_still_required():
    error = refused([{"carat": 0.5}], optional(color="E"))
    assert (error.column, error.got) == ("count", "no such key")
