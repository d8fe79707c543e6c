"""Labels that the package names in place of a classifier's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from tiny_models import LABELS, ROWS, loaded

from modelhost.errors import PackageError


@pytest.mark.parametrize("make", [LogisticRegression, RidgeClassifier])
def test_labels_are_named_in_the_order_of_the_classes(tmp_path: Path, make: type) -> None:
    fitted = make().fit(ROWS, LABELS)
    model = loaded(tmp_path, fitted, "classification", ("low", "high"))
    assert model.classes == ("low", "high")
    assert model.feature_names == ("a", "b", "c")
    assert model.type_name == make.__name__
    assert model.predict(ROWS).labels == [("low", "high")[one] for one in fitted.predict(ROWS)]
    assert model.has_probabilities == (make is LogisticRegression)


def test_another_number_of_labels_is_refused(tmp_path: Path) -> None:
    fitted = LogisticRegression().fit(ROWS, LABELS)
    with pytest.raises(PackageError, match=r"expected 2 classes, as LogisticRegression has, got 3"):
        loaded(tmp_path, fitted, "classification", ("a", "b", "c"))
