"""The columns that a fitted model stores as its training features."""

from __future__ import annotations

from named_columns import LABELS, ORDER, ROWS

from modelhost.feature_names import columns_named, feature_names


def test_the_boosters_themselves_name_their_columns():
    import lightgbm
    import xgboost

    data = lightgbm.Dataset(ROWS[ORDER], LABELS)
    booster = lightgbm.train({"verbose": -1, "num_threads": 1}, data, 2)
    assert feature_names(booster) == ("my_c", "b")
    assert columns_named(feature_names(booster), list(ROWS)) == ("my c", "b")
    trees = xgboost.train({"nthread": 1}, xgboost.DMatrix(ROWS[ORDER], LABELS), 2)
    assert feature_names(trees) == ("my c", "b")


def test_names_that_could_mean_two_columns_name_none():
    assert columns_named(["my_c"], ["my c", "my_c"]) == ("my_c",)
    assert columns_named(["a_b"], ["a b", "a\tb"]) is None
    assert columns_named(["a", "a"], ["a", "b"]) is None
    assert columns_named(["z"], ["a", "b"]) is None


def test_attributes_of_other_models_by_these_names_are_not_read():
    class Own:
        def __init__(self, **told):
            vars(self).update(told)

    assert feature_names(Own(steps=[1.0, 2.0], feature_names=3)) is None
    assert feature_names(Own(steps=ROWS.to_numpy())) is None
    assert feature_names(Own(steps=[("fit", Own(feature_names_in_=["a", "b"]))])) == ("a", "b")
