"""A part in the model host gives the bits of one in this process."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from modelhost.model import LoadedModel
from modelhost.wire import Message, roundtrip
from modelhost.work import Workshop
from packager.worker.processes.hosted_part import HostedPart

VALUES = np.random.default_rng(0).normal(size=(40, 4))
LABELS = np.array(["no", "yes"])[(VALUES[:, 0] > 0).astype(int)]


def hosted(model: LoadedModel, *path: str | int) -> HostedPart:
    shop = Workshop([model])

    def ask(request: Message) -> Message:
        return roundtrip(shop.answer(roundtrip(request)))

    return HostedPart(ask, 0, path)


CLASSIFIER = make_pipeline(PCA(2), KNeighborsClassifier(algorithm="brute")).fit(VALUES, LABELS)
MODEL = LoadedModel(CLASSIFIER, "classification", ("no", "yes"), True)


@pytest.mark.parametrize("rows", [1, 40])
@pytest.mark.parametrize("sparse", [False, True])
def test_the_answers_are_the_same(rows, sparse):
    matrix = np.ascontiguousarray(VALUES[:rows, :2])
    own, other = MODEL.part(("steps", 1, 1)), hosted(MODEL, "steps", 1, 1)
    for classes in (2, None):
        one = own.answers(matrix, "classification", classes, sparse=sparse)
        two = other.answers(matrix, "classification", classes, sparse=sparse)
        assert one.labels == two.labels
        assert np.array_equal(one.probabilities, two.probabilities)


def test_the_outputs_are_the_same():
    own, other = MODEL.part(("steps", 0, 1)), hosted(MODEL, "steps", 0, 1)
    one, two = (part.transform(VALUES, sparse=False) for part in (own, other))
    assert one.tobytes() == two.tobytes()


def test_numbers_are_the_same():
    model = LoadedModel(LinearRegression().fit(VALUES, VALUES[:, 1]), "regression", None, False)
    one, two = (
        part.answers(VALUES, "regression", None, sparse=False)
        for part in (model.part(()), hosted(model))
    )
    assert one.labels == two.labels
