"""Results of statsmodels answer from plain rows, with the constant added."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from tiny_models import LABELS, NUMBERS, ROWS, THREE, loaded

from modelhost.errors import PackageError
from modelhost.state import state, state_digest

WITH_CONSTANT = sm.add_constant(ROWS)


def test_a_regression_gets_its_constant(tmp_path: Path) -> None:
    fitted = sm.OLS(NUMBERS, WITH_CONSTANT).fit()
    model = loaded(tmp_path, fitted, "regression")
    assert model.feature_names == ("a", "b", "c")
    found = model.predict(ROWS).labels
    assert np.allclose(found, fitted.predict(WITH_CONSTANT), atol=1e-12)  # type: ignore[arg-type]
    assert np.allclose(model.predict(ROWS.head(1)).labels, found[:1], atol=1e-12)  # type: ignore[arg-type]


def test_a_regression_of_arrays_takes_columns_in_order(tmp_path: Path) -> None:
    fitted = sm.OLS(NUMBERS.to_numpy(), WITH_CONSTANT.to_numpy()).fit()
    model = loaded(tmp_path, fitted, "regression")
    assert (model.feature_names, model.feature_count) == (None, 3)
    assert np.allclose(model.predict(ROWS).labels, fitted.predict(WITH_CONSTANT.to_numpy()))  # type: ignore[arg-type]


def test_a_formula_takes_the_frame(tmp_path: Path) -> None:
    fitted = smf.ols("z ~ np.exp(a) + C(c)", ROWS.assign(z=NUMBERS)).fit()
    model = loaded(tmp_path, fitted, "regression")
    assert model.predict(ROWS).labels == fitted.predict(ROWS).tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda: sm.GLM(LABELS, WITH_CONSTANT, family=sm.families.Binomial()).fit(maxiter=3),
        lambda: sm.Probit(LABELS, WITH_CONSTANT).fit_regularized(alpha=1, disp=0),
    ],
)
def test_models_of_two_classes_give_probabilities(tmp_path: Path, make: object) -> None:
    fitted = make()  # type: ignore[operator]
    found = loaded(tmp_path, fitted, "classification", ("no", "yes")).predict(ROWS)
    assert found.probabilities is not None
    assert np.allclose(found.probabilities[:, 1], fitted.predict(WITH_CONSTANT))
    assert set(found.labels) == {"no", "yes"}


def test_a_model_of_several_classes(tmp_path: Path) -> None:
    rows = ROWS[["a", "b"]]
    fitted = sm.MNLogit(THREE, sm.add_constant(rows)).fit(disp=0)
    model = loaded(tmp_path, fitted, "classification")
    assert model.classes == (0, 1, 2)
    assert np.allclose(model.predict(rows).probabilities, fitted.predict(sm.add_constant(rows)))  # type: ignore[arg-type]


@pytest.mark.slow
def test_series_are_asked_by_the_step(tmp_path: Path) -> None:
    series = pd.Series(np.sin(np.arange(60.0)))
    fitted = sm.tsa.ARIMA(series, order=(1, 0, 0)).fit()
    model = loaded(tmp_path, fitted, "regression")
    found = model.predict(pd.DataFrame({"step": [3, 1]})).labels
    assert found == fitted.forecast(3).iloc[[2, 0]].tolist()
    other = sm.tsa.ARIMA(series, exog=np.arange(60.0) % 7, order=(1, 0, 0)).fit()
    with pytest.raises(PackageError, match="ARIMA was fitted with other columns"):
        loaded(tmp_path, other, "regression")


def test_the_other_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="OLS of statsmodels gives a number"):
        loaded(tmp_path, sm.OLS(NUMBERS, ROWS).fit(), "classification")


def test_memory_that_is_not_initialized_is_no_state() -> None:
    fitted = [sm.OLS(NUMBERS, ROWS).fit() for _ in range(2)]
    fitted[1].model._tmp_like_exog = np.ones(3)
    assert len({state_digest(state(one)) for one in fitted}) == 1
