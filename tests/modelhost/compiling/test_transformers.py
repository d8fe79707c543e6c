"""scikit-learn's transformers, translated to ops, give the same bits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import feature_selection, impute, preprocessing

from modelhost.compiling.provenance import (
    CannotCompileError,
    LookupFeature,
    MatrixBlock,
    NumericFeature,
    StepFeature,
)
from modelhost.compiling.transformers import Keys, rule
from packager.model.compiled.column_blocks import apply

TRAIN = np.random.default_rng(0).normal(3, 5, (60, 3))
NUMBERS = tuple(NumericFeature(place) for place in range(3))
PARTS = [
    preprocessing.StandardScaler(),
    preprocessing.StandardScaler(with_mean=False),
    preprocessing.RobustScaler(),
    preprocessing.RobustScaler(with_scaling=False),
    preprocessing.MinMaxScaler(),
    preprocessing.MinMaxScaler(clip=True, feature_range=(-2, 2)),
    preprocessing.MaxAbsScaler(),
    preprocessing.Binarizer(threshold=1.5),
    preprocessing.KBinsDiscretizer(4, encode="ordinal"),
    preprocessing.KBinsDiscretizer(3, encode="onehot-dense"),
    feature_selection.VarianceThreshold(),
]


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part)[:40])
@given(rows=st.lists(st.tuples(*[st.floats(-1e6, 1e6)] * 3), min_size=1, max_size=8))
def test_ops_give_the_bits_of_the_transformer(part, rows):
    part.fit(TRAIN)
    data = np.array(rows)
    cells = rule(part, MatrixBlock(NUMBERS), {})
    found = np.column_stack([apply(cell.ops, data[:, cell.column]) for cell in cells])
    np.testing.assert_array_equal(found, part.transform(data))


@pytest.mark.parametrize("indicator", [False, True])
def test_nulls_are_filled_and_indicated_as_by_the_imputer(indicator):
    data = np.where(np.arange(12).reshape(4, 3) % 5 == 0, np.nan, 7.0)
    part = impute.SimpleImputer(add_indicator=indicator).fit(data)
    cells = rule(part, MatrixBlock(NUMBERS), {})
    found = np.column_stack([apply(cell.ops, data[:, cell.column]) for cell in cells])
    np.testing.assert_array_equal(found, part.transform(data))
    absent = impute.MissingIndicator(features="all").fit(data)
    cells = rule(absent, MatrixBlock(NUMBERS), {})
    assert [cell.ops[0].name for cell in cells] == ["isnull"] * 3


def encoder(part, values=("a", "b", "c", "c")):
    return part.fit(np.array(values, object).reshape(-1, 1))


@pytest.mark.parametrize(
    ("part", "width"),
    [
        (preprocessing.OneHotEncoder(), 3),
        (preprocessing.OneHotEncoder(drop="first"), 2),
        (preprocessing.OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist"), 2),
        (preprocessing.OrdinalEncoder(), 1),
    ],
)
def test_an_encoder_is_a_table_of_the_values_that_it_knows(part, width):
    keys: Keys = {}
    cells = rule(encoder(part), MatrixBlock((LookupFeature(4),)), keys)
    assert cells == (LookupFeature(4),) * width
    assert keys == {4: {"a", "b", "c"}}


def test_numbers_are_tabled_only_as_they_came():
    part = preprocessing.OrdinalEncoder().fit([[1.0], [2.0]])
    keys: Keys = {}
    assert rule(part, MatrixBlock((NumericFeature(0),)), keys) == (LookupFeature(0),)
    scaled = rule(preprocessing.StandardScaler().fit(TRAIN), MatrixBlock(NUMBERS), {})
    assert rule(part, MatrixBlock(scaled[:1]), {}) is None
    assert rule(part, MatrixBlock((StepFeature(0, 0),)), {}) is None


def test_what_no_rule_is_known_for_is_called_as_it_is():
    assert rule(preprocessing.PolynomialFeatures().fit(TRAIN), MatrixBlock(NUMBERS), {}) is None
    dropping = impute.SimpleImputer().fit([[np.nan, 1.0], [np.nan, 2.0]])
    assert rule(dropping, MatrixBlock(NUMBERS[:2]), {}) is None


def test_too_many_categories_are_refused(monkeypatch):
    monkeypatch.setattr("modelhost.compiling.transformers.MAX_KEYS", 2)
    with pytest.raises(CannotCompileError, match="a column has more than 2 categories"):
        rule(encoder(preprocessing.OneHotEncoder()), MatrixBlock((LookupFeature(0),)), {})


def test_numbers_filled_with_text_are_refused():
    part = impute.SimpleImputer(strategy="constant", fill_value="none")
    part.fit(np.array([["a"], ["b"]], object))
    with pytest.raises(CannotCompileError, match="SimpleImputer fills numbers with 'none'"):
        rule(part, MatrixBlock((NumericFeature(0),)), {})
