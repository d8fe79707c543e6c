"""Parts of a fitted model: found by their paths, and called with arrays."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
import sklearn
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from modelhost.errors import PackageError
from modelhost.parts import FittedPart, resolve, without_feature_names

VALUES = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]])


def test_a_part_of_a_model_is_found_by_names_and_places():
    class Part:
        steps = [("first", 7)]

    assert resolve(Part(), ("steps", 0, 1)) == 7
    assert resolve(7, ()) == 7


Pair = namedtuple("Pair", "one two")


def test_a_copy_without_names_answers_alike_and_leaves_the_model_as_it_was():
    import pandas as pd

    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(frame, [0, 0, 1, 1])
    copy = without_feature_names(model)
    assert not hasattr(copy.steps[0][1], "feature_names_in_")
    assert list(model.feature_names_in_) == ["a", "b"]
    assert copy.predict_proba(frame.to_numpy()) == pytest.approx(model.predict_proba(frame))


def test_containers_of_estimators_keep_their_kind():
    scaler = StandardScaler()
    scaler.feature_names_in_ = ["a"]
    several = np.empty(1, object)
    several[0] = scaler
    found = without_feature_names([Pair(scaler, 7), several])
    assert isinstance(found[0], Pair)
    assert found[0].two == 7
    for one in (found[0].one, found[1][0]):
        assert one is not scaler
        assert not hasattr(one, "feature_names_in_")


def test_a_part_transforms_and_predicts():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(VALUES, [0, 0, 1, 1])
    scaled = FittedPart(model, ("steps", 0, 1)).transform(VALUES, sparse=False)
    assert scaled.tolist() == model[0].transform(VALUES).tolist()
    found = FittedPart(model, ("steps", 1, 1)).answers(scaled, "classification", 2, sparse=False)
    assert found.labels == [0, 0, 1, 1]
    assert found.probabilities.tolist() == model.predict_proba(VALUES).tolist()


def test_a_part_gets_a_sparse_matrix_and_gives_an_array():
    kinds = []
    spy = FunctionTransformer(lambda matrix: kinds.append(type(matrix)) or matrix)
    spy.fit(VALUES)
    assert FittedPart(spy, ()).transform(VALUES, sparse=True).tolist() == VALUES.tolist()
    assert kinds == [sparse.csr_matrix]
    encoder = OneHotEncoder().fit(VALUES)
    assert FittedPart(encoder, ()).transform(VALUES, sparse=False).shape == (4, 6)


def test_an_invalid_result_is_refused():
    class Short(LogisticRegression):
        def predict(self, matrix):
            return [1]

    with pytest.raises(PackageError, match="4"):
        FittedPart(Short(), ()).answers(VALUES, "classification", None, sparse=False)


def test_options_that_an_older_scikit_learn_lacks_are_left_out(monkeypatch):
    known = {"assume_finite": False}
    given = []
    real = sklearn.config_context
    monkeypatch.setattr(sklearn, "get_config", lambda: known)
    part = FittedPart(StandardScaler().fit(VALUES), ())
    monkeypatch.undo()
    monkeypatch.setattr(sklearn, "config_context", lambda **o: given.append(o) or real(**o))
    part.transform(VALUES, sparse=False)
    assert given == [{"assume_finite": True}]
