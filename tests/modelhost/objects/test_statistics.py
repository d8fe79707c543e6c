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
from modelhost.output_spec import OutputSpec
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


@pytest.mark.slow
def test_columns_known_ahead_are_those_of_the_row(tmp_path: Path) -> None:
    promo = pd.DataFrame({"promo": np.arange(60) % 7 == 0, "cold": np.arange(60) % 3}, dtype=float)
    series = np.sin(np.arange(60.0)) + 5 * promo["promo"]
    fitted = sm.tsa.SARIMAX(series, exog=promo, order=(1, 1, 0)).fit(disp=0)
    rows = pd.DataFrame({"cold": [1.0, 0], "step": [3, 1], "promo": [1.0, 0]})
    ahead = [[0.0, 0.0], [1.0, 2.0], [1.0, 1.0]]
    told = fitted.get_forecast(3, exog=ahead)
    model = loaded(tmp_path, fitted, "regression")
    assert model.feature_names == ("step", "promo", "cold")
    assert np.allclose(model.predict(rows).labels, told.predicted_mean.iloc[[2, 0]])
    levels = OutputSpec("y", "quantiles", levels=(0.1, 0.5))
    found = loaded(tmp_path, fitted, "outputs", outputs=(levels,)).predict(rows).labels
    lower = told.conf_int(alpha=0.2).iloc[[2, 0], 0]
    assert np.allclose([one["0.1"] for one in found], lower)
    assert np.allclose([one["0.5"] for one in found], told.predicted_mean.iloc[[2, 0]])


def test_a_forecast_that_needs_columns_of_earlier_steps_is_refused(tmp_path: Path) -> None:
    series = np.sin(np.arange(60.0))
    fitted = sm.tsa.AutoReg(series, 1, exog=np.arange(60.0) % 7).fit()
    with pytest.raises(PackageError, match="depends on those of earlier steps, too"):
        loaded(tmp_path, fitted, "regression")


@pytest.mark.parametrize("formula", [True, False])
def test_quantiles_are_those_of_one_answer(tmp_path: Path, formula: bool) -> None:
    rows = ROWS[["a", "b"]]
    fitted = (
        smf.ols("z ~ a + b", rows.assign(z=NUMBERS)).fit()
        if formula
        else sm.OLS(NUMBERS, sm.add_constant(rows)).fit()
    )
    levels = OutputSpec("z", "quantiles", levels=(0.05, 0.5, 0.95))
    found = loaded(tmp_path, fitted, "outputs", outputs=(levels,)).predict(rows).labels
    given = rows if formula else sm.add_constant(rows)
    told = fitted.get_prediction(given).summary_frame(alpha=0.1)
    assert np.allclose([one["0.05"] for one in found], told["obs_ci_lower"])
    assert np.allclose([one["0.95"] for one in found], told["obs_ci_upper"])


@pytest.mark.parametrize("formula", [True, False])
def test_quantiles_of_a_glm_are_those_of_its_family(tmp_path: Path, formula: bool) -> None:
    counts = np.arange(len(ROWS)) % 5
    plain = sm.GLM(counts, WITH_CONSTANT, family=sm.families.Poisson()).fit()
    table = ROWS.assign(n=counts)
    written = smf.glm("n ~ a + b + c", table, family=sm.families.Poisson()).fit()
    levels = OutputSpec("n", "quantiles", levels=(0.1, 0.9))
    model = loaded(tmp_path, written if formula else plain, "outputs", outputs=(levels,))
    found = model.predict(ROWS).labels
    told = plain.get_distribution(exog=WITH_CONSTANT.to_numpy())
    assert np.allclose([one["0.9"] for one in found], told.ppf(0.9))
    probit = sm.Probit(LABELS, WITH_CONSTANT).fit_regularized(alpha=1, disp=0)
    with pytest.raises(PackageError, match="gives no distribution of one answer"):
        loaded(tmp_path, probit, "outputs", outputs=(levels,))


def test_the_other_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match="OLS of statsmodels gives a number"):
        loaded(tmp_path, sm.OLS(NUMBERS, ROWS).fit(), "classification")


def test_memory_that_is_not_initialized_is_no_state() -> None:
    fitted = [sm.OLS(NUMBERS, ROWS).fit() for _ in range(2)]
    fitted[1].model._tmp_like_exog = np.ones(3)
    assert len({state_digest(state(one)) for one in fitted}) == 1
