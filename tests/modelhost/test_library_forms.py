"""Objects of libraries without thread counts, times and temporary files."""

from __future__ import annotations

from typing import Any

from tiny_models import lightgbm_booster, xgboost_booster

from modelhost.library_forms import library_form
from modelhost.state import MASKED, state, state_digest


def test_boosters_are_described_by_their_own_formats() -> None:
    text = library_form(lightgbm_booster(num_threads=2), MASKED)
    assert text[0] == "tree"
    assert not any(line.startswith("[num_threads:") for line in text)
    assert library_form(xgboost_booster(), MASKED).keys() == {"learner", "version"}


def test_other_objects_are_themselves() -> None:
    own = object()
    assert library_form(own, MASKED) is own


def test_temporary_files_of_prophet_are_no_state() -> None:
    kind = type("Prophet", (), {"__module__": "prophet.forecaster"})

    def fitted(folder: str, trend: float) -> Any:
        model = kind()
        vars(model).update(stan_fit=folder, stan_backend=folder, trend=trend)
        return model

    digests = [state_digest(state(fitted(*one))) for one in (("a", 1.0), ("b", 1.0), ("a", 2.0))]
    assert digests[0] == digests[1] != digests[2]
