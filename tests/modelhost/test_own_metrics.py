"""Metrics of the project's own function."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from modelhost.errors import PackageError, UsageError
from modelhost.own_metrics import call_metrics
from modelhost.predictions import Predictions

FOUND = Predictions([1.0, 2.0], np.array([[0.5, 0.5], [0.1, 0.9]]))


def call(body: str, place: Path, monkeypatch: pytest.MonkeyPatch, takes: str | None = None):
    name = f"own_{abs(hash(body))}"
    given = takes or "features, target, answers, *, probabilities"
    (place / f"{name}.py").write_text(f"def metrics({given}):\n    {body}\n")
    monkeypatch.syspath_prepend(str(place))
    return call_metrics(f"{name}:metrics", [[1], [2]], [1.0, 4.0], FOUND)


def test_numbers_and_a_number_for_each_row(tmp_path, monkeypatch) -> None:
    body = 'return {"worst": 2, "off": [a - t for a, t in zip(answers, target)]}'
    assert call(body, tmp_path, monkeypatch) == {"worst": 2.0, "off": [0.0, -2.0]}


def test_nan_of_a_row_is_no_value_and_probabilities_are_given(tmp_path, monkeypatch) -> None:
    body = 'return {"sure": [float("nan"), probabilities[1].max()]}'
    assert call(body, tmp_path, monkeypatch) == {"sure": [None, 0.9]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 1", "expected a dict of at most 50 metrics, got int"),
        ("return {f'm{n}': 1 for n in range(51)}", "got 51 of them"),
        ("return {'My metric': 1}", "expected names of lower-case letters"),
        ("return {1: 1}", "expected names of lower-case letters"),
        ("return {'a': float('nan')}", "expected a finite number or 2 of them in 'a'"),
        ("return {'a': [1, 2, 3]}", "got an array of shape (3,)"),
        ("return {'a': [1, float('inf')]}", "expected a finite number or 2 of them in 'a'"),
        ("return {'a': 'text'}", "expected numbers in 'a'"),
    ],
)
def test_another_result_is_refused(body, message, tmp_path, monkeypatch) -> None:
    with pytest.raises(UsageError) as refused:
        call(body, tmp_path, monkeypatch)
    assert message in refused.value.message
    assert refused.value.message.startswith("[recipe] metrics: ")


def test_an_exception_names_the_function(tmp_path, monkeypatch) -> None:
    with pytest.raises(PackageError, match=r"the function of .* metrics raised ZeroDivisionError"):
        call("return {'a': 1 / 0}", tmp_path, monkeypatch)


def test_another_signature_is_refused(tmp_path, monkeypatch) -> None:
    with pytest.raises(UsageError, match=r"to take .features, target, answers, ., probabilities."):
        call("return {}  # two", tmp_path, monkeypatch, "truth, answers")
