"""What to do about a refused model: each piece of advice leads to one that is accepted."""

from __future__ import annotations

import operator
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from modelhost.errors import PackageError
from modelhost.pickles.advice import FUNCTION, GENERAL, advice
from modelhost.pickles.before_load import pickles_allowed, refuse_pickles

ROWS = pd.DataFrame({"a": [1.0, 2.0]})


def refused(model: Any, place: Path) -> PackageError:
    joblib.dump(model, place)
    with pytest.raises(PackageError) as caught:
        refuse_pickles(place, joblib_only=True)
    return caught.value


def test_a_pipeline_with_a_cache_is_saved_without_it(tmp_path: Path) -> None:
    memory = joblib.Memory(tmp_path / "cache", verbose=0)
    steps = [("scale", StandardScaler()), ("last", "passthrough")]
    model = Pipeline(steps, memory=memory).fit(ROWS)
    error = refused(model, tmp_path / "m.joblib")
    assert error.hint is not None
    assert "save it without the cache of its pipeline" in error.hint
    joblib.dump(model.set_params(memory=None), tmp_path / "m.joblib")
    refuse_pickles(tmp_path / "m.joblib", joblib_only=True)


@pytest.mark.parametrize(
    "function",
    [operator.methodcaller("fillna", 0), operator.attrgetter("values"), pd.DataFrame.fillna],
)
def test_a_call_by_name_is_a_function_of_the_project_instead(tmp_path: Path, function: Any) -> None:
    model = FunctionTransformer(function)
    error = refused(model, tmp_path / "m.joblib")
    assert error.hint is not None
    assert FUNCTION in error.hint
    name = error.hint.rpartition('["')[2].rpartition('"]')[0]
    with pickles_allowed([name]):
        refuse_pickles(tmp_path / "m.joblib", joblib_only=True)


def test_of_other_files_nothing_more_is_known() -> None:
    assert advice(["posix.system"]) == advice([]) == GENERAL
    assert advice(["joblib.memory.Memory", "posix.system"]) == GENERAL
