"""The project's function is called with the arguments it declares, and its seeds are set."""

from __future__ import annotations

import pandas as pd
import pytest

from modelhost.errors import PackageError, UsageError
from modelhost.recipe import call_recipe

FEATURES, TARGET = pd.DataFrame({"x": [1.0, 2.0]}), pd.Series(["a", "b"], name="label")


def called(*, params=None, seed=7):
    return call_recipe("train:train", params or {}, seed, FEATURES, TARGET)


def test_train_gets_rows_parameters_and_the_seed(project):
    project.code(train="def train(features, target, *, params, seed): return locals()\n")
    given, module = called(params={"b": {"d": 1, "c": 2}, "a": [1, 2.5]})
    assert module.__name__ == "train"
    assert (given["params"], given["seed"]) == ({"a": [1, 2.5], "b": {"c": 2, "d": 1}}, 7)
    assert list(given["params"]) == ["a", "b"]
    assert list(given["params"]["b"]) == ["c", "d"]
    pd.testing.assert_frame_equal(given["features"], FEATURES)


def test_a_recipe_that_forgets_its_seed_repeats_all_the_same(project):
    project.code(
        train="""
        import random, numpy
        def train(features, target, *, params, seed):
            return random.random(), numpy.random.random()
        """
    )
    assert called()[0] == called()[0] != called(seed=8)[0]
    assert called(seed=2**32 + 7)[0][1] == called()[0][1]


@pytest.mark.parametrize(
    "signature",
    ["(features, target)", "(features, target, params, seed, more)", "(*, params, seed)"],
)
def test_another_signature_is_refused_before_anything_runs(project, signature):
    project.code(train=f"def train{signature}: raise SystemExit\n")
    with pytest.raises(UsageError) as caught:
        called()
    assert "expected train:train to take (features, target, *, params, seed), got (" in (
        caught.value.message
    )
    assert caught.value.hint == "define it as: def train(features, target, *, params, seed)"


def test_what_the_recipe_raises_names_its_line(project):
    project.code(train="def train(features, target, *, params, seed):\n    return features['y']\n")
    with pytest.raises(PackageError, match="the recipe raised KeyError: 'y'") as caught:
        called()
    assert caught.value.hint == "see train.py:2 in the project"
