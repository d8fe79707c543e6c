from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhost.state import OpaqueError, state, state_digest


class Holder:
    """Anything with attributes."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)


def digest(value: Any) -> str:
    return state_digest(state(value))


def fitted(**changes: Any) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    rows = np.random.default_rng(0).normal(size=(80, 3))
    settings = {"n_estimators": 3, "random_state": 1, "max_depth": 3, **changes}
    return RandomForestClassifier(**settings).fit(rows, rows[:, 0] > 0)


def test_threads_verbosity_and_timings_are_not_part_of_it() -> None:
    assert digest(fitted(n_jobs=1)) == digest(fitted(n_jobs=2, verbose=0))
    assert digest(Holder(refit_time_=1.0, a=1)) == digest(Holder(refit_time_=2.0, a=1))


def test_memory_order_sharing_and_key_order_are_not_part_of_it() -> None:
    array = np.arange(6.0).reshape(2, 3)
    assert digest(array) == digest(np.asfortranarray(array))
    shared = [1, 2]
    assert digest([shared, shared]) == digest([[1, 2], [1, 2]])
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"x", "y", "z"}) == digest({"z", "y", "x"})


def test_padding_between_fields_is_not_part_of_it() -> None:
    kind = np.dtype([("a", "u1"), ("b", "f8")], align=True)
    one, other = np.zeros(2, kind), np.zeros(2, kind)
    other.view(np.uint8)[3] = 99
    assert one.tobytes() != other.tobytes()
    assert digest(one) == digest(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (True, 1),
        ("1", 1),
        ([1, 2], (1, 2)),
        ([1, 2], [2, 1]),
        (np.float32(1), np.float64(1)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (0.0, -0.0),
        (pd.Series([1.0]), pd.Series([2.0])),
        (pd.Series(["a"]), pd.Series(["b"])),
        (np.array(["a", None], dtype=object), np.array(["b", None], dtype=object)),
        (Holder(a=1), Holder(b=1)),
        (len, sorted),
        (np.random.RandomState(1), np.random.RandomState(2)),
        (np.random.default_rng(1), np.random.default_rng(2)),
    ],
)
def test_what_makes_another_model_shows(one: Any, other: Any) -> None:
    assert digest(one) == digest(copy.deepcopy(one))
    assert digest(one) != digest(other)


def test_a_model_that_holds_itself_has_a_state() -> None:
    one, other = Holder(a=1), Holder(a=1)
    one.me, other.me = one, other
    assert digest(one) == digest(other)


def test_what_python_cannot_see_into_is_said() -> None:
    import threading

    with pytest.raises(OpaqueError, match=r"\.lock \(lock\): cannot pickle"):
        state(Holder(lock=threading.Lock()))


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_boosters_of_other_thread_counts_are_equal(name: str) -> None:
    import lightgbm
    import xgboost

    rows = np.random.default_rng(0).normal(size=(200, 3))

    def booster(jobs: int, trees: int = 3) -> Any:
        if name == "xgboost":
            return xgboost.XGBClassifier(n_estimators=trees, n_jobs=jobs).fit(rows, rows[:, 0] > 0)
        return lightgbm.LGBMClassifier(n_estimators=trees, n_jobs=jobs, verbose=-1).fit(
            rows, rows[:, 0] > 0
        )

    assert digest(booster(1)) == digest(booster(2))
    assert digest(booster(1)) == digest(pickle.loads(pickle.dumps(booster(1))))
    assert digest(booster(1)) != digest(booster(1, trees=4))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_a_copy_through_pickle_has_the_same_state(value: Any) -> None:
    assert digest(Holder(a=value)) == digest(pickle.loads(pickle.dumps(Holder(a=value))))
